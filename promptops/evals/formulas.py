"""Formulas that are true, or false, whatever their parts are: `a or not a`, `n < 9 or n > 3`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise, product
from math import isfinite, prod
from typing import TYPE_CHECKING, Any

from promptops.evals.json_values import same
from promptops.records import field, record

if TYPE_CHECKING:
    from promptops.evals.possible import Possible

_MOST_COMBINATIONS = 500
_OTHER = object()
"""A value that is none of those that a formula names."""

_OPPOSITE: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.NotEq: ast.Eq,
    ast.NotIn: ast.In,
    ast.LtE: ast.Gt,
    ast.GtE: ast.Lt,
}
_ORDERS: Mapping[type[ast.AST], Callable[[Any, Any], bool]] = {
    ast.Lt: lambda one, other: bool(one < other),
    ast.LtE: lambda one, other: bool(one <= other),
    ast.Gt: lambda one, other: bool(one > other),
    ast.GtE: lambda one, other: bool(one >= other),
}
Look = Callable[[ast.expr], "Possible"]


@record(slots=True)
class _Parts:
    """The parts that a formula is made of, by how they are written.

    Attributes:
        comparisons: From the id of a node to the term that it compares with a constant.
        terms: The constants that each term is compared with.
        numbers: Of the terms that are numbers, their bounds.
        facts: What else is true or false, and what it can be.
    """

    comparisons: dict[int, tuple[str, type[ast.AST], Any]] = field(default_factory=dict)
    terms: dict[str, list[Any]] = field(default_factory=dict)
    numbers: dict[str, tuple[float, float]] = field(default_factory=dict)
    facts: dict[str, frozenset[bool]] = field(default_factory=dict)


def is_formula(node: ast.expr) -> bool:
    """Whether it is made of parts by `and`, `or`, `not`."""
    negation = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    return negation or isinstance(node, ast.BoolOp)


def truths(formula: ast.expr, look: Look) -> frozenset[bool]:
    """What a formula can be where its parts are independent of each other; more is allowed for."""
    parts = _Parts()
    _collect(formula, look, parts)
    choices: dict[str, tuple[Any, ...]] = {fact: tuple(of) for fact, of in parts.facts.items()}
    for term, constants in parts.terms.items():
        choices[term] = tuple(_candidates(constants, parts.numbers.get(term)))
    if not 0 < prod(map(len, choices.values())) <= _MOST_COMBINATIONS:
        return frozenset((True, False))
    worlds = (dict(zip(choices, values, strict=True)) for values in product(*choices.values()))
    return frozenset(_holds(formula, world, parts) for world in worlds)


def _collect(node: ast.expr, look: Look, parts: _Parts) -> None:
    if isinstance(node, ast.BoolOp):
        for value in node.values:
            _collect(value, look, parts)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        _collect(node.operand, look, parts)
    elif (found := _comparison(node, look)) is not None:
        _collect_term(node, found, look, parts)
    else:
        fact, positive = _fact(node)
        own = look(node).truths
        parts.facts[fact] = own if positive else frozenset(not each for each in own)


def _collect_term(
    node: ast.expr, found: tuple[ast.expr, type[ast.AST], Any], look: Look, parts: _Parts
) -> None:
    left, operator, constant = found
    term, kind = ast.dump(left), look(left)
    constants = constant if operator in (ast.In, ast.NotIn) else [constant]
    parts.comparisons[id(node)] = term, operator, constant
    parts.terms.setdefault(term, []).extend(constants)
    if kind.kinds == {"number"}:
        parts.numbers[term] = kind.low, kind.high


def _comparison(node: ast.expr, look: Look) -> tuple[ast.expr, type[ast.AST], Any] | None:
    """A term compared with a constant, once: the term, how, and the constant; None for others."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return None
    operator, other = type(node.ops[0]), look(node.comparators[0])
    if not other.constant or other.values is None or look(node.left).constant:
        return None
    value, numeric = other.values[0], look(node.left).kinds == {"number"}
    if operator in _ORDERS and not (numeric and other.kinds == {"number"}):
        return None
    if operator in (ast.In, ast.NotIn) and not isinstance(value, list):
        return None
    return node.left, operator, value


def _fact(node: ast.expr) -> tuple[str, bool]:
    """How a part is written without its negation, and whether it is written without one."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        opposite = _OPPOSITE.get(type(node.ops[0]))
        if opposite is not None:
            plain = ast.Compare(node.left, [opposite()], node.comparators)
            return ast.dump(plain), False
    return ast.dump(node), True


def _candidates(constants: list[Any], bounds: tuple[float, float] | None) -> Iterator[Any]:
    """Each constant, and one value of each part that the constants leave."""
    if bounds is None:
        yield from (*constants, _OTHER)
        return
    limits = [bound for bound in bounds if isfinite(bound)]
    numbers = sorted({*limits, *(c for c in constants if isinstance(c, (int, float)))})
    middles = [(one + other) / 2 for one, other in pairwise(numbers)]
    outside = [numbers[0] - 1, numbers[-1] + 1] if numbers else []
    yield from (n for n in (*numbers, *middles, *outside) if bounds[0] <= n <= bounds[1])


def _holds(node: ast.expr, world: Mapping[str, Any], parts: _Parts) -> bool:
    if isinstance(node, ast.BoolOp):
        combine = all if isinstance(node.op, ast.And) else any
        return combine(_holds(value, world, parts) for value in node.values)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return not _holds(node.operand, world, parts)
    found = parts.comparisons.get(id(node))
    if found is None:
        fact, positive = _fact(node)
        return bool(world[fact]) is positive
    term, operator, constant = found
    return _is(world[term], operator, constant)


def _is(value: Any, operator: type[ast.AST], constant: Any) -> bool:
    if operator in _ORDERS:
        return _ORDERS[operator](value, constant)
    listed = constant if operator in (ast.In, ast.NotIn) else [constant]
    found = value is not _OTHER and any(same(value, each) for each in listed)
    return found if operator in (ast.Eq, ast.In) else not found
