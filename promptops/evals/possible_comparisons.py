"""What comparisons of an expression can give, whatever it looks at."""

from __future__ import annotations

import ast
from typing import Any

from promptops.evals.expressions import WrongExpression, operators
from promptops.evals.possible import BOTH, Possible


def compared(
    operator: ast.cmpop, left: ast.expr, one: Possible, right: ast.expr, other: Possible
) -> frozenset[bool]:
    """What `left operator right` can be, where the sides can be `one` and `other`."""
    if isinstance(operator, (ast.In, ast.NotIn)):
        return _contained(left, one, right, other, isinstance(operator, ast.In))
    if ast.dump(left) == ast.dump(right):
        return frozenset((isinstance(operator, (ast.Eq, ast.LtE, ast.GtE)),))
    if one.values is not None and other.values is not None:
        return _of_pairs(type(operator), one.values, other.values)
    if isinstance(operator, (ast.Eq, ast.NotEq)) and _are_apart(one, other):
        return frozenset((isinstance(operator, ast.NotEq),))
    if one.kinds == other.kinds == {"number"}:
        return _of_ranges(type(operator), one, other)
    return BOTH


def _are_apart(one: Possible, other: Possible) -> bool:
    if not one.kinds & other.kinds:
        return True
    numbers = one.kinds == other.kinds == {"number"}
    return numbers and (one.high < other.low or other.high < one.low)


def _contained(
    item_node: ast.expr, item: Possible, whole_node: ast.expr, whole: Possible, positive: bool
) -> frozenset[bool]:
    if item.values == ("",) and whole.kinds == {"string"}:
        return frozenset((positive,))
    if isinstance(whole_node, (ast.List, ast.Tuple)):
        if any(ast.dump(item_node) == ast.dump(each) for each in whole_node.elts):
            return frozenset((positive,))
        if not whole_node.elts:
            return frozenset((not positive,))
    if whole.constant and item.values is not None:
        return _of_pairs(ast.In if positive else ast.NotIn, item.values, whole.values or ())
    return BOTH


def _of_pairs(operator: type[ast.AST], ones: Any, others: Any) -> frozenset[bool]:
    operate, found = operators()[operator], set()
    for one in ones:
        for other in others:
            try:
                found.add(bool(operate(one, other)))
            except (WrongExpression, TypeError):
                continue
    return frozenset(found) or BOTH


def _of_ranges(operator: type[ast.cmpop], one: Possible, other: Possible) -> frozenset[bool]:
    certain = {
        ast.Lt: (one.high < other.low, one.low >= other.high),
        ast.LtE: (one.high <= other.low, one.low > other.high),
        ast.Gt: (one.low > other.high, one.high <= other.low),
        ast.GtE: (one.low >= other.high, one.high < other.low),
    }
    always, never = certain.get(operator, (False, False))
    return frozenset((always,)) if always or never else BOTH
