"""Facts about the nodes of a syntax tree, computed once for each node, and the names of a scope.

The names of a scope are determined before it runs, as in Jinja's compiler. A name that a scope sets
before it reads it belongs to that scope from the beginning. A loop or a macro inside it that runs
before the `set` finds no value, not the input of that name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from jinja2 import nodes
from jinja2.idtracking import VAR_LOAD_UNDEFINED, Symbols

from promptops.patterns import lazy_pattern
from promptops.records import record


def walk(node: nodes.Node) -> Iterator[nodes.Node]:
    """A node and all nodes below it, in order."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        waiting.extend(reversed(list(part.iter_child_nodes())))


@record(frozen=True, slots=True)
class Facts:
    """Facts about a node and all nodes below it.

    Attributes:
        size: The number of nodes.
        names: The names of `SPECIAL` that occur.
        undeclared: The names of `SPECIAL` that are read before they are declared, outside blocks.
        declared: The other names of `SPECIAL` that are declared, outside blocks.
        has_scoped_block: There is a block that sees the variables around it.
    """

    size: int
    names: frozenset[str]
    undeclared: frozenset[str]
    declared: frozenset[str]
    has_scoped_block: bool


_NONE: frozenset[str] = frozenset()
SPECIAL = frozenset(("caller", "kwargs", "loop", "self", "varargs"))
"""Names with a meaning of their own in Jinja."""


def facts(node: nodes.Node) -> Facts:
    """The facts of a node, cached in it, because each level of nested bodies needs them."""
    found: Facts | None = node.__dict__.get("facts")
    waiting = [] if found else [node]
    while waiting:
        part = waiting[-1]
        children = list(part.iter_child_nodes())
        missing = [child for child in children if "facts" not in child.__dict__]
        waiting.extend(missing)
        if not missing:
            below = [child.__dict__["facts"] for child in children]
            found = part.__dict__["facts"] = _facts(waiting.pop(), below)
    assert found is not None
    return found


_OF_PLAIN_LEAF = Facts(1, _NONE, _NONE, _NONE, False)


def _facts(node: nodes.Node, below: list[Facts]) -> Facts:
    own = frozenset((node.name,)) & SPECIAL if isinstance(node, nodes.Name) else _NONE
    if not (own or below or isinstance(node, nodes.Block)):
        return _OF_PLAIN_LEAF
    is_read = isinstance(node, nodes.Name) and node.ctx == "load"
    first = [(own, _NONE) if is_read else (_NONE, own)]
    first += [(child.undeclared, child.declared) for child in below]
    undeclared, declared = (_NONE, _NONE) if isinstance(node, nodes.Block) else _in_order(first)
    return Facts(
        1 + sum(child.size for child in below),
        own.union(*(child.names for child in below)),
        undeclared,
        declared,
        (isinstance(node, nodes.Block) and node.scoped)
        or any(child.has_scoped_block for child in below),
    )


def _in_order(
    parts: Iterable[tuple[frozenset[str], frozenset[str]]],
) -> tuple[frozenset[str], frozenset[str]]:
    """The undeclared names of all parts together, and the declared ones."""
    undeclared, declared = _NONE, _NONE
    for read, given in parts:
        undeclared |= read - declared
        declared |= given - undeclared
    return undeclared, declared


def undeclared(body: Iterable[nodes.Node]) -> frozenset[str]:
    """The names of `SPECIAL` that a body reads before it declares them."""
    parts = map(facts, body)
    return _in_order((part.undeclared, part.declared) for part in parts)[0]


def mentions(body: Iterable[nodes.Node], name: str) -> bool:
    """Whether a name of `SPECIAL` occurs anywhere in a body."""
    return any(name in facts(node).names for node in body)


MACRO_NAMES = ("caller", "kwargs", "varargs")
"""Names that a macro's body may use without declaring them, in the order of Jinja's arguments."""

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
