"""JSON, or JSON Lines, with the same places as a YAML document."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from promptops.model.finding import Problem, Related
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.document import Document, decode
from promptops.source.lines import Lines, explained
from promptops.source.values import NO_JSON_NUMBER, is_json_number
from promptops.source.yaml_nodes import MAX_DEPTH, bounds

MAX_CASES = 5_000
"""Test cases in one file, each of which is rendered. Parsing ends after one more."""
_CLOSED = {"}": "object", "]": "array"}


@record(frozen=True, slots=True)
class TextOffset:
    """An offset in a text, counted in characters."""

    index: int


@record(slots=True)
class JsonNode:
    """A value of a JSON text, with the attributes of PyYAML's nodes.

    Attributes:
        start, end: Offsets. The marks are made of them when they are used: most nodes are not.
    """

    id: str
    value: Any
    start: int
    end: int
    style: str = ""
    tag: str = "quoted"
    flow_style: bool = True
    index: dict[str, tuple[Any, Any]] | None = None

    @property
    def start_mark(self) -> TextOffset:
        return TextOffset(self.start)

    @property
    def end_mark(self) -> TextOffset:
        return TextOffset(self.end)


_MOST_NODES = 64
"""So many lines keep their nodes: a run looks at the lines in turn."""


class LineNodes:
    """The nodes of the lines of a file, each created when it is used."""

    def __init__(self, lines: Lines, numbers: list[int]) -> None:
        self._lines = lines
        self._numbers = numbers
        self._nodes: dict[int, JsonNode] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: int) -> JsonNode:
        if index not in self._nodes:
            if len(self._nodes) >= _MOST_NODES:
                self._nodes.clear()
            start, _ = self._lines.row(self._numbers[index])
            self._nodes[index] = scan(self._lines.text, start)
        return self._nodes[index]

    def __iter__(self) -> Iterator[JsonNode]:
        return (self[index] for index in range(len(self)))


def read_lines(lines: Lines) -> tuple[JsonNode | None, list[Any], list[Problem]]:
    """Root node, values and problems of a file; empty lines are skipped.

    A line that is not JSON has no value.
    """
    values: list[Any] = []
    numbers: list[int] = []
    problems: list[Problem] = []
    for number, row in enumerate(lines.text.split("\n"), 1):
        if len(values) > MAX_CASES:
            break
        if row.strip():
            value, found = read_value(lines, *lines.row(number))
            problems += found
            if not found or found[0].code == "SCH003":
                values.append(value)
                numbers.append(number)
    root = JsonNode("sequence", LineNodes(lines, numbers), 0, len(lines.text))
    root.flow_style = False
    return root, values, problems


def read_value(lines: Lines, start: int, end: int) -> tuple[Any, list[Problem]]:
    """The JSON value between two offsets and its problems: SCH001, or SCH003 for each key."""
    row = lines.text[start:end]
    duplicate = False

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal duplicate
        result = dict(reversed(items))  # the first of equal keys counts
        duplicate = duplicate or len(result) < len(items)
        return {key: result[key] for key, _ in items}

    try:
        value = json.loads(row, object_pairs_hook=pairs, **STRICT)
        problem = refused(value, row)
    except json.JSONDecodeError as error:
        problem = mistake_in(row, error)
    except (ValueError, RecursionError) as error:
        problem = refusal(error), 0
    if problem is not None:
        message, offset = problem
        place = lines.place(start + offset, min(start + offset + 1, end))
        hint = _hint(row, offset) if message.startswith("not JSON") else None
        return None, [Problem(message, at=place, hint=hint, code="SCH001")]
    return value, list(_duplicates(lines, scan(lines.text, start))) if duplicate else []


_WORDS = {"None": "null", "True": "true", "False": "false", "NaN": "null", "undefined": "null"}


def _hint(row: str, offset: int) -> str | None:
    """How JSON writes what another language writes in this way."""
    if row.strip() == "{":
        return "write each value on one line"
    if row[offset : offset + 1] == "'":
        return "write double quotes"
    if row.startswith(("//", "/*", "#"), offset):
        return "JSON has no comments"
    if row.startswith(("\u201c", "\u201d"), offset):
        return "write straight quotes"
    meant = (written for word, written in _WORDS.items() if row.startswith(word, offset))
    return next((f"write `{word}`" for word in meant), None)


def mistake_in(row: str, error: json.JSONDecodeError) -> tuple[str, int]:
    """The error and its offset, as Python 3.13 reports it: a trailing comma by name."""
    before = row[: error.pos].rstrip(" \t\r\n")
    closed = _CLOSED.get(row[error.pos : error.pos + 1])
    if closed is not None and before.endswith(","):
        return f"not JSON: illegal trailing comma before end of {closed}", len(before) - 1
    return f"not JSON: {_lower(error.msg).replace('character at', 'character')}", error.pos


def refusal(error: ValueError | RecursionError) -> str:
    """Why a value with the limits of `STRICT` is refused; replaces Python's messages."""
    message = str(error)
    ours = "JSON has no" in message or message == NO_JSON_NUMBER
    return message if ours else "a value too large to read"


def _no_constant(name: str) -> Any:
    raise ValueError(f"JSON has no `{name}`")


def _finite(digits: str) -> int | float:
    number = int(digits) if digits.lstrip("-").isdecimal() else float(digits)
    if not is_json_number(number):
        raise ValueError(NO_JSON_NUMBER)
    return number


STRICT: dict[str, Any] = {
    "parse_constant": _no_constant,
    "parse_float": _finite,
    "parse_int": _finite,
}
"""For `json.loads`: ValueError for a number that Python accepts but JSON does not allow."""


def refused(value: Any, row: str) -> tuple[str, int] | None:
    """Why a value that Python can parse is refused, with the offset of the error."""
    opening = row.count("[") + row.count("{")
    if opening > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        return f"nested deeper than {MAX_DEPTH} levels", 0
    half = re.search(r"\\u[dD][89a-fA-F]", row)
    if half and any("\ud800" <= char <= "\udfff" for char in json.dumps(value, ensure_ascii=False)):
        return "half of a surrogate pair", half.start()
    return None


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [
            below for item in level for below in (item.values() if isinstance(item, dict) else item)
        ]
    return depth


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]


def _duplicates(lines: Lines, node: JsonNode) -> Iterator[Problem]:
    if node.id == "sequence":
        for item in node.value:
            yield from _duplicates(lines, item)
    if node.id == "mapping":
        first: dict[str, JsonNode] = {}
        for key, value in node.value:
            if first.setdefault(key.value, key) is not key:
                yield Problem(
                    f"duplicate key `{key.value}` in one object",
                    at=lines.place(*bounds(key, lines)),
                    hint="remove one",
                    related=(
                        Related(lines.place(*bounds(first[key.value], lines)), "the first one"),
                    ),
                    code="SCH003",
                )
            yield from _duplicates(lines, value)


_BLANK = lazy_pattern(r"[ \t\n\r]*")
_value_at = json.JSONDecoder().raw_decode
"""The value at an offset of a text, and the offset after it."""


def scan(text: str, start: int) -> JsonNode:
    """The node of a JSON value that was parsed before, which follows an offset of a text."""
    return _node(text, _after_blanks(text, start))


def _node(text: str, start: int) -> JsonNode:
    """The node of the value that begins at an offset."""
    value, end = _value_at(text, start)
    first = text[start]
    if first == '"':
        return JsonNode("scalar", value, start, end, first)
    if first not in "{[":
        return JsonNode("scalar", text[start:end], start, end)
    kind = "mapping" if first == "{" else "sequence"
    return JsonNode(kind, _Children(text, start), start, end)


class _Children(Sequence[Any]):
    """The items of a list, or the pairs of key and value of an object, found when they are used."""

    __slots__ = ("_found", "_start", "_text")

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._start = start
        self._found: list[Any] | None = None

    def __len__(self) -> int:
        return len(self._all())

    def __getitem__(self, index: Any) -> Any:
        return self._all()[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._all())

    def _all(self) -> list[Any]:
        if self._found is None:
            read = self._pair if self._text[self._start] == "{" else self._item
            self._found = list(self._read(read))
        return self._found

    def _read(self, read: Callable[[int], tuple[Any, int]]) -> Iterator[Any]:
        text = self._text
        offset = _after_blanks(text, self._start + 1)
        while text[offset] not in "]}":
            found, offset = read(offset)
            yield found
            offset = _after_blanks(text, offset)
            if text[offset] == ",":
                offset = _after_blanks(text, offset + 1)

    def _item(self, start: int) -> tuple[JsonNode, int]:
        node = _node(self._text, start)
        return node, node.end

    def _pair(self, start: int) -> tuple[tuple[JsonNode, JsonNode], int]:
        key, colon = self._item(start)
        colon = _after_blanks(self._text, colon)
        value, end = self._item(_after_blanks(self._text, colon + 1))
        return (key, value), end


def _after_blanks(text: str, offset: int) -> int:
    if text[offset : offset + 1] > " ":
        return offset
    match = _BLANK.match(text, offset)
    return match.end() if match else offset


# A JSON file as a value with places: schemas and tools that prompts use.


def read_json(path: str, data: bytes) -> Document:
    """Parse a file with one JSON value. Never raises; `problems` has all mistakes."""
    text, problems = decode(path, data)
    lines = Lines(path, text)
    if problems:
        return Document(lines, None, None, problems)
    value, problems = read_value(lines, 0, len(text))
    if any(problem.code == "SCH001" for problem in problems):
        return Document(lines, None, None, explained(problems, lines))
    return Document(lines, scan(text, 0), value, problems)


def json_value(path: str, data: bytes) -> tuple[Any, tuple[Problem, ...]]:
    """The value without places, which is faster, and the problems; None if it can't be parsed."""
    text, problems = decode(path, data)
    if problems:
        return None, tuple(problems)
    lines = Lines(path, text)
    value, problems = read_value(lines, 0, len(text))
    return value, tuple(explained(problems, lines))
