"""The names that a scope has, decided before it runs, as Jinja's compiler decides it.

A name that a scope sets before it reads it belongs to that scope from its beginning. A loop or a
macro inside it that runs before the `set` finds no value, and not the input of that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from weakref import WeakKeyDictionary

from jinja2 import nodes
from jinja2.compiler import find_undeclared
from jinja2.idtracking import VAR_LOAD_UNDEFINED, Symbols

MACRO_NAMES = ("caller", "kwargs", "varargs")
"""What a macro's body may use without declaring it, in the order in which Jinja passes them."""

NO_NAMES: frozenset[str] = frozenset()

_SETS_NAMES = re.compile(r"\{%[-+]?\s*(set|macro|import|from)\b")
_CALLED = (nodes.Macro, nodes.CallBlock)
_INNER = (*_CALLED, nodes.Block, nodes.AssignBlock, nodes.FilterBlock, nodes.With)

# By the node of the scope, then by the part of it; most scopes have none.
_UNSET: WeakKeyDictionary[nodes.Node, dict[str, frozenset[str]]] = WeakKeyDictionary()


def unset_at_start(node: nodes.Node, part: str = "") -> frozenset[str]:
    """The names of a scope that have no value when it begins, whatever the scopes around it hold.

    `part` is `body` or `else` of a loop. `node` is of a tree that `template.parse` made.
    """
    return _UNSET.get(node, {}).get(part, NO_NAMES)


def find_unset(source: str, tree: nodes.Template) -> None:
    """Find the names of `unset_at_start` in a template that was just parsed."""
    if _SETS_NAMES.search(source):
        _find_in_scope(tree, "", tree.body, Symbols())


def undeclared(node: nodes.Macro | nodes.CallBlock) -> set[str]:
    """Which of `MACRO_NAMES` the body of a macro uses without having declared them."""
    return find_undeclared(node.body, MACRO_NAMES)


def has_loop(node: nodes.For) -> bool:
    """Whether the scope of a loop has the name `loop`: something in it may use it."""
    if node.recursive or find_undeclared(node.body, ("loop",)):
        return True
    # A template that extends this one may replace a scoped block by one that uses it.
    return any(block.scoped for block in node.find_all(nodes.Block))


def _find_in_scope(
    node: nodes.Node, part: str, body: Sequence[nodes.Node], symbols: Symbols
) -> None:
    symbols.analyze_node(node, **({"for_branch": part} if part else {}))
    if isinstance(node, _CALLED):
        for name in undeclared(node):
            symbols.declare_parameter(name)
    unset = frozenset(
        name
        for name, target in symbols.refs.items()
        if symbols.loads.get(target, ("",))[0] == VAR_LOAD_UNDEFINED
    )
    if unset:
        _UNSET.setdefault(node, {})[part] = unset
    for child in body:
        _find_below(child, symbols)


def _find_below(node: nodes.Node, symbols: Symbols) -> None:
    for part, body in _parts(node):
        inner = Symbols(parent=None if isinstance(node, nodes.Block) else symbols)
        if part == "body":
            inner.declare_parameter("loop")
        _find_in_scope(node, part, body, inner)
    if not isinstance(node, (*_INNER, nodes.For)):
        for child in node.iter_child_nodes():
            _find_below(child, symbols)


def _parts(node: nodes.Node) -> Iterator[tuple[str, list[nodes.Node]]]:
    if isinstance(node, nodes.For):
        yield "body", node.body
        yield "else", node.else_
    elif isinstance(node, _INNER):
        yield "", node.body
