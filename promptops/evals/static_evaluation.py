"""The results that an expression can have, computed without any data.

No possible result is left out, but impossible ones may be included. Errors are not values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from itertools import pairwise
from math import ceil, floor, isfinite
from typing import Any

from jinja2 import nodes

from promptops.evals import static_formulas as formulas
from promptops.evals.limits import MOST_CHARS
from promptops.evals.static_values import (
    ANYTHING,
    BOTH,
    GENERATOR,
    NOTHING,
    TRUTH,
    Possible,
    PossibleScope,
    either,
    of_kind,
    only,
    within,
)
from promptops.model.place import plain_text
from promptops.records import replace
from promptops.runtime.template.expressions import COMPARISONS
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
        if _is_empty_slice(node.arg, scope):
            return only(*([""] if "string" in kinds else []), *([[]] if "array" in kinds else []))
        return Possible(kinds=kinds, items=whole.items)
    index = possible(node.arg, scope)
    if isinstance(node.node, (nodes.List, nodes.Tuple)) and index.constant and index.values:
        try:
            return possible(node.node.items[index.values[0]], scope)
        except (IndexError, TypeError):
            return ANYTHING
    return of_kind("string") if whole.kinds == {"string"} else ANYTHING


def _is_empty_slice(part: nodes.Slice, scope: PossibleScope) -> bool:
    """Whether a slice is always empty: `[:0]`, `[3:1]`."""
    low, high = (_constant_number(bound, scope) for bound in (part.start, part.stop))
    low = 0 if part.start is None else low
    return part.step is None and low is not None and high is not None and 0 <= high <= low


def _constant_number(node: nodes.Expr | None, scope: PossibleScope) -> Any:
    found = possible(node, scope) if node is not None else ANYTHING
    return found.values[0] if found.constant and found.values and found.is_number else None


def _not(node: nodes.Not, scope: PossibleScope) -> Possible:
    return only(*(not truth for truth in sorted(possible(node.node, scope).truths)))


def _signed(node: nodes.Neg | nodes.Pos, scope: PossibleScope) -> Possible:
    of, negative = possible(node.node, scope), isinstance(node, nodes.Neg)
    if of.values is not None and of.is_number:
        return only(*(-value if negative else value for value in of.values))
    return of_kind("number", low=-of.high, high=-of.low) if negative else of_kind("number")


def _and_or(node: nodes.And | nodes.Or, scope: PossibleScope) -> Possible:
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
    return _constant_result(constant, scope)


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
        return _constant_result(constant, scope)
    return computed(node, one, other)


def _concatenated(_node: nodes.Concat, _scope: PossibleScope) -> Possible:
    return of_kind("string")


def _object(_node: nodes.Dict, _scope: PossibleScope) -> Possible:
    return of_kind("object")


def _constant_result(node: nodes.Expr, scope: PossibleScope) -> Possible:
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
    nodes.And: _and_or,
    nodes.Or: _and_or,
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


# The possible results of comparisons and arithmetic, for any data.

_COMPARED_AS = {"number": "boolean", "boolean": "number"}
"""The other kind with equal values: `true` equals 1 in Jinja, as in Python."""


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
    alike = {_COMPARED_AS.get(kind, kind) for kind in one.kinds} | one.kinds
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


# The possible results of filters and tests.

Look = Callable[[nodes.Expr, Possible], Possible]
"""From an expression, and the possible values of the name `ITEM` in it, to its possible values."""

ITEM = "an item"  # no name of an expression has a blank

_KIND_OF_FILTER: Mapping[str, str] = {
    **dict.fromkeys(("count", "length", "wordcount", "abs", "int", "round", "sum"), "number"),
    **dict.fromkeys(
        str.split(
            "capitalize center e escape filesizeformat format indent join json lower replace string"
            " striptags title tojson trim upper urlencode wordwrap"
        ),
        "string",
    ),
    **dict.fromkeys(("dictsort", "groupby", "list", "sort", "split"), "array"),
    **dict.fromkeys(
        str.split("batch items map reject rejectattr reverse select selectattr slice unique"),
        GENERATOR,
    ),
}
_FILTERS_WITH_SAME_ITEMS = frozenset(("list", "sort", "unique"))
_KINDS_OF_LIST = frozenset(("array", GENERATOR))
_KINDS_PASSING_TEST: Mapping[str, frozenset[str]] = {
    "boolean": frozenset(("boolean",)),
    "iterable": frozenset(("string", "array", "object", GENERATOR)),
    "mapping": frozenset(("object",)),
    "none": frozenset(("null",)),
    "number": frozenset(("number", "boolean")),
    "sequence": frozenset(("string", "array", "object")),
    "string": frozenset(("string",)),
}


def filtered(
    node: nodes.Filter, whole: Possible, arguments: list[Possible], look: Look
) -> Possible:
    """The possible results of a filter on `whole`."""
    name = node.name
    if name in _KIND_OF_FILTER:
        return _filtered_to_kind(node, whole, arguments, look)
    if name in ("d", "default"):
        return either(whole, arguments[0] if arguments else only(""))
    if name in ("first", "last", "truncate") and whole.kinds == {"string"}:
        return of_kind("string")
    if name in ("first", "last"):
        return whole.items or ANYTHING
    return _max_or_min(node, look) if name in ("max", "min") else ANYTHING


def _filtered_to_kind(
    node: nodes.Filter, whole: Possible, arguments: list[Possible], look: Look
) -> Possible:
    name, kind = node.name, _KIND_OF_FILTER[node.name]
    if name == "reverse":
        return Possible(kinds=frozenset(map(_reversed_kind, whole.kinds)), items=whole.items)
    if kind == "number":
        return _filtered_to_number(name, whole, arguments)
    return _filtered_to_items(node, whole, look) if kind in _KINDS_OF_LIST else of_kind(kind)


def _reversed_kind(kind: str) -> str:
    """The kind of a reversed value: Jinja converts a generator to a list first."""
    return {"string": "string", GENERATOR: "array"}.get(kind, GENERATOR)


def _filtered_to_number(name: str, whole: Possible, arguments: list[Possible]) -> Possible:
    if name in ("count", "length", "wordcount"):
        return of_kind("number", low=0, high=MOST_CHARS)
    if name == "abs":
        return of_kind("number", low=0)
    if arguments and name != "round":
        return ANYTHING  # `int` has a default, `sum` a start
    if whole.is_number and not arguments and name in ("int", "round"):
        low, high = whole.low, whole.high
        return within(floor(low) if isfinite(low) else low, ceil(high) if isfinite(high) else high)
    return of_kind("number")


def _max_or_min(node: nodes.Filter, look: Look) -> Possible:
    """`max` or `min` of a literal list, by the bounds of its items."""
    if not isinstance(node.node, (nodes.List, nodes.Tuple)) or node.args or node.kwargs:
        return ANYTHING
    items = [look(item, NOTHING) for item in node.node.items]
    if not items or not all(item.is_number for item in items):
        return ANYTHING
    chosen = min if node.name == "min" else max
    return within(chosen(item.low for item in items), chosen(item.high for item in items))


def _filtered_to_items(node: nodes.Filter, whole: Possible, look: Look) -> Possible:
    name, kind = node.name, _KIND_OF_FILTER[node.name]
    known = whole.items if whole.kinds <= _KINDS_OF_LIST else None
    if whole.values == ([],):
        known = NOTHING
    if name in _FILTERS_WITH_SAME_ITEMS or (
        known is not None and not known.kinds and name != "slice"
    ):
        return _list_of(kind, known)
    if name == "map":
        return _list_of(kind, _mapped_items(node, known or ANYTHING, look))
    if name in ("reject", "select"):
        return _list_of(kind, _selected_items(node, known or ANYTHING, look))
    return _list_of(kind, None)


def _list_of(kind: str, items: Possible | None) -> Possible:
    if kind == "array" and items is not None and not items.kinds:
        return only([])
    return Possible(kinds=frozenset((kind,)), items=items)


def _mapped_items(node: nodes.Filter, item: Possible, look: Look) -> Possible | None:
    """The items of `map('name', …)`: the results of that filter for each item."""
    name = _filter_name(node)
    if name is None:
        return None
    applied = nodes.Filter(nodes.Name(ITEM, "load"), name, node.args[1:], [], None, None)
    return look(applied, item)


def _selected_items(node: nodes.Filter, item: Possible, look: Look) -> Possible | None:
    """The items of `select('name', …)` or `reject`; nothing if no item can be chosen."""
    name = _filter_name(node)
    if name is None:
        return None
    test = nodes.Test(nodes.Name(ITEM, "load"), name, node.args[1:], [], None, None)
    return NOTHING if look(test, item).truths == {node.name == "reject"} else item


def _filter_name(node: nodes.Filter) -> str | None:
    """The name of the filter or test that `map` or `select` applies."""
    name = node.args[0] if node.args and not node.kwargs else None
    found = name.value if isinstance(name, nodes.Const) else None
    return found if isinstance(found, str) else None


def of_items(items: Sequence[Possible]) -> Possible:
    """The possible values of any of these items."""
    return reduce(either, items) if items else NOTHING


def tested(name: str, value: Possible, *, is_defined: bool) -> Possible:
    """The possible results of a test other than a comparison.

    `is_defined`: the value is that of a name. Any other value may be undefined, which has no kind.
    """
    if name in ("defined", "undefined") and is_defined:
        return only(name == "defined")
    kinds = _KINDS_PASSING_TEST.get(name)
    if kinds is None or (value.kinds & kinds and not is_defined):
        return TRUTH
    if value.kinds <= kinds:
        return only(True)
    return TRUTH if value.kinds & kinds else only(False)
