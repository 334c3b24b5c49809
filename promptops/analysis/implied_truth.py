"""What a condition that holds says of the values it is about."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes

_KEEP_ITEMS = frozenset(("sort", "list", "reverse", "unique", "items", "dictsort", "map"))
"""Filters whose result has items where their input has."""


def true_where(test: nodes.Node) -> Iterator[nodes.Node]:
    """Expressions that are true, or have items, wherever a test holds."""
    if isinstance(test, nodes.And):
        yield from true_where(test.left)
        yield from true_where(test.right)
    elif isinstance(test, nodes.Compare):
        yield from _counted(test)
    else:
        yield sized(test)


def sized(expression: nodes.Node) -> nodes.Node:
    """`xs` of `xs | sort` and `xs | length`: what is empty exactly when the expression is."""
    while isinstance(expression, nodes.Filter) and expression.node is not None:
        if expression.name not in _KEEP_ITEMS | {"length", "count"}:
            break
        expression = expression.node
    return expression


def _counted(test: nodes.Compare) -> Iterator[nodes.Node]:
    """`xs | length > 0` and its kin."""
    operand = test.ops[0]
    bound = operand.expr.value if isinstance(operand.expr, nodes.Const) else None
    is_more = (operand.op, bound) in {("gt", 0), ("gteq", 1), ("ne", 0)}
    if len(test.ops) == 1 and is_more and isinstance(test.expr, nodes.Filter):
        yield sized(test.expr)
