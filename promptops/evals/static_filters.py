"""The possible results of filters and tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from math import ceil, floor, isfinite

from jinja2 import nodes

from promptops.evals.limits import MOST_CHARS
from promptops.evals.static_values import (
    ANYTHING,
    GENERATOR,
    NOTHING,
    TRUTH,
    Possible,
    either,
    of_kind,
    only,
    within,
)

Look = Callable[[nodes.Expr, Possible], Possible]
"""From an expression, and the possible values of the name `ITEM` in it, to its possible values."""

ITEM = "an item"  # no name of an expression has a blank

_KIND_OF: Mapping[str, str] = {
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
_SAME_ITEMS = frozenset(("list", "sort", "unique"))
_ANY_LIST = frozenset(("array", GENERATOR))
_KINDS_OF_TEST: Mapping[str, frozenset[str]] = {
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
    if name in _KIND_OF:
        return _of_kind(node, whole, arguments, look)
    if name in ("d", "default"):
        return either(whole, arguments[0] if arguments else only(""))
    if name in ("first", "last", "truncate") and whole.kinds == {"string"}:
        return of_kind("string")
    if name in ("first", "last"):
        return whole.items or ANYTHING
    return _largest(node, look) if name in ("max", "min") else ANYTHING


def _of_kind(
    node: nodes.Filter, whole: Possible, arguments: list[Possible], look: Look
) -> Possible:
    name, kind = node.name, _KIND_OF[node.name]
    if name == "reverse":
        return Possible(kinds=frozenset(map(_reversed, whole.kinds)), items=whole.items)
    if kind == "number":
        return _number(name, whole, arguments)
    return _items(node, whole, look) if kind in _ANY_LIST else of_kind(kind)


def _reversed(kind: str) -> str:
    """The kind of a reversed value: Jinja converts a generator to a list first."""
    return {"string": "string", GENERATOR: "array"}.get(kind, GENERATOR)


def _number(name: str, whole: Possible, arguments: list[Possible]) -> Possible:
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


def _largest(node: nodes.Filter, look: Look) -> Possible:
    """`max` or `min` of a literal list, by the bounds of its items."""
    if not isinstance(node.node, (nodes.List, nodes.Tuple)) or node.args or node.kwargs:
        return ANYTHING
    items = [look(item, NOTHING) for item in node.node.items]
    if not items or not all(item.is_number for item in items):
        return ANYTHING
    chosen = min if node.name == "min" else max
    return within(chosen(item.low for item in items), chosen(item.high for item in items))


def _items(node: nodes.Filter, whole: Possible, look: Look) -> Possible:
    name, kind = node.name, _KIND_OF[node.name]
    known = whole.items if whole.kinds <= _ANY_LIST else None
    if whole.values == ([],):
        known = NOTHING
    if name in _SAME_ITEMS or (known is not None and not known.kinds and name != "slice"):
        return _items_of_kind(kind, known)
    if name == "map":
        return _items_of_kind(kind, _mapped(node, known or ANYTHING, look))
    if name in ("reject", "select"):
        return _items_of_kind(kind, _chosen(node, known or ANYTHING, look))
    return _items_of_kind(kind, None)


def _items_of_kind(kind: str, items: Possible | None) -> Possible:
    if kind == "array" and items is not None and not items.kinds:
        return only([])
    return Possible(kinds=frozenset((kind,)), items=items)


def _mapped(node: nodes.Filter, item: Possible, look: Look) -> Possible | None:
    """The items of `map('name', …)`: the results of that filter for each item."""
    name = _filter_name(node)
    if name is None:
        return None
    applied = nodes.Filter(nodes.Name(ITEM, "load"), name, node.args[1:], [], None, None)
    return look(applied, item)


def _chosen(node: nodes.Filter, item: Possible, look: Look) -> Possible | None:
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
    kinds = _KINDS_OF_TEST.get(name)
    if kinds is None or (value.kinds & kinds and not is_defined):
        return TRUTH
    if value.kinds <= kinds:
        return only(True)
    return TRUTH if value.kinds & kinds else only(False)
