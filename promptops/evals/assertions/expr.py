"""expr."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from promptops.evals.case_expressions import WrongExpression, read_expression
from promptops.evals.checked_values import CheckedValues, own_data
from promptops.evals.record import NAMES
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import Refused, Unjudgeable, Verdict
from promptops.evals.wording import shown
from promptops.records import record

if TYPE_CHECKING:
    from jinja2 import nodes


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
        expression = read_expression(self.value, NAMES[given.on])
        if _compares_lazy_list(expression.tree):
            hint = "put `| list` after it"
            return Refused("a lazy sequence, such as of `select`, equals no value", hint=hint)
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


_LAZY = frozenset(str.split("batch items map reject rejectattr select selectattr slice unique"))
"""Filters of Jinja that give a generator, which is always true and equal to no value."""


def _compares_lazy_list(tree: nodes.Expr) -> bool:
    """Whether the result of such a filter is compared, or is a part of a condition."""
    from promptops.runtime.template.node_facts import walk

    parts = (part for node in walk(tree) for part in _conditions(node))
    return any(getattr(part, "name", None) in _LAZY for part in parts)


def _conditions(node: nodes.Node) -> Iterator[nodes.Node]:
    """The expressions whose truth counts in a node, or that are compared in it."""
    from jinja2 import nodes

    if isinstance(node, nodes.Compare):
        equal = [operand.expr for operand in node.ops if operand.op in ("eq", "ne")]
        yield from (node.expr, *equal) if equal else ()
    elif isinstance(node, (nodes.Not, nodes.And, nodes.Or)):
        yield from node.iter_child_nodes()
