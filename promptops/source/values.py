"""Converts PyYAML's nodes to plain values, by the rules of YAML 1.2's core schema."""

from __future__ import annotations

import math
from typing import Any

from promptops.model.finding import Problem, Related
from promptops.patterns import lazy_pattern
from promptops.records import field, record
from promptops.source.lines import Lines
from promptops.source.yaml_nodes import Node, bounds, loader, without_surprises

MAX_DIGITS = 400
"""Longest number in characters; longer ones are probably text without quotes."""

NO_JSON_NUMBER = "a number that JSON does not allow"

MAX_EXPANDED = 10_000
"""Nodes of a document with expanded aliases; larger documents are refused."""

_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = lazy_pattern(r"[-+]?[0-9]+")
_FLOAT = lazy_pattern(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASED = lazy_pattern(r"0o[0-7]+|0x[0-9a-fA-F]+")
_SPECIAL = lazy_pattern(r"([-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NUMERIC = frozenset("+-.0123456789")
_ANCHOR = lazy_pattern(r"(?:![^\s]*\s+)?&")
_PROPERTY = lazy_pattern(r"&[^\s,\[\]{}]+|![^\s,\[\]{}]*")


def plain_value(text: str) -> Any:
    """The value of an unquoted scalar: `NO` is text, `010` is ten, `0o17` fifteen, `~` null."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC or len(text) > MAX_DIGITS:
        return text
    return _number(text)


def _number(text: str) -> Any:
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _BASED.fullmatch(text):
        return int(text[2:], 8 if text[1] == "o" else 16)
    special = _SPECIAL.fullmatch(text)
    if special:
        return float((special[1] or "") + "inf") if text[-1] in "fF" else float("nan")
    return text


def is_json_number(value: int | float) -> bool:
    """Whether every JSON reader can represent a number: it is finite, also as a float."""
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond all floats
        return False


_READ_AS_PLAIN = frozenset(
    ("plain", *(f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "float", "null")))
)
"""The tags of scalars that may be more than text, also where they are written out."""


@record(slots=True)
class Builder:
    """Converts a node tree to a value and collects its problems.

    Attributes:
        problems: SCH001 for tags, keys that are not text and numbers without end, SCH003, SCH010.
    """

    lines: Lines
    problems: list[Problem] = field(default_factory=list)

    def build(self, root: Node) -> Any:
        """The value; None if its aliases make it too large or endless."""
        if "&" in self.lines.text and any(self._anchored(node) for node in _once(root)):
            self._refuse_aliases()
            if _expanded(root) > MAX_EXPANDED:
                return None
        return self._value(root)

    def _value(self, node: Node) -> Any:
        if self.lines.text[node.start_mark.index : node.start_mark.index + 1] in ("!", "&"):
            self._properties(node)
        kind = node.id
        if kind == "scalar":
            return self._plain(node) if node.tag in _READ_AS_PLAIN else node.value
        if kind == "sequence":
            return [self._value(item) for item in node.value]
        return self._mapping(node)

    def _plain(self, node: Node) -> Any:
        value = plain_value(node.value)
        if isinstance(value, int | float) and not is_json_number(value):
            self._refuse("SCH001", NO_JSON_NUMBER, node, "write a finite number, or quote it")
        return value

    def _mapping(self, node: Node) -> dict[str, Any]:
        """The first of equal keys counts; a key is always text."""
        result: dict[str, Any] = {}
        duplicates: list[Node] = []
        for key, value in node.value:
            if key.id != "scalar":
                self._no_text(node, key)
                continue
            name = key.value
            if name in result:
                duplicates.append(key)
            elif name == "<<" and key.tag == "plain":
                self._refuse("SCH010", "a merge key", key, "write the keys out")
            else:
                if self.lines.text[key.start_mark.index : key.start_mark.index + 1] in ("!", "&"):
                    self._properties(key)
                result[name] = self._value(value)
        if duplicates:
            self._duplicates(node, duplicates)
        return result

    def _duplicates(self, node: Node, duplicates: list[Node]) -> None:
        firsts = {key.value: key for key, _ in reversed(node.value) if key.id == "scalar"}
        for key in duplicates:
            first = self.lines.place(*bounds(firsts[key.value], self.lines))
            self.problems.append(
                Problem(
                    f"duplicate key `{key.value}` in one mapping",
                    at=self.lines.place(*bounds(key, self.lines)),
                    hint="remove one: YAML readers disagree about which counts",
                    related=(Related(first, "the first one"),),
                    code="SCH003",
                )
            )

    def _no_text(self, node: Node, key: Node) -> None:
        from promptops.source.yaml_errors import unquoted_template

        start = node.start_mark.index
        if self.lines.text.startswith("{{", start):
            end = min(node.end_mark.index, self.lines.line_end(start))
            self.problems.append(unquoted_template(self.lines, start, end))
        else:
            self._refuse("SCH001", "a key that is not text", key, "keys are names")

    def _properties(self, node: Node) -> None:
        """Reports an explicit tag; anchors were reported before."""
        start = node.start_mark.index
        if node.id == "mapping" and node.value and node.value[0][0].start_mark.index == start:
            return
        while match := _PROPERTY.match(self.lines.text, start):
            if match[0].startswith("!"):
                self.problems.append(
                    Problem(
                        f"the tag `{match[0]}`",
                        at=self.lines.place(match.start(), match.end()),
                        hint="remove it; quote what must be text",
                        code="SCH001",
                    )
                )
            start = match.end() + len(_blanks(self.lines.text, match.end()))

    def _refuse(self, code: str, message: str, node: Node, hint: str) -> None:
        place = self.lines.place(*bounds(node, self.lines))
        self.problems.append(Problem(message, at=place, hint=hint, code=code))

    def _anchored(self, node: Node) -> bool:
        return bool(_ANCHOR.match(self.lines.text, node.start_mark.index))

    def _refuse_aliases(self) -> None:
        """Every anchor and every alias, from the events: nodes have no places of aliases."""
        import yaml

        parser = loader()(without_surprises(self.lines.text, loader())[0])
        while parser.check_event():
            event = parser.get_event()
            name = getattr(event, "anchor", None)
            if name is None:
                continue
            alias = isinstance(event, yaml.AliasEvent)
            mark = "*" if alias else "&"
            start = self.lines.text.index(mark, event.start_mark.index)
            self.problems.append(
                Problem(
                    f"the {'alias' if alias else 'anchor'} `{mark}{name}`",
                    at=self.lines.place(start, start + len(name) + 1),
                    hint="repeat the text itself, so that a diff shows every change",
                    code="SCH010",
                )
            )


def _blanks(text: str, offset: int) -> str:
    end = offset
    while text[end : end + 1] in (" ", "\n", "\t"):
        end += 1
    return text[offset:end]


def _once(root: Node) -> list[Node]:
    """Every node once, however many aliases name it."""
    nodes: dict[int, Node] = {}
    stack = [root]
    while stack:
        node = stack.pop()
        if id(node) not in nodes:
            nodes[id(node)] = node
            stack.extend(_below(node))
    return list(nodes.values())


def _below(node: Node) -> list[Node]:
    if node.id == "sequence":
        return list(node.value)
    return [part for pair in node.value for part in pair] if node.id == "mapping" else []


def _expanded(root: Node) -> int:
    """The number of nodes with all aliases expanded; beyond the limit if endless."""
    sizes: dict[int, int] = {}

    def size(node: Node) -> int:
        if id(node) not in sizes:
            sizes[id(node)] = MAX_EXPANDED + 1  # replaced below, unless the node contains itself
            sizes[id(node)] = 1 + sum(size(part) for part in _below(node))
        return sizes[id(node)]

    return size(root)
