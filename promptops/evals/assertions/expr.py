"""expr."""

from __future__ import annotations

from promptops.evals import expressions
from promptops.evals.expressions import WrongExpression
from promptops.evals.given import Given, own_data
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

    A Jinja expression, as in `when`, with the filters and tests of templates. Its names are `value`
    (what `path`, `role` and `transform` choose) and the case's `inputs` and `expected`; for a
    request also `messages`, `tools`, `response_format`, `params`, `model`; for an answer also
    `output` (its value where it is JSON, else its text), `text`, `tool_calls`, `usage`.

    Attributes:
        value: The expression; true or false.

    Holds:
        messages: [{role: user, content: Where is it?}]
        rendered: [{type: expr, value: 'messages[-1].content | length < 20'}]

    Fails:
        messages: [{role: user, content: Where is my order?}]
        rendered: [{type: expr, role: user, value: value | wordcount <= 3}]
    """

    value: str

    def doubt(self, given: Given) -> Refused | None:
        from promptops.evals.possible_results import has_unlisted_items, possible

        expression = expressions.read(self.value, NAMES[given.on])
        result = possible(expression.tree, given.names)
        never_true = "boolean" not in result.kinds or True not in result.truths
        if never_true or False not in result.truths:
            message = f"the expression is never {'true' if never_true else 'false'}"
            hint = f"compare a part of the {given.on} with what it has to be"
            if has_unlisted_items(expression.tree, given.names):
                hint = "a sequence that is made item by item equals nothing; put `| list` after it"
            elif never_true:
                hint = "the result has to be true or false, and can be both"
            return Refused(message, hint=hint)
        own = None if given.in_set else own_data(expression, given.on)
        return Refused(own, hint=f"look at a part of the {given.on}, too") if own else None

    def check(self, subject: Subject) -> Verdict:
        held = self._held(subject)
        return Verdict(
            passed=held,
            expected=f"{shown(self.value)} to hold",
            opposite=f"{shown(self.value)} not to hold",
            where=subject.where,
            got=f"{shown(held)}",
        )

    def _held(self, subject: Subject) -> bool:
        try:
            expression = expressions.read(self.value, NAMES[subject.record.on])
            looked_at = subject.value if "value" in expression.names or subject.narrowed else None
            held = expression.value(subject.names(looked_at))
        except WrongExpression as error:
            raise Unjudgeable(error.message, "/value", error.within) from None
        if not isinstance(held, bool):
            raise Unjudgeable(f"expected true or false, got {shown(held)}", "/value")
        return held
