"""Formulas that are true, or false, whatever their parts are: `a or not a`, `n < 9 or n > 3`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise, product
from math import isfinite, prod
from typing import TYPE_CHECKING, Any

from jinja2 import nodes

from promptops.records import field, record
from promptops.runtime.template.expressions import COMPARISONS

if TYPE_CHECKING:
    from promptops.evals.static_values import Possible

_MOST_COMBINATIONS = 500
_OTHER = object()
"""A value that the formula does not mention."""

_OPPOSITE = {"ne": "eq", "notin": "in", "lteq": "gt", "gteq": "lt"}
_ORDERS = frozenset(("lt", "lteq", "gt", "gteq"))
_MEMBERSHIP = ("in", "notin")
Look = Callable[[nodes.Expr], "Possible"]


@record(slots=True)
class _Parts:
    """The parts of a formula, by their source text.

    Attributes:
        comparisons: From the id of a node to the term that it compares with a constant.
        terms: The constants that each term is compared with.
        numbers: The bounds of terms that are numbers.
        facts: The other parts, with their possible truth values.
    """

    comparisons: dict[int, tuple[str, str, Any]] = field(default_factory=dict)
    terms: dict[str, list[Any]] = field(default_factory=dict)
    numbers: dict[str, tuple[float, float]] = field(default_factory=dict)
    facts: dict[str, frozenset[bool]] = field(default_factory=dict)


def is_formula(node: nodes.Expr) -> bool:
    """Whether it combines parts by `and`, `or`, `not`."""
    return isinstance(node, (nodes.Not, nodes.And, nodes.Or))


def truths(formula: nodes.Expr, look: Look) -> frozenset[bool]:
    """The possible truth values if its parts are independent of each other, or a superset."""
    parts = _Parts()
    _collect(formula, look, parts)
    choices: dict[str, tuple[Any, ...]] = {fact: tuple(of) for fact, of in parts.facts.items()}
    for term, constants in parts.terms.items():
        choices[term] = tuple(_candidates(constants, parts.numbers.get(term)))
    if not 0 < prod(map(len, choices.values())) <= _MOST_COMBINATIONS:
        return frozenset((True, False))
    worlds = (dict(zip(choices, values, strict=True)) for values in product(*choices.values()))
    return frozenset(_holds(formula, world, parts) for world in worlds)


def _collect(node: nodes.Expr, look: Look, parts: _Parts) -> None:
    if isinstance(node, (nodes.And, nodes.Or)):
        _collect(node.left, look, parts)
        _collect(node.right, look, parts)
    elif isinstance(node, nodes.Not):
        _collect(node.node, look, parts)
    elif (found := _comparison(node, look)) is not None:
        _collect_term(node, found, look, parts)
    else:
        fact, positive = _fact(node)
        own = look(node).truths
        parts.facts[fact] = own if positive else frozenset(not truth for truth in own)


def _collect_term(
    node: nodes.Expr, found: tuple[nodes.Expr, str, Any], look: Look, parts: _Parts
) -> None:
    left, operator, constant = found
    term, kind = repr(left), look(left)
    constants = constant if operator in _MEMBERSHIP else [constant]
    parts.comparisons[id(node)] = term, operator, constant
    parts.terms.setdefault(term, []).extend(constants)
    if kind.is_number:
        parts.numbers[term] = kind.low, kind.high


def _comparison(node: nodes.Expr, look: Look) -> tuple[nodes.Expr, str, Any] | None:
    """A term compared with a constant, once: the term, how, and the constant; None for others."""
    if not isinstance(node, nodes.Compare) or len(node.ops) != 1:
        return None
    operator, other = node.ops[0].op, look(node.ops[0].expr)
    if not other.constant or other.values is None or look(node.expr).constant:
        return None
    value = other.values[0]
    if operator in _ORDERS and not (look(node.expr).is_number and other.is_number):
        return None
    if operator in _MEMBERSHIP and not isinstance(value, list):
        return None
    return node.expr, operator, value


def _fact(node: nodes.Expr) -> tuple[str, bool]:
    """How a part is written without its negation, and whether it is written without one."""
    if isinstance(node, nodes.Compare) and len(node.ops) == 1:
        opposite = _OPPOSITE.get(node.ops[0].op)
        if opposite is not None:
            plain = nodes.Compare(node.expr, [nodes.Operand(opposite, node.ops[0].expr)])
            return repr(plain), False
    return repr(node), True


def _candidates(constants: list[Any], bounds: tuple[float, float] | None) -> Iterator[Any]:
    """Each constant, and one value between, below and above the constants."""
    if bounds is None:
        yield from (*constants, _OTHER)
        return
    limits = [bound for bound in bounds if isfinite(bound)]
    numbers = sorted({*limits, *(c for c in constants if isinstance(c, (int, float)))})
    middles = [(one + other) / 2 for one, other in pairwise(numbers)]
    outside = [numbers[0] - 1, numbers[-1] + 1] if numbers else []
    yield from (n for n in (*numbers, *middles, *outside) if bounds[0] <= n <= bounds[1])


def _holds(node: nodes.Expr, world: Mapping[str, Any], parts: _Parts) -> bool:
    if isinstance(node, nodes.And):
        return _holds(node.left, world, parts) and _holds(node.right, world, parts)
    if isinstance(node, nodes.Or):
        return _holds(node.left, world, parts) or _holds(node.right, world, parts)
    if isinstance(node, nodes.Not):
        return not _holds(node.node, world, parts)
    found = parts.comparisons.get(id(node))
    if found is None:
        fact, positive = _fact(node)
        return bool(world[fact]) is positive
    term, operator, constant = found
    return bool(COMPARISONS[operator](world[term], constant))
