"""Which outcomes a condition can have with inputs that the schema accepts.

Everything that is not proven counts as possible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from math import inf
from typing import Any

from promptops.analysis.coverage import TemplateBranch
from promptops.analysis.input_schemas import InputAlternative, InputShape
from promptops.lint.guards import ReadShapes, allows, listed_values
from promptops.lint.subject import PromptFacts
from promptops.model.place import Place
from promptops.records import record
from promptops.runtime.template import nodes

Outcomes = frozenset[bool]
BOTH: Outcomes = frozenset((True, False))

_NUMBER = frozenset(("number",))

_KINDS: Mapping[str, frozenset[str]] = {
    "none": frozenset(("null",)),
    "string": frozenset(("string",)),
    "number": frozenset(("number", "boolean")),
    "boolean": frozenset(("boolean",)),
    "mapping": frozenset(("object",)),
    "sequence": frozenset(("array", "string", "object")),
    "iterable": frozenset(("array", "string", "object")),
}
"""By the name of a test: the types of which every value passes it, and no value of another type."""

_MIRRORED = {"lt": "gt", "lteq": "gteq", "gt": "lt", "gteq": "lteq"}


class PossibleOutcomes:
    """The outcomes of the conditions in the templates of a prompt, and in what they include."""

    def __init__(self, subject: PromptFacts) -> None:
        self._by_place: dict[Place, Outcomes] = {}
        for scope in subject.scopes:
            for condition in scope.scope.conditions:
                place = condition.site.place
                shapes = ReadShapes(condition, scope, subject.input_schemas)
                found = _Outcomes(shapes).of(condition.test)
                self._by_place[place] = self._by_place.get(place, frozenset()) | found

    def lead_to(self, branch: TemplateBranch) -> bool:
        """Whether a branch is possible, as far as its own condition is concerned."""
        outcomes = self._by_place.get(branch.site.place, BOTH)
        if branch.direction in ("then", "holds"):
            return True in outcomes
        if branch.direction == "fails" or (branch.direction == "else" and not branch.chained):
            return False in outcomes
        return True


class _Outcomes:
    def __init__(self, shapes: ReadShapes) -> None:
        self._shapes = shapes

    def of(self, node: nodes.Node) -> Outcomes:
        """Those of an expression. Its parts count as independent, so there may be fewer."""
        if isinstance(node, nodes.Not):
            return frozenset(not each for each in self.of(node.node))
        if isinstance(node, (nodes.And, nodes.Or)):
            joined = all if isinstance(node, nodes.And) else any
            return frozenset(map(joined, product(self.of(node.left), self.of(node.right))))
        if isinstance(node, nodes.Compare) and len(node.ops) == 1:
            return self._compared(node.expr, node.ops[0].op, node.ops[0].expr)
        if isinstance(node, nodes.Test) and not node.args and node.name in _KINDS:
            return self._of_shape(node.node, lambda each: _of_kind(each, _KINDS[node.name]))
        if isinstance(node, (nodes.Name, nodes.Getattr, nodes.Getitem)):
            return self._of_shape(node, _truth)
        return BOTH

    def _compared(self, left: nodes.Expression, op: str, right: nodes.Expression) -> Outcomes:
        if isinstance(left, nodes.Const) and op not in ("in", "notin"):
            left, op, right = right, _MIRRORED.get(op, op), left
        constants = _constants(right, op)
        if constants is None:
            return BOTH
        if op in _MIRRORED:
            return self._of_shape(left, lambda each: _ordered(each, op, constants[0]))
        found = self._of_shape(left, lambda each: _among(each, constants))
        return found if op in ("eq", "in") else frozenset(not each for each in found)

    def _of_shape(
        self, read: nodes.Node, of_alternative: Callable[[InputAlternative], Outcomes]
    ) -> Outcomes:
        shape: InputShape | None = self._shapes.of(read)
        if shape is None or not shape.ways or not self._shapes.always_there(read):
            return BOTH
        return frozenset[bool]().union(*map(of_alternative, shape.ways))


def _constants(node: nodes.Expression, op: str) -> Sequence[Any] | None:
    """The values that an expression is compared with; None if they are not all literals."""
    items = node.items if isinstance(node, (nodes.List, nodes.Tuple)) else [node]
    if (op in ("in", "notin")) != isinstance(node, (nodes.List, nodes.Tuple)):
        return None
    values = [item.value for item in items if isinstance(item, nodes.Const)]
    return values if values and len(values) == len(items) else None


def _of_kind(way: InputAlternative, kind: frozenset[str]) -> Outcomes:
    types = way.proven_types
    if types is None:
        return BOTH
    return frozenset(each in kind for each in types)


def _among(way: InputAlternative, constants: Sequence[Any]) -> Outcomes:
    """Whether a value can equal one of the constants, and none of them."""
    listed = listed_values(way)
    if listed is not None:
        return frozenset(value in constants for value in listed)
    can = any(allows(way, value) and _in_bounds(way, value) for value in constants)
    return BOTH if can else frozenset((False,))


def _in_bounds(way: InputAlternative, value: Any) -> bool:
    if not isinstance(value, (int, float)) or way.proven_types != _NUMBER:
        return True
    return True in _ordered(way, "lteq", value) and True in _ordered(way, "gteq", value)


def _ordered(way: InputAlternative, op: str, constant: Any) -> Outcomes:
    """The outcomes of `value < constant`, and so on, for a number."""
    if way.proven_types != _NUMBER or not isinstance(constant, (int, float)):
        return BOTH
    low, high = _low(way), _high(way)
    below = low.value < constant
    not_above = below or (low.value == constant and not low.open)
    above = high.value > constant
    not_below = above or (high.value == constant and not high.open)
    yes, no = (below, not_below) if op in ("lt", "gteq") else (not_above, above)
    yes, no = (yes, no) if op in ("lt", "lteq") else (no, yes)
    return frozenset(outcome for outcome, possible in ((True, yes), (False, no)) if possible)


@record(frozen=True, slots=True)
class _End:
    """The end of an interval; `open`: the value itself is outside."""

    value: float
    open: bool = False


def _low(way: InputAlternative) -> _End:
    ends = [_End(value) for value in _numbers(way, "minimum")]
    ends += [_End(value, open=True) for value in _numbers(way, "exclusiveMinimum")]
    return max(ends, key=lambda end: (end.value, end.open), default=_End(-inf))


def _high(way: InputAlternative) -> _End:
    ends = [_End(value) for value in _numbers(way, "maximum")]
    ends += [_End(value, open=True) for value in _numbers(way, "exclusiveMaximum")]
    return min(ends, key=lambda end: (end.value, not end.open), default=_End(inf))


def _numbers(way: InputAlternative, key: str) -> Iterator[float]:
    return (value for value in way.keyword_values(key) if isinstance(value, (int, float)))


def _truth(way: InputAlternative) -> Outcomes:
    """Whether a value can be true, and false, as a condition."""
    if (listed := listed_values(way)) is not None:
        return frozenset(map(bool, listed))
    if way.proven_types == frozenset(("null",)):
        return frozenset((False,))
    if way.proven_types == _NUMBER:
        return BOTH if _in_bounds(way, 0) else frozenset((True,))
    key = {frozenset(("string",)): "minLength", frozenset(("array",)): "minItems"}.get(
        way.proven_types or frozenset()
    )
    filled = key is not None and any(least >= 1 for least in _numbers(way, key))
    return frozenset((True,)) if filled else BOTH
