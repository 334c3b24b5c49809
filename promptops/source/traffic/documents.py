"""Files that are one JSON document over several lines, or one array."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, BinaryIO

from promptops.patterns import lazy_pattern
from promptops.source.traffic.files import decompressed
from promptops.source.traffic.json_values import value_of_line
from promptops.source.traffic.line_error import LineError
from promptops.source.traffic.lines import MAX_LINE_BYTES, lines_of

_BOM = b"\xef\xbb\xbf"


def document_in(file: BinaryIO) -> Any:
    """The JSON value of a whole file; None if it has a JSON object in its first line.

    None, too, for a file that is not one JSON document, or is longer than a line may be.
    """
    with decompressed(file) as lines:
        _, first = next(lines_of(lines, 0, None), (0, b"{}"))
        if isinstance(first, LineError) or not _begins_document(first):
            return None
        lines.seek(0)
        data = lines.read(MAX_LINE_BYTES + 1)
    try:
        value = value_of_line(data.removeprefix(_BOM))
    except LineError:
        return None
    return value if len(data) <= MAX_LINE_BYTES else None


class RowPlaces:
    """Where the rows of a document are; it is read again for the first one that is asked for."""

    __slots__ = ("_character", "_file", "_line_start", "_offset", "_row", "_rows", "_span", "_text")

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._text = ""
        self._rows: Iterator[tuple[int, int]] = iter(())
        self._row = -1
        self._span = (0, 0)
        self._character = self._offset = self._line_start = 0

    def place(self, row: int, key: str, is_only: bool) -> tuple[int, int]:
        """The offset in bytes and the 1-based column of a row, or of a key in it.

        `row` is 0-based, and not smaller than in the last call. `is_only` if the document is one
        row.
        """
        with suppress(RecursionError):  # the stack may be deeper here than for the first time
            if not self._text:
                self._read(is_only)
            while self._row < row:
                self._row += 1
                self._span = next(self._rows, self._span)
        start, end = self._span
        found = self._text.find(f'"{key}"', start, end) if key else -1
        self._go_to(max(found, start))
        return self._offset, self._character - self._line_start + 1

    def _read(self, is_only: bool) -> None:
        self._file.seek(0)
        data = self._file.read(MAX_LINE_BYTES)
        text = data.removeprefix(_BOM).decode(errors="replace")
        self._offset = len(_BOM) if data.startswith(_BOM) else 0
        self._rows = iter([_value_at(text, 0)]) if is_only else _spans_of_rows(text)
        self._text = text

    def _go_to(self, character: int) -> None:
        """Only forwards: from the start for each row would take too long."""
        between = self._text[self._character : character]
        self._offset += len(between.encode())
        if "\n" in between:
            self._line_start = self._character + between.rindex("\n") + 1
        self._character = max(self._character, character)


def rows_in(value: Any) -> list[Any]:
    """The rows of a document: the items of an array, or of a page that an API returns."""
    page = value.get("data") if isinstance(value, Mapping) else value
    return page if isinstance(page, list) else [value]


def _begins_document(line: bytes) -> bool:
    if not line.lstrip().startswith((b"{", b"[")):
        return False
    try:
        return not isinstance(value_of_line(line), dict)
    except LineError:
        return True


# The text of a document is valid JSON here.

_SPACE = lazy_pattern(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


def _spans_of_rows(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each row, in characters."""
    start = _after_space(text, 0)
    if text[start] == "{":  # of equal keys, the last one counts
        start = [at for name, at, _ in _members(text, start) if name == "data"][-1]
    return ((at, end) for _, at, end in _members(text, start))


def _members(text: str, start: int) -> Iterator[tuple[str, int, int]]:
    """Name, start and end of each value in an object; in an array the names are ""."""
    name, is_object = "", text[start] == "{"
    at = _after_space(text, start + 1)
    while text[at] not in "]}":
        if is_object:
            name, at = _DECODER.raw_decode(text, at)
            at = _after_space(text, at) + 1
        begin, end = _value_at(text, at)
        yield name, begin, end
        at = _after_space(text, end)
        at = _after_space(text, at + 1) if text[at] == "," else at


def _value_at(text: str, at: int) -> tuple[int, int]:
    """Start and end of the value after some white space."""
    start = _after_space(text, at)
    return start, _DECODER.raw_decode(text, start)[1]


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
