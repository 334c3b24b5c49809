"""The names of a scope, determined before it runs, as in Jinja's compiler.

A name that a scope sets before it reads it belongs to that scope from the beginning. A loop or a
macro inside it that runs before the `set` finds no value, not the input of that name.
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
    """The names of a scope without a value at its start, even if an enclosing scope has one.

    `part` is `body` or `else` of a loop. `node` belongs to a tree created by `template.parse`.
    """
    found: frozenset[str] = node.__dict__.get(f"unset {part}", NO_NAMES)
    return found


def find_unset(source: str, tree: nodes.Template) -> None:
    """Compute the names of `unset_at_start` for a newly parsed template."""
    if _SETS_NAMES.search(source):
        _find_in_scope(tree, "", tree.body, Symbols())


def macro_names(node: nodes.Macro | nodes.CallBlock) -> frozenset[str]:
    """The `MACRO_NAMES` that the body of a macro uses without declaring them."""
    return undeclared(node.body) & frozenset(MACRO_NAMES)


def has_loop(node: nodes.For) -> bool:
    """Whether the scope of a loop has the name `loop`, because something in it may use it."""
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
