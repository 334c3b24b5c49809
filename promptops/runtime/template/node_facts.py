"""Facts about the nodes of a syntax tree, computed once for each node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jinja2 import nodes

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
"""Names that mean something by themselves."""


def facts(node: nodes.Node) -> Facts:
    """The facts of a node, cached in it, because each level of nested bodies needs them."""
    found: Facts | None = node.__dict__.get("facts")
    waiting = [] if found else [node]
    while waiting:
        part = waiting[-1]
        missing = [each for each in part.iter_child_nodes() if "facts" not in each.__dict__]
        waiting.extend(missing)
        if not missing:
            found = part.__dict__["facts"] = _facts(waiting.pop())
    assert found is not None
    return found


def _facts(node: nodes.Node) -> Facts:
    below = [facts(child) for child in node.iter_child_nodes()]
    own = frozenset((node.name,)) & SPECIAL if isinstance(node, nodes.Name) else _NONE
    is_read = isinstance(node, nodes.Name) and node.ctx == "load"
    first = [(own, _NONE) if is_read else (_NONE, own)]
    first += [(each.undeclared, each.declared) for each in below]
    undeclared, declared = (_NONE, _NONE) if isinstance(node, nodes.Block) else _in_order(first)
    return Facts(
        1 + sum(each.size for each in below),
        own.union(*(each.names for each in below)),
        undeclared,
        declared,
        (isinstance(node, nodes.Block) and node.scoped)
        or any(each.has_scoped_block for each in below),
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
    return _in_order((each.undeclared, each.declared) for each in parts)[0]


def mentions(body: Iterable[nodes.Node], name: str) -> bool:
    """Whether a name of `SPECIAL` occurs anywhere in a body."""
    return any(name in facts(node).names for node in body)
