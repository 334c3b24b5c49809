"""The possible results of comparisons and arithmetic, for any data."""

from __future__ import annotations

from typing import Any

from jinja2 import nodes

from promptops.evals.static_values import ANYTHING, BOTH, GENERATOR, Possible, of_kind, only, within
from promptops.runtime.template.expressions import COMPARISONS

_ALIKE = {"number": "boolean", "boolean": "number"}
"""`true` equals 1 in Jinja, as in Python."""


def compared(
    operator: str, left: nodes.Expr, one: Possible, right: nodes.Expr, other: Possible
) -> frozenset[bool]:
    """The possible results of `left operator right`, if the sides can be `one` and `other`.

    `operator` is a key of `COMPARISONS`.
    """
    if operator in ("in", "notin"):
        return _contained(left, one, right, other, operator == "in")
    if repr(left) == repr(right):
        alike = frozenset((operator in ("eq", "lteq", "gteq"),))
        return BOTH if GENERATOR in one.kinds else alike
    if one.values is not None and other.values is not None:
        return _of_pairs(operator, one.values, other.values)
    if operator in ("eq", "ne") and _are_apart(one, other):
        return frozenset((operator == "ne",))
    if one.is_number and other.is_number:
        return _of_ranges(operator, one, other)
    return BOTH


def _are_apart(one: Possible, other: Possible) -> bool:
    alike = {_ALIKE.get(kind, kind) for kind in one.kinds} | one.kinds
    if not alike & other.kinds or {GENERATOR} in (one.kinds, other.kinds):
        return True
    numbers = one.is_number and other.is_number
    return numbers and (one.high < other.low or other.high < one.low)


def _contained(
    item_node: nodes.Expr, item: Possible, whole_node: nodes.Expr, whole: Possible, positive: bool
) -> frozenset[bool]:
    if item.values == ("",) and whole.kinds == {"string"}:
        return frozenset((positive,))
    if isinstance(whole_node, (nodes.List, nodes.Tuple)):
        if any(repr(item_node) == repr(item) for item in whole_node.items):
            return frozenset((positive,))
        if not whole_node.items:
            return frozenset((not positive,))
    if whole.constant and item.values is not None:
        return _of_pairs("in" if positive else "notin", item.values, whole.values or ())
    return BOTH


def _of_pairs(operator: str, ones: Any, others: Any) -> frozenset[bool]:
    operate, found = COMPARISONS[operator], set()
    for one in ones:
        for other in others:
            try:
                found.add(bool(operate(one, other)))
            except TypeError:
                continue
    return frozenset(found) or BOTH


def _of_ranges(operator: str, one: Possible, other: Possible) -> frozenset[bool]:
    certain = {
        "lt": (one.high < other.low, one.low >= other.high),
        "lteq": (one.high <= other.low, one.low > other.high),
        "gt": (one.low > other.high, one.high <= other.low),
        "gteq": (one.low >= other.high, one.high < other.low),
    }
    always, never = certain.get(operator, (False, False))
    return frozenset((always,)) if always or never else BOTH


def computed(node: nodes.BinExpr, one: Possible, other: Possible) -> Possible:
    """The possible results of arithmetic on `one` and `other`, the sides of `node`."""
    if isinstance(node, nodes.Add):
        return _added(one, other)
    if isinstance(node, nodes.Sub):
        if repr(node.left) == repr(node.right):
            return only(0)
        return within(one.low - other.high, one.high - other.low)
    return _multiplied(node, one, other)


def _added(one: Possible, other: Possible) -> Possible:
    kinds = one.kinds & other.kinds & {"string", "array"}
    numbers = {"number", "boolean"}
    if one.kinds & numbers and other.kinds & numbers:
        kinds |= {"number"}
    if kinds == {"number"}:
        return within(one.low + other.low, one.high + other.high)
    return Possible(kinds=kinds) if kinds else ANYTHING


def _multiplied(node: nodes.BinExpr, one: Possible, other: Possible) -> Possible:
    if isinstance(node, nodes.Mod) and other.constant and other.low > 0:
        whole = other.low == 1 and _is_length(node.left)
        return only(0) if whole else of_kind("number", low=0, high=other.low)
    numbers = one.is_number and other.is_number
    if isinstance(node, nodes.Mul):
        if not numbers and (one.kinds | other.kinds) & {"string", "array"}:
            return ANYTHING
        if numbers and any(side.values == (0,) for side in (one, other)):
            return only(0)
    return of_kind("number", low=0) if min(one.low, other.low) >= 0 else of_kind("number")


def _is_length(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Filter) and node.name in ("length", "count", "wordcount")
