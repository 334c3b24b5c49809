"""Facts about the nodes of a syntax tree, computed once for each node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.records import record
from promptops.runtime.template import nodes


def walk(node: nodes.Node) -> Iterator[nodes.Node]:
    """A node and all nodes below it, in order."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        waiting.extend(reversed(list(part.children())))


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
    found: Facts | None = getattr(node, "facts", None)
    waiting = [] if found else [node]
    while waiting:
        part = waiting[-1]
        children = list(part.children())
        missing = [child for child in children if not hasattr(child, "facts")]
        waiting.extend(missing)
        if not missing:
            found = _facts(waiting.pop(), [child.facts for child in children])
            part.facts = found
    assert found is not None
    return found


_OF_PLAIN_LEAF = Facts(1, _NONE, _NONE, _NONE, False)


def _facts(node: nodes.Node, below: list[Facts]) -> Facts:
    own = frozenset((node.name,)) & SPECIAL if isinstance(node, nodes.Name) else _NONE
    if not (own or below or isinstance(node, nodes.Block)):
        return _OF_PLAIN_LEAF
    is_read = isinstance(node, nodes.Name) and not node.is_target
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


def macro_names(node: nodes.Macro | nodes.CallBlock) -> frozenset[str]:
    """The `MACRO_NAMES` that the body of a macro uses without declaring them."""
    return undeclared(node.body) & frozenset(MACRO_NAMES)


def has_loop(node: nodes.For) -> bool:
    """Whether the scope of a loop has the name `loop`, because something in it may use it."""
    if node.recursive or "loop" in undeclared(node.body):
        return True
    # A template that extends this one may replace a scoped block by one that uses it.
    return any(facts(part).has_scoped_block for part in (*node.body, *node.else_))
