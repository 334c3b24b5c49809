"""A YAML file as a value with places: the first of the three validation steps."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from promptops.json_pointer import parts_of
from promptops.model.finding import Problem
from promptops.model.place import Offsets, Place, Text
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.lines import Lines, explained
from promptops.source.values import Builder
from promptops.source.yaml_nodes import (
    STYLES,
    Node,
    bounds,
    compose,
    end_of,
    find,
    locator,
    scalar_nodes,
    span,
    walk,
)

MAX_BYTES = 1024 * 1024

_FORBIDDEN = lazy_pattern("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


_UNUSUAL = bytes((*range(0x09), 0x0B, 0x0C, 0x0D, *range(0x0E, 0x20), 0x7F))
"""Bytes that exclude the fast path for ASCII files: control characters and carriage returns."""


class Document:
    """A YAML file, as far as it could be parsed.

    Attributes:
        path: Relative to the repository root, forward slashes.
        text: Decoded, newlines as LF, without a byte order mark.
        value: Plain dicts, lists, strings, numbers, booleans; None if it can't be parsed.
        problems: SCH001, SCH003, SCH010, each at a place.
    """

    def __init__(
        self, lines: Lines, root: Node | None, value: Any, problems: list[Problem]
    ) -> None:
        self.path = lines.path
        self.text = lines.text
        self.value = value
        self.problems = tuple(problems)
        self._lines = lines
        self._root = root

    def place(self, pointer: str, key: bool = False, within: Offsets | None = None) -> Place:
        """The place of a value or, with `key`, of its key; see model.prompt.LocateWithin.

        Of a scalar as written, quotes included; of a `|` block from its header to its last line;
        of a list or mapping up to the end of its first line.
        """
        if self._root is None:
            return Place(self.path)
        if within is not None and self._scalar(pointer, key=key) is not None:
            return self.template(pointer, key=key).place(*within)
        return span(find(self._root, pointer), self._lines, key=key)

    def pointer_at(self, place: Place) -> str | None:
        """The pointer of the value, other than the whole, that has this place; None without one."""
        pointers = (pointer for pointer, _ in parts_of(self.value) if pointer)
        return next((pointer for pointer in pointers if self.place(pointer) == place), None)

    def whole(self, pointer: str) -> Place:
        """As `place`, of a list or mapping up to its last line."""
        if self._root is None:
            return Place(self.path)
        node = find(self._root, pointer).node
        return self._lines.place(bounds(node, self._lines)[0], end_of(node, self.text))

    def template(self, pointer: str, *, key: bool = False) -> Text:
        """A scalar's text and the place of each of its characters; "" if it is not a scalar."""
        node = self._scalar(pointer, key=key)
        if node is None:
            place = self.place(pointer)
            return Text(self.path, "", lambda _offset: (place.line, place.column))
        return Text(self.path, node.value, locator(node, self._lines))

    def style(self, pointer: str, *, key: bool = False) -> str:
        """How a scalar is written: plain, single, double, literal, folded; "" if not a scalar."""
        node = self._scalar(pointer, key=key)
        return STYLES.get(node.style or "", "plain") if node is not None else ""

    def spans_lines(self, pointer: str) -> bool:
        """Whether a value is written over several lines."""
        place = self.place(pointer)
        return place.end_line > place.line

    def scalars(self) -> Iterator[tuple[str, str, str]]:
        """Every scalar in the order of the file: pointer, "key" or "value", and its text."""
        if self._root is None:
            return
        for pointer, key, node in walk(self._root):
            if key is not None:
                yield pointer, "key", key.value
            if node.id == "scalar":
                yield pointer, "value", node.value

    @cached_property
    def comments(self) -> tuple[Comment, ...]:
        """The YAML comments in order; a `#` in a `|` block is text."""
        return comments(self._root, self._lines) if self._root is not None else ()

    def entry_line(self, line: int) -> int:
        """The 1-based line where the key or item begins that covers a line; else 0."""
        return entry_line(self._root, self._lines, line) if self._root is not None else 0

    def _scalar(self, pointer: str, *, key: bool) -> Node | None:
        if self._root is None:
            return None
        found = find(self._root, pointer)
        node = found.key if key else found.node
        return node if found.exact and node is not None and node.id == "scalar" else None


def read(path: str, data: bytes) -> Document:
    """Parse a prompt file: one mapping. Never raises; `problems` has all mistakes."""
    document = read_any(path, data)
    if document.value is None or isinstance(document.value, dict):
        if document.value is None and not document.problems:
            return _refused(document, "the file is empty")
        return document
    return _refused(document, "the file is not a mapping", "a prompt file begins with `format:`")


def read_any(path: str, data: bytes) -> Document:
    """Parse a YAML file whose root may be a list."""
    text, problems = decode(path, data)
    lines = Lines(path, text)
    if any(problem.hint != _BOM_HINT for problem in problems):
        return Document(lines, None, None, problems)
    root = compose(lines)
    if isinstance(root, Problem):
        return Document(lines, None, None, [*problems, *explained([root], lines)])
    builder = Builder(lines)
    value = builder.build(root)
    if value is None and builder.problems:  # too many aliases to walk them
        return Document(lines, None, None, [*problems, *builder.problems])
    problems += builder.problems
    problems.extend(tabs(root, lines))
    return Document(lines, root, value, problems)


_BOM_HINT = "save it as UTF-8 without a byte order mark"


def decode(path: str, data: bytes) -> tuple[str, list[Problem]]:
    """The text of a file, newlines as LF, without a byte order mark, and its problems.

    After any problem but a byte order mark there is no reason to continue.
    """
    if data.isascii() and len(data.translate(None, _UNUSUAL)) == len(data) <= MAX_BYTES:
        return data.decode("ascii"), []
    if len(data) > MAX_BYTES:
        return "", [
            _problem(Place(path), "the file is larger than 1 MB", "move text to other files")
        ]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _not_utf8(path, data, error.start)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    problems = []
    if text.startswith("\ufeff"):
        text = text[1:]
        problems.append(_problem(Place(path), "the file begins with a byte order mark", _BOM_HINT))
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        place = Lines(path, text).place(forbidden.start(), forbidden.end())
        problems.append(_control_character(place, forbidden[0]))
    return text, problems


def _not_utf8(path: str, data: bytes, offset: int) -> tuple[str, list[Problem]]:
    before = data[:offset].decode("utf-8").replace("\r\n", "\n")
    text = data.decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    place = Lines(path, text).place(len(before), len(before) + 1)
    return text, [_problem(place, "the file is not UTF-8", "save it as UTF-8")]


def _control_character(place: Place, char: str) -> Problem:
    name = "a NUL character" if char == "\0" else f"the control character U+{ord(char):04X}"
    return _problem(place, name, "remove it, or write it as an escape in double quotes")


def _problem(place: Place, message: str, hint: str | None = None) -> Problem:
    return Problem(message, at=place, hint=hint, code="SCH001")


def _refused(document: Document, message: str, hint: str | None = None) -> Document:
    problem = _problem(document.place(""), message, hint)
    return Document(document._lines, None, None, [*document.problems, problem])


# Parts of a YAML file outside of its values: comments, and tabs in wrong places.

_COMMENT = lazy_pattern(r"(?:^|[ \t])(#)", re.MULTILINE)


@record(frozen=True, slots=True)
class Comment:
    """A YAML comment.

    Attributes:
        line, column: 1-based, of its `#`.
        text: From the `#` to the end of the line, without trailing blanks.
        pointer: The JSON pointer of the key or item that it belongs to: in its own line or, for a
            comment on a separate line, in the next line with one, or "".
        cuts: The JSON pointer of the unquoted scalar that ends just before it, or "".
    """

    line: int
    column: int
    text: str
    pointer: str
    cuts: str = ""


def comments(root: Node, lines: Lines) -> tuple[Comment, ...]:
    """Every comment in order; a `#` within a text is not a comment."""
    if "#" not in lines.text:
        return ()
    entries = _entries(root, lines)
    numbers = sorted(entries)
    ends = {
        node.end_mark.index: pointer
        for pointer, _, node in walk(root)
        if node.id == "scalar" and not node.style
    }
    return tuple(
        Comment(
            *lines.position(start),
            lines.text[start:end].rstrip(),
            entries.get(_entry_line(start, lines, numbers), ""),
            ends.get(_end_of_value(start, lines.text), ""),
        )
        for start, end in _comment_spans(root, lines)
    )


def _end_of_value(start: int, text: str) -> int:
    """The end of what is written before a comment."""
    while start > 0 and text[start - 1] in " \t":
        start -= 1
    return start


def entry_line(root: Node, lines: Lines, line: int) -> int:
    """The last line, at or above a 1-based line, that begins a key or an item; else 0.

    A comment above it covers the entry and its whole value.
    """
    numbers = sorted(_entries(root, lines))
    index = bisect_right(numbers, line)
    return numbers[index - 1] if index else 0


def tabs(root: Node, lines: Lines) -> Iterator[Problem]:
    """Each tab that is not part of a text or a comment."""
    if "\t" not in lines.text:
        return
    spans = sorted([*_scalar_spans(root, lines), *_comment_spans(root, lines)])
    for match in re.finditer(r"\t+", lines.text):
        if not _covering(spans, match.start()):
            yield Problem(
                "a tab instead of spaces",
                at=lines.place(match.start(), match.end()),
                hint="use spaces",
                code="SCH001",
            )


def _comment_spans(root: Node, lines: Lines) -> Iterator[tuple[int, int]]:
    spans = _scalar_spans(root, lines)
    offset = 0
    while match := _COMMENT.search(lines.text, offset):
        start = match.start(1)
        covering = _covering(spans, start)
        if covering:
            offset = covering
        else:
            offset = lines.line_end(start)
            yield start, offset


def _scalar_spans(root: Node, lines: Lines) -> list[tuple[int, int]]:
    """Spans of the scalars in order; of a block scalar, without its header."""
    spans = []
    for node in scalar_nodes(root):
        start, end = node.start_mark.index, node.end_mark.index
        if node.style in ("|", ">"):
            start = min(lines.line_end(start) + 1, end)
        spans.append((start, end))
    return sorted(spans)


def _covering(spans: list[tuple[int, int]], offset: int) -> int:
    """The end of the span that contains an offset, or 0."""
    index = bisect_right(spans, (offset, len(spans) and spans[-1][1])) - 1
    if index >= 0 and spans[index][0] <= offset < spans[index][1]:
        return spans[index][1]
    return 0


def _entries(root: Node, lines: Lines) -> dict[int, str]:
    """The pointer of the entry that each line begins: in block style the innermost, in brackets
    the first."""
    block: dict[int, str] = {}
    flow: dict[int, str] = {}
    styles = {"": bool(root.id != "scalar" and root.flow_style)}
    for pointer, key, node in walk(root):
        parent_in_brackets = styles[pointer.rpartition("/")[0]]
        styles[pointer] = parent_in_brackets or bool(node.id != "scalar" and node.flow_style)
        line = lines.position((key or node).start_mark.index)[0]
        if parent_in_brackets:
            flow.setdefault(line, pointer)
        else:
            block[line] = pointer
    return {**flow, **block}


def _entry_line(start: int, lines: Lines, numbers: list[int]) -> int:
    """The line of the entry that a comment belongs to, or 0."""
    line = lines.position(start)[0]
    index = bisect_right(numbers, line)
    beside = bool(lines.text[lines.starts[line - 1] : start].strip())
    if index and (beside or numbers[index - 1] == line):  # or after an entry that began above
        return numbers[index - 1]
    return numbers[index] if index < len(numbers) else 0
