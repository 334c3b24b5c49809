"""The names that a scope has, decided before it runs, as Jinja's compiler decides it.

A name that a scope sets before it reads it belongs to that scope from its beginning. A loop or a
macro inside it that runs before the `set` finds no value, and not the input of that name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jinja2 import nodes
from jinja2.idtracking import VAR_LOAD_UNDEFINED, Symbols

from promptops.patterns import lazy_pattern
from promptops.runtime.template.node_facts import facts, undeclared

MACRO_NAMES = ("caller", "kwargs", "varargs")
"""What a macro's body may use without declaring it, in the order in which Jinja passes them."""

NO_NAMES: frozenset[str] = frozenset()

_SETS_NAMES = lazy_pattern(r"\{%[-+]?\s*(set|macro|import|from)\b")
_CALLED = (nodes.Macro, nodes.CallBlock)
_INNER = (*_CALLED, nodes.Block, nodes.AssignBlock, nodes.FilterBlock, nodes.With)


def unset_at_start(node: nodes.Node, part: str = "") -> frozenset[str]:
    """The names of a scope that have no value when it begins, whatever the scopes around it hold.

    `part` is `body` or `else` of a loop. `node` is of a tree that `template.parse` made.
    """
    found: frozenset[str] = node.__dict__.get(f"unset {part}", NO_NAMES)
    return found


def find_unset(source: str, tree: nodes.Template) -> None:
    """Find the names of `unset_at_start` in a template that was just parsed."""
    if _SETS_NAMES.search(source):
        _find_in_scope(tree, "", tree.body, Symbols())


def macro_names(node: nodes.Macro | nodes.CallBlock) -> frozenset[str]:
    """Which of `MACRO_NAMES` the body of a macro uses without having declared them."""
    return undeclared(node.body) & frozenset(MACRO_NAMES)


def has_loop(node: nodes.For) -> bool:
    """Whether the scope of a loop has the name `loop`: something in it may use it."""
    if node.recursive or "loop" in undeclared(node.body):
        return True
    # A template that extends this one may replace a scoped block by one that uses it.
    return any(facts(part).has_scoped_block for part in (*node.body, *node.else_))


def _find_in_scope(
    node: nodes.Node, part: str, body: Sequence[nodes.Node], symbols: Symbols
) -> None:
    symbols.analyze_node(node, **({"for_branch": part} if part else {}))
    if isinstance(node, _CALLED):
        for name in macro_names(node):
            symbols.declare_parameter(name)
    unset = frozenset(
        name
        for name, target in symbols.refs.items()
        if symbols.loads.get(target, ("",))[0] == VAR_LOAD_UNDEFINED
    )
    if unset:
        node.__dict__[f"unset {part}"] = unset
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
