"""The results that an expression can have, computed without any data.

No possible result is left out, but impossible ones may be included. Errors are not values.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from jinja2 import nodes

from promptops.evals import static_formulas as formulas
from promptops.evals.static_filters import ITEM, filtered, of_items, tested
from promptops.evals.static_operators import compared, computed
from promptops.evals.static_values import (
    ANYTHING,
    BOTH,
    GENERATOR,
    TRUTH,
    Possible,
    PossibleScope,
    either,
    of_kind,
    only,
)
from promptops.model.place import plain_text
from promptops.records import replace
from promptops.runtime.template.node_facts import walk
from promptops.runtime.template.scope import TemplateFailure
from promptops.runtime.template.template_program import value_of_node

_COMPARING_TESTS = {
    **dict.fromkeys(("eq", "equalto", "=="), "eq"),
    **dict.fromkeys(("ne", "!="), "ne"),
    **dict.fromkeys(("lt", "lessthan", "<"), "lt"),
    **dict.fromkeys(("le", "<="), "lteq"),
    **dict.fromkeys(("gt", "greaterthan", ">"), "gt"),
    **dict.fromkeys(("ge", ">="), "gteq"),
    "in": "in",
}
"""From the name of a test to the comparison that it is: `x is eq 3` is `x == 3`."""


def possible(node: nodes.Expr, scope: PossibleScope) -> Possible:
    """The possible values of an expression; each node is evaluated once."""
    known = scope.found.get(id(node))
    if known is None:
        value = _by_formula(node, scope) if formulas.is_formula(node) else _by_rule(node, scope)
        known = scope.found[id(node)] = (
            node,
            value,
        )  # the node is stored so that its id is not reused
    return known[1]


def has_unlisted_items(tree: nodes.Expr, scope: PossibleScope) -> bool:
    """Whether an operand is a generator, such as the result of `select`, which equals no value.

    `tree` was evaluated in this scope before.
    """
    kinds = (nodes.Compare, nodes.Operand, nodes.Not, nodes.And, nodes.Or, nodes.CondExpr)
    parts = (
        part for node in walk(tree) if isinstance(node, kinds) for part in node.iter_child_nodes()
    )
    found = (scope.found.get(id(part)) for part in (tree, *parts))
    return any(known is not None and known[1].kinds == {GENERATOR} for known in found)


def _by_rule(node: nodes.Expr, scope: PossibleScope) -> Possible:
    rule = _RULES.get(type(node))
    return ANYTHING if rule is None else rule(node, scope)


def _by_formula(node: nodes.Expr, scope: PossibleScope) -> Possible:
    found = _by_rule(node, scope)
    if found.truths != BOTH:
        return found
    truths = formulas.truths(node, lambda part: possible(part, scope))
    if len(truths) != 1:
        return found
    return only(*truths) if found.kinds == {"boolean"} else replace(found, limited=truths)


def _constant(node: nodes.Const, _scope: PossibleScope) -> Possible:
    return only(node.value)


def _name(node: nodes.Name, scope: PossibleScope) -> Possible:
    return scope.names.get(node.name, ANYTHING)


def _attribute(node: nodes.Getattr, scope: PossibleScope) -> Possible:
    """Token counts are at least 0."""
    of_usage = isinstance(node.node, nodes.Name) and node.node.name == "usage" in scope.names
    return of_kind("number", low=0) if of_usage else ANYTHING


def _item(node: nodes.Getitem, scope: PossibleScope) -> Possible:
    whole = possible(node.node, scope)
    if isinstance(node.arg, nodes.Slice):
        kinds = whole.kinds & {"string", "array"}
        if _is_empty(node.arg, scope):
            return only(*([""] if "string" in kinds else []), *([[]] if "array" in kinds else []))
        return Possible(kinds=kinds, items=whole.items)
    index = possible(node.arg, scope)
    if isinstance(node.node, (nodes.List, nodes.Tuple)) and index.constant and index.values:
        try:
            return possible(node.node.items[index.values[0]], scope)
        except (IndexError, TypeError):
            return ANYTHING
    return of_kind("string") if whole.kinds == {"string"} else ANYTHING


def _is_empty(part: nodes.Slice, scope: PossibleScope) -> bool:
    """Whether a slice is always empty: `[:0]`, `[3:1]`."""
    low, high = (_number_of(bound, scope) for bound in (part.start, part.stop))
    low = 0 if part.start is None else low
    return part.step is None and low is not None and high is not None and 0 <= high <= low


def _number_of(node: nodes.Expr | None, scope: PossibleScope) -> Any:
    found = possible(node, scope) if node is not None else ANYTHING
    return found.values[0] if found.constant and found.values and found.is_number else None


def _not(node: nodes.Not, scope: PossibleScope) -> Possible:
    return only(*(not truth for truth in sorted(possible(node.node, scope).truths)))


def _signed(node: nodes.Neg | nodes.Pos, scope: PossibleScope) -> Possible:
    of, negative = possible(node.node, scope), isinstance(node, nodes.Neg)
    if of.values is not None and of.is_number:
        return only(*(-value if negative else value for value in of.values))
    return of_kind("number", low=-of.high, high=-of.low) if negative else of_kind("number")


def _joined(node: nodes.And | nodes.Or, scope: PossibleScope) -> Possible:
    """The left side if it decides the result, else the right one."""
    decides = isinstance(node, nodes.Or)
    left, right = (
        _by_rule(part, scope) if formulas.is_formula(part) else possible(part, scope)
        for part in (node.left, node.right)
    )
    if decides not in left.truths:
        return right
    deciding = _with_truth(left, decides)
    return deciding if left.truths == {decides} else either(deciding, right)


def _with_truth(of: Possible, truth: bool) -> Possible:
    return of if of.values is None else only(*(v for v in of.values if bool(v) is truth))


def _if(node: nodes.CondExpr, scope: PossibleScope) -> Possible:
    truths = possible(node.test, scope).truths or BOTH
    otherwise = ANYTHING if node.expr2 is None else possible(node.expr2, scope)
    if True not in truths:
        return otherwise
    chosen = possible(node.expr1, scope)
    return either(chosen, otherwise) if False in truths else chosen


def _list(node: nodes.List | nodes.Tuple, scope: PossibleScope) -> Possible:
    items = [possible(item, scope) for item in node.items]
    if all(item.constant for item in items):
        value = [value for item in items for value in item.values or ()]
        return replace(only(value), items=of_items(items))
    return Possible(kinds=frozenset(("array",)), items=of_items(items))


def _call(_node: nodes.Call, _scope: PossibleScope) -> Possible:
    return of_kind("array")  # only `range` can be called


def _filter(node: nodes.Filter, scope: PossibleScope) -> Possible:
    assert node.node is not None, "an expression has no filter blocks"
    if node.dyn_args or node.dyn_kwargs:
        return ANYTHING
    whole = possible(node.node, scope)
    arguments = [
        possible(argument, scope)
        for argument in (*node.args, *(pair.value for pair in node.kwargs))
    ]
    found = filtered(node, whole, arguments, lambda constant, item: _of_item(constant, item, scope))
    is_constant = whole.constant and all(argument.constant for argument in arguments)
    if not is_constant or GENERATOR in found.kinds:
        return found
    parts = [nodes.Const(argument.values[0]) for argument in arguments if argument.values]
    named = [
        nodes.Keyword(pair.key, part)
        for pair, part in zip(node.kwargs, parts[len(node.args) :], strict=True)
    ]
    value = nodes.Const(whole.values[0] if whole.values else None)
    constant = nodes.Filter(value, node.name, parts[: len(node.args)], named, None, None)
    return _folded(constant, scope)


def _of_item(node: nodes.Expr, item: Possible, scope: PossibleScope) -> Possible:
    """The possible values of an expression in which the name `ITEM` has these values."""
    names = {**scope.names, ITEM: item}
    return possible(node, PossibleScope(names, scope.found, scope.run))


def _test(node: nodes.Test, scope: PossibleScope) -> Possible:
    operator = _COMPARING_TESTS.get(node.name)
    if operator is not None and len(node.args) == 1 and not node.kwargs:
        return possible(nodes.Compare(node.node, [nodes.Operand(operator, node.args[0])]), scope)
    is_name = isinstance(node.node, nodes.Name) and node.node.name != ITEM
    return tested(node.name, possible(node.node, scope), is_defined=is_name)


def _binary(node: nodes.BinExpr, scope: PossibleScope) -> Possible:
    one, other = possible(node.left, scope), possible(node.right, scope)
    if one.constant and other.constant and one.values and other.values:
        constant = type(node)(nodes.Const(one.values[0]), nodes.Const(other.values[0]))
        return _folded(constant, scope)
    return computed(node, one, other)


def _concatenated(_node: nodes.Concat, _scope: PossibleScope) -> Possible:
    return of_kind("string")


def _object(_node: nodes.Dict, _scope: PossibleScope) -> Possible:
    return of_kind("object")


def _folded(node: nodes.Expr, scope: PossibleScope) -> Possible:
    """The value of an expression without names; anything if the expression fails."""
    node.lineno = 0
    for part in node.iter_child_nodes():
        part.lineno = 0
    try:
        return only(value_of_node(node, plain_text("", ""), scope.run))
    except TemplateFailure:
        return ANYTHING


def _compare(node: nodes.Compare, scope: PossibleScope) -> Possible:
    sides = [node.expr, *(operand.expr for operand in node.ops)]
    each = [
        compared(operand.op, left, possible(left, scope), right, possible(right, scope))
        for operand, (left, right) in zip(node.ops, pairwise(sides), strict=True)
    ]
    if any(found == {False} for found in each):
        return only(False)
    return only(True) if all(found == {True} for found in each) else TRUTH


_RULES: Mapping[type[nodes.Node], Any] = {
    nodes.Const: _constant,
    nodes.Name: _name,
    nodes.Getattr: _attribute,
    nodes.Getitem: _item,
    nodes.Not: _not,
    nodes.Neg: _signed,
    nodes.Pos: _signed,
    nodes.And: _joined,
    nodes.Or: _joined,
    nodes.CondExpr: _if,
    nodes.List: _list,
    nodes.Tuple: _list,
    nodes.Dict: _object,
    nodes.Call: _call,
    nodes.Filter: _filter,
    nodes.Test: _test,
    nodes.Compare: _compare,
    nodes.Concat: _concatenated,
    **dict.fromkeys(
        (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow), _binary
    ),
}
