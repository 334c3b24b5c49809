"""Reads the plain part of YAML that most prompt files use, faster than libyaml's events.

That is block mappings and lists whose values are on one row (words, numbers, quoted strings,
brackets) or `|` blocks. PyYAML creates an event with two marks for each value, which costs more
than all else. Everything else is left to PyYAML, and so are all files with a mistake.
"""

from __future__ import annotations

from typing import Any

from promptops.source.lines import Lines
from promptops.source.plain_rows import (
    BLOCK,
    JSON,
    NOTHING,
    SCALAR,
    Row,
    decoded,
    fresh_row,
    row_of,
)
from promptops.source.quick_value import WITH_TEMPLATES, NotPlainError, Scalars, may_be_misread

_MAX_DEPTH = 20
"""Of blocks; with that of brackets in a row less than `compose.MAX_DEPTH`."""


def plain_mapping(lines: Lines, scalars: Scalars) -> dict[str, Any]:
    """The value of a text without control characters: one mapping.

    Raises NotPlainError for an empty text, and for all that is not plain.

    Args:
        scalars: Filled with the strings below the key `messages`, except in brackets.
    """
    if may_be_misread(lines.text):
        raise NotPlainError
    return _Reader(lines, scalars).read()


class _Reader:
    """The block that the current row belongs to, and those around it."""

    def __init__(self, lines: Lines, scalars: Scalars) -> None:
        self._lines = lines
        self._rows = lines.text.split("\n")
        self._scalars = scalars
        self._root: dict[str, Any] = {}
        self._block: Any = self._root
        self._indent = 0
        self._blocks: list[tuple[int, Any]] = [(0, self._root)]
        self._key: str | None = None  # whose value may begin on the next row
        self._notes = False
        self._at = 0

    def read(self) -> dict[str, Any]:
        rows, count = self._rows, len(self._rows)
        while self._at < count:
            written = rows[self._at]
            body = written.lstrip(" ")
            self._at += 1
            if body and body[0] != "#":
                row = fresh_row(body) if self._notes else row_of(body)
                self._add(row, len(written) - len(body))
        if rows[-1] or not self._root:
            raise NotPlainError  # a block without its last newline
        return self._root

    def _add(self, row: Row, indent: int) -> None:
        item, key, kind, value, _, _ = row
        if self._key is not None:
            self._begin(self._key, indent, item)
        if indent != self._indent or bool(item) is not (type(self._block) is list):
            self._return_to(indent, item)
        if key is None:
            self._block.append(self._value(row))
            return
        if item:
            inner: dict[str, Any] = {}
            self._block.append(inner)
            self._enter(indent + item, inner)
        block = self._block
        if key in block:
            raise NotPlainError
        if block is self._root:
            self._notes = key == WITH_TEMPLATES
            if self._notes and kind == SCALAR:
                raise NotPlainError  # its string may be that of an equal row
        if kind == NOTHING:
            self._key = key
            block[key] = None
        else:
            block[key] = value if kind == SCALAR and not self._notes else self._value(row)

    def _begin(self, key: str, indent: int, item: int) -> None:
        """The row after a key without a value: a block, or the value is null."""
        self._key = None
        if indent > self._indent or (item and indent == self._indent):
            block: Any = [] if item else {}
            self._block[key] = block
            self._enter(indent, block)

    def _enter(self, indent: int, block: Any) -> None:
        if len(self._blocks) > _MAX_DEPTH:
            raise NotPlainError
        self._blocks.append((indent, block))
        self._indent, self._block = indent, block

    def _return_to(self, indent: int, item: int) -> None:
        blocks, kind = self._blocks, list if item else dict
        while blocks and (blocks[-1][0] > indent or type(blocks[-1][1]) is not kind):
            blocks.pop()
        if not blocks or blocks[-1][0] != indent:
            raise NotPlainError
        self._indent, self._block = blocks[-1]

    def _value(self, row: Row) -> Any:
        _, _, kind, value, start, length = row
        if kind == JSON:
            return decoded(value)
        if kind == BLOCK:
            return self._literal(row)
        if self._notes and type(value) is str:
            self._note(value, self._at - 1, start, length)
        return value

    def _note(self, value: str, at: int, start: int, length: int) -> None:
        if len(value) > 1:  # Python interns shorter strings
            written = self._rows[at]
            start += self._lines.starts[at] + _indentation(written)
            style = self._lines.text[start]
            self._scalars[id(value)] = (style if style in "|\"'" else "", start, start + length)

    def _literal(self, row: Row) -> str:
        """A `|` block: the rows below that are indented as the first of them."""
        rows, header, first = self._rows, self._at - 1, self._at
        while first < len(rows) and not rows[first]:
            first += 1
        indent = _indentation(rows[first]) if first < len(rows) else 0
        if indent <= self._indent:
            raise NotPlainError
        margin, end = " " * indent, first + 1
        while end < len(rows) and (rows[end].startswith(margin) or not rows[end]):
            end += 1
        text = "\n".join([each[indent:] for each in rows[self._at : end]])
        value: str = text.rstrip("\n") + row[3]
        if self._notes:
            self._note(value, header, row[4], 1)
        self._at = end
        return value


def _indentation(row: str) -> int:
    """The number of spaces before the text of a row; 0 for a row of spaces."""
    body = row.lstrip(" ")
    return len(row) - len(body) if body else 0
