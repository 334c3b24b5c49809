"""The values that a condition proves to be defined, if it is true and if it is false."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeGuard

from jinja2 import nodes

Facts = frozenset[tuple[object, ...]]
Keys = Callable[[nodes.Node | None], Facts]
"""The identities of the possible values of a name or of an attribute path."""

NOTHING: Facts = frozenset()

DEFAULTS = frozenset(("default", "d"))

# These tests accept StrictUndefined. If one is true, the value is defined, except for `callable`.
TOLERANT_TESTS = frozenset(
    (
        "none",
        "string",
        "number",
        "integer",
        "float",
        "boolean",
        "true",
        "false",
        "mapping",
        "sequence",
        "sameas",
        "callable",
    )
)
_PROVING_TESTS = TOLERANT_TESTS - {"callable", "sameas"} | {"defined"}

# Filters whose result is false for an empty string or list.
_KEEP_EMPTY = frozenset(
    ("length", "count", "trim", "list", "upper", "lower", "int", "float", "join")
)


def proven(test: nodes.Node, truth: bool, keys: Keys) -> Facts:
    """The values that are defined if a test has the given outcome."""
    if isinstance(test, nodes.Not):
        return proven(test.node, not truth, keys)
    if isinstance(test, nodes.And | nodes.Or):
        left, right = proven(test.left, truth, keys), proven(test.right, truth, keys)
        # If an `and` is true, both sides are; if it is false, one side may be true.
        return left | right if isinstance(test, nodes.And) == truth else left & right
    if isinstance(test, nodes.Test):
        return _by_test(test, truth, keys)
    if isinstance(test, nodes.Filter) and truth:
        return _by_default(test, keys)
    if isinstance(test, nodes.Compare):
        return _by_comparison(test, truth, keys)
    return NOTHING


def _by_test(test: nodes.Test, truth: bool, keys: Keys) -> Facts:
    if test.name in _PROVING_TESTS and truth:
        return keys(test.node)
    if test.name == "undefined" and not truth:
        return keys(test.node)
    return NOTHING


def _by_default(test: nodes.Filter, keys: Keys) -> Facts:
    """`x | default(false)` is true only if `x` is defined."""
    node: nodes.Node | None = test
    while isinstance(node, nodes.Filter) and node.name in _KEEP_EMPTY and not node.args:
        node = node.node
    fallback = default_of(node)
    if fallback is None or fallback[0] or not _is_default(node):
        return NOTHING
    return keys(node.node)


def _by_comparison(test: nodes.Compare, truth: bool, keys: Keys) -> Facts:
    """`x | default("a") == "b"` is true only if `x` is defined."""
    fallback = default_of(test.expr)
    if fallback is None or len(test.ops) != 1 or not _is_default(test.expr):
        return NOTHING
    other = test.ops[0].expr
    if not isinstance(other, nodes.Const) or fallback[0] == other.value:
        return NOTHING
    return keys(test.expr.node) if test.ops[0].op == ("eq" if truth else "ne") else NOTHING


def default_of(node: nodes.Node | None) -> tuple[object] | None:
    """The literal argument of a `default` filter in a tuple; None if it is not a literal."""
    if not _is_default(node) or node.dyn_args or node.dyn_kwargs:
        return None
    given = [*node.args, *(word.value for word in node.kwargs if word.key == "default_value")]
    if not given:
        return ("",)
    if isinstance(given[0], nodes.Const):
        return (given[0].value,)
    if isinstance(given[0], nodes.List | nodes.Tuple | nodes.Dict) and not given[0].items:
        return ((),)
    return None


def _is_default(node: nodes.Node | None) -> TypeGuard[nodes.Filter]:
    return isinstance(node, nodes.Filter) and node.name in DEFAULTS


def literal(test: nodes.Node) -> bool | None:
    """The constant value of a test that consists of literals; else None."""
    if isinstance(test, nodes.Const):
        return bool(test.value)
    if isinstance(test, nodes.List | nodes.Tuple | nodes.Dict):
        return bool(test.items)
    if isinstance(test, nodes.Not):
        inner = literal(test.node)
        return None if inner is None else not inner
    if isinstance(test, nodes.And | nodes.Or):
        return _literal_of_two(test, literal(test.left), literal(test.right))
    if isinstance(test, nodes.Compare) and len(test.ops) == 1:
        return _literal_comparison(test.expr, test.ops[0])
    return None


def _literal_of_two(
    test: nodes.And | nodes.Or, left: bool | None, right: bool | None
) -> bool | None:
    decisive = isinstance(test, nodes.Or)
    if decisive in (left, right):
        return decisive
    return None if left is None or right is None else not decisive


def _literal_comparison(left: nodes.Node, operand: nodes.Operand) -> bool | None:
    right = operand.expr
    if not isinstance(left, nodes.Const) or not isinstance(right, nodes.Const):
        return None
    if operand.op in ("eq", "ne"):
        return bool(left.value == right.value) == (operand.op == "eq")
    return None
