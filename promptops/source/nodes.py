"""Walks PyYAML's nodes by JSON pointer, and computes their spans."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptops.json_pointer import escaped, tokens
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.lines import Lines

Node = Any
"""A yaml.Node: `id` is "scalar", "sequence" or "mapping"; marks hold offsets in characters."""

_PROPERTIES = lazy_pattern(r"(?:[&!][^\s,\[\]{}]*[ \t]*)+")


@record(frozen=True, slots=True)
class FoundNode:
    """The node at a JSON pointer.

    Attributes:
        key: The node of its key; None for an item of a list and for the root.
        exact: False if there is no node at the pointer, and this is the nearest ancestor.
    """

    node: Node
    key: Node | None
    exact: bool


def find(root: Node, pointer: str) -> FoundNode:
    """The node at a JSON pointer, or its nearest ancestor."""
    node, key = root, None
    for token in tokens(pointer):
        step = _child(node, token)
        if step is None:
            return FoundNode(node, key, False)
        key, node = step
    return FoundNode(node, key, True)


def walk(node: Node, pointer: str = "") -> Iterator[tuple[str, Node | None, Node]]:
    """Each node below with its pointer and the node of its key, in the order of the file."""
    if node.id == "mapping":
        for key, value in node.value:
            if key.id == "scalar":  # a pointer can't name another kind of key
                below = f"{pointer}/{escaped(key.value)}"
                yield below, key, value
                yield from walk(value, below)
    elif node.id == "sequence":
        for index, item in enumerate(node.value):
            below = f"{pointer}/{index}"
            yield below, None, item
            yield from walk(item, below)


def scalar_nodes(root: Node) -> Iterator[Node]:
    """Each scalar, keys included, in the order of the file."""
    if root.id == "scalar":
        yield root
    elif root.id == "mapping":
        for key, value in root.value:
            yield from scalar_nodes(key)
            yield from scalar_nodes(value)
    else:
        for item in root.value:
            yield from scalar_nodes(item)


def span(found: FoundNode, lines: Lines, *, key: bool = False) -> Place:
    """A scalar as written, or a list or mapping up to the end of its first line."""
    node = found.key if key and found.key is not None and found.exact else found.node
    start, end = bounds(node, lines)
    if start == end and found.key is not None:  # an empty value: its key has a place
        start, end = bounds(found.key, lines)
    return lines.place(start, end)


def bounds(node: Node, lines: Lines) -> tuple[int, int]:
    """Offsets of a node without its tag and anchor and without trailing white space."""
    start, end = node.start_mark.index, node.end_mark.index
    properties = _PROPERTIES.match(lines.text, start, end)
    if properties:
        start = properties.end()
    if node.id != "scalar":
        end = min(end, lines.line_end(start))
    return start, start + len(lines.text[start:end].rstrip())


def end_of(node: Node, text: str) -> int:
    """The offset after the last character of a node, of whatever kind."""
    if node.id == "scalar" or node.flow_style or not node.value:
        start, end = int(node.start_mark.index), int(node.end_mark.index)
        return start + len(text[start:end].rstrip())
    children = node.value[-1] if node.id == "mapping" else (node.value[-1],)
    return max(end_of(child, text) for child in children)


_INDEXED = 32
"""A mapping with more keys gets an index: the places of all keys take one pass."""


def _index(node: Node) -> dict[str, tuple[Node, Node]]:
    """The key and value of each scalar key, the first of equal ones; kept at the node."""
    found: dict[str, tuple[Node, Node]] | None = getattr(node, "index", None)
    if found is None:
        found = {
            key.value: (key, value) for key, value in reversed(node.value) if key.id == "scalar"
        }
        node.index = found
    return found


def _child(node: Node, token: str) -> tuple[Node | None, Node] | None:
    if node.id == "mapping" and len(node.value) > _INDEXED:
        return _index(node).get(token)
    if node.id == "mapping":
        for key, value in node.value:
            if key.id == "scalar" and key.value == token:
                return key, value
    elif node.id == "sequence" and token.isdecimal() and int(token) < len(node.value):
        return None, node.value[int(token)]
    return None
