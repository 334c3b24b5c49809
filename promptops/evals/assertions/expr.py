"""expr."""

from __future__ import annotations

from promptops.evals.case_expressions import WrongExpression, read_expression
from promptops.evals.checked_values import CheckedValues, own_data
from promptops.evals.record import NAMES
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import Refused, Unjudgeable, Verdict
from promptops.evals.wording import shown
from promptops.records import record


@assertion("expr", expressions=("value",))
@record(frozen=True, slots=True, kw_only=True)
class Expr:
    """An expression is true.

    It is a Jinja expression, as in `when`, with the filters and tests of templates. It can use
    `value` (the value that `path`, `role` and `transform` select) and the case's `inputs` and
    `expected`. For a request it can also use `messages`, `tools`, `response_format`, `params` and
    `model`; for an answer `output` (the parsed value if it is JSON, otherwise the text), `text`,
    `tool_calls` and `usage`.

    Attributes:
        value: The expression; its result must be true or false.

    Holds:
        messages: [{role: user, content: Where is it?}]
        rendered: [{type: expr, value: 'messages[-1].content | length < 20'}]

    Fails:
        messages: [{role: user, content: Where is my order?}]
        rendered: [{type: expr, role: user, value: value | wordcount <= 3}]
    """

    value: str

    def doubt(self, given: CheckedValues) -> Refused | None:
        from promptops.evals.static_evaluation import has_unlisted_items, possible

        expression = read_expression(self.value, NAMES[given.on])
        result = possible(expression.tree, given.names)
        never_true = "boolean" not in result.kinds or True not in result.truths
        if never_true or False not in result.truths:
            message = f"the expression is never {'true' if never_true else 'false'}"
            hint = f"compare a part of the {given.on} with the expected value"
            if has_unlisted_items(expression.tree, given.names):
                hint = "a lazy sequence never equals anything; put `| list` after it"
            elif never_true:
                hint = "write an expression that can be true and can be false"
            return Refused(message, hint=hint)
        own = None if given.in_set else own_data(expression, given.on)
        return Refused(own, hint=f"also use a part of the {given.on}") if own else None

    def check(self, subject: Subject) -> Verdict:
        holds = self._holds(subject)
        return Verdict(
            passed=holds,
            expected=f"{shown(self.value)} to hold",
            opposite=f"{shown(self.value)} not to hold",
            where=subject.where,
            got=f"{shown(holds)}",
        )

    def _holds(self, subject: Subject) -> bool:
        try:
            expression = read_expression(self.value, NAMES[subject.record.on])
            value = subject.value if "value" in expression.names or subject.narrowed else None
            result = expression.value(subject.names(value), subject.record.work)
        except WrongExpression as error:
            raise Unjudgeable(error.message, "/value", error.within) from None
        if not isinstance(result, bool):
            raise Unjudgeable(f"expected true or false, got {shown(result)}", "/value")
        return result
