"""The parts into which files of samples are cut, and the samples of each, line by line."""

from __future__ import annotations

import json
import shlex
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from gzip import BadGzipFile
from io import BufferedIOBase
from itertools import islice
from typing import Any, BinaryIO, cast

from promptops.errors import InputError
from promptops.model.score import BrokenLine, Part
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.traffic.files import TrafficFile, decompressed, is_gzip, open_file, size_of
from promptops.source.traffic.reading import (
    PART_BYTES,
    Head,
    Read,
    Reader,
    Reading,
    reader,
    reader_names,
)
from promptops.source.traffic.values import TOO_DEEP, LineError, value_of_line

AUTO = "auto"


def parts(
    files: Iterable[TrafficFile], format_name: str = AUTO, size: int = PART_BYTES
) -> Iterator[Part]:
    """The parts of all files in order, about `size` bytes each, cut where a line ends.

    With `auto`, each file has the format that its first lines show. Raises InputError for a file
    that can't be opened or recognised, UsageError for an unknown format.
    """
    for file in files:
        chosen = _recognised(file) if format_name == AUTO else reader(format_name)
        if chosen is not None:
            yield from chosen.parts(file, size)


def _recognised(file: TrafficFile) -> Reader | None:
    """The format of a file; None for an empty one."""
    head = head_of(file)
    if not head.data:
        return None
    first = next(iter(rows_in(head.row)), None)
    heads = [head, Head(head.data, first)] if isinstance(first, dict) else [head]
    readers = [(each, one) for one in heads for each in map(reader, reader_names())]
    best, shown = max(readers, key=lambda each: each[0].recognises(each[1]))
    if best.recognises(shown):
        return best
    message = "cannot recognise the format: no JSON object in the first lines"
    raise InputError(message, where=file.path, hint=_hint_for_unrecognised(file, head))


def _hint_for_unrecognised(file: TrafficFile, head: Head) -> str:
    if head.data.lstrip().startswith(b"["):
        command = f"jq -c '.[]' {shlex.quote(file.path)}"
        return f"an array is read if it is valid JSON of at most 8 MB; else: {command}"
    if head.data.lstrip().startswith(b"{"):
        return "a JSON document is read if it is valid and at most 8 MB; else write JSON Lines"
    return "write one JSON object in each line"


# The beginning of a file, by which its format is recognised.

_HEAD_LINES = 20
_HEAD_BYTES = 64


def head_of(file: TrafficFile) -> Head:
    """The first bytes as they are in the file, and its first object: of the first lines, or of a
    document.
    """
    with open_file(file.location, file.path) as opened:
        data = opened.read(_HEAD_BYTES)
        document = document_in(opened)
        if isinstance(document, list):
            document = next((item for item in document if isinstance(item, dict)), None)
        if isinstance(document, dict):
            return Head(data, document)
        with decompressed(opened) as stream:
            lines = islice(lines_of(stream, 0, None), _HEAD_LINES)
            return Head(data, next(iter(_json_objects(line for _, line in lines)), None))


def _json_objects(lines: Iterable[bytes | LineError]) -> Iterable[Mapping[str, Any]]:
    for line in lines:
        if isinstance(line, LineError):
            continue
        try:
            row = value_of_line(line)
        except LineError:
            continue
        if isinstance(row, dict):
            yield row


# Read the samples of one part.

_NO_FIELDS: Mapping[str, str] = {}


def samples(part: Part, fields: Mapping[str, str] = _NO_FIELDS) -> Iterator[Read]:
    """The samples of a part in the order of the file; `PartEnd` comes last.

    Lines that can't be read come between them as `BrokenLine`, and keys that are nearly known ones
    as `SimilarKey`. `fields` has JSON pointers by the names in `model.sample.FIELD_NAMES`. Raises
    InputError for a file that can't be opened (any more), UsageError for a missing package.
    """
    return reader(part.format).read(part, fields)


# From an offset to a line; computed only for the few lines that a report shows.

_CHUNK_BYTES = 1 << 20
_PARQUET = b"PAR1"


def line_at(location: str, offset: int) -> int:
    """The 1-based line of an offset of a file, or the row of a Parquet file.

    See `offset` and `location` in `model.sample`. The file is read up to the offset.
    """
    with open_file(location) as file:
        if file.read(len(_PARQUET)) == _PARQUET:
            return offset + 1
        with decompressed(file) as lines:
            return _newlines(lines, offset) + 1


def _newlines(file: BinaryIO, left: int) -> int:
    """The number of newlines in the next bytes."""
    found = 0
    while left > 0 and (chunk := _chunk(file, min(left, _CHUNK_BYTES))):
        found += chunk.count(b"\n")
        left -= len(chunk)
    return found


def _chunk(file: BinaryIO, size: int) -> bytes:
    try:
        return cast(BufferedIOBase, file).read1(size)
    except (EOFError, BadGzipFile, zlib.error):
        return b""


# Samples of a file, line by line, or as one JSON document.

MAX_LINE_BYTES = 8 * 1024 * 1024
"""Of a longer line only the length is read. Reading one takes about eight times its size."""

_BOM = b"\xef\xbb\xbf"
_LINES_CHUNK_BYTES = 1 << 16

TOO_LONG = f"longer than {MAX_LINE_BYTES // 1024 // 1024} MB; write fewer records in a line"


def lines_of(
    file: BinaryIO, start: int, end: int | None
) -> Iterator[tuple[int, bytes | LineError]]:
    """The lines that begin from `start` on and before `end`, each with its offset.

    Empty lines are skipped. A line has its newline, unless the file ends in it. A line that can't
    be read is a LineError.
    """
    offset = start
    while end is None or offset < end:
        line, length = _next(file)
        if isinstance(line, LineError):
            yield offset, line
        elif line and not line.isspace():
            yield offset, line[len(_BOM) :] if offset == 0 and line.startswith(_BOM) else line
        if length == 0:
            return
        offset += length


def cuts(file: BinaryIO, total: int, size: int) -> Iterator[tuple[int, int]]:
    """Start and end of parts of at least `size` bytes, each cut after a newline."""
    start = 0
    while start < total:
        end = _line_end(file, min(start + size, total), total)
        yield start, end
        start = end


def _next(file: BinaryIO) -> tuple[bytes | LineError, int]:
    """The next line, or why it can't be read, and its length; 0 where reading ends."""
    try:
        line = file.readline(MAX_LINE_BYTES)
        if len(line) < MAX_LINE_BYTES or line.endswith(b"\n"):
            return line, len(line)
        return LineError(TOO_LONG), len(line) + _rest(file)
    except EOFError:
        return LineError("the compressed data ends early"), 0
    except (BadGzipFile, zlib.error):
        return LineError("the rest of the compressed data is damaged"), 0


def _rest(file: BinaryIO) -> int:
    """The length of the rest of a line, which is skipped."""
    length = 0
    while piece := file.readline(_LINES_CHUNK_BYTES):
        length += len(piece)
        if piece.endswith(b"\n"):
            break
    return length


def _line_end(file: BinaryIO, at: int, total: int) -> int:
    """The offset after the first newline from the byte before `at` on, at most `total`."""
    at -= 1
    file.seek(at)
    while at < total:
        chunk = file.read(_LINES_CHUNK_BYTES)
        found = chunk.find(b"\n")
        if found >= 0:
            return min(at + found + 1, total)
        if not chunk:
            break
        at += len(chunk)
    return total


# Formats with one JSON object in each line.

Row = Mapping[str, Any]
Facts = dict[str, Any] | LineError


@record(frozen=True, slots=True, kw_only=True)
class LineReader:
    """A format of JSON Lines, also compressed with gzip.

    Attributes:
        format: Its name.
        row_like: How surely an object is a line of this format; 0 if it is not.
        facts: The fields of each sample in a line, by name, or why this one can't be read. Raises
            LineError if none of the line can.
    """

    format: str
    row_like: Callable[[Row], int]
    facts: Callable[[Row, Reading], list[Facts]]

    def recognises(self, head: Head) -> int:
        """See `Reader`."""
        return self.row_like(head.row) if head.row is not None else 0

    def parts(self, file: TrafficFile, size: int) -> Iterator[Part]:
        """See `Reader`; a compressed file is one part."""
        named: dict[str, Any] = {
            "path": file.path,
            "location": file.location,
            "format": self.format,
        }
        with open_file(file.location, file.path) as opened:
            compressed, is_document = is_gzip(opened), document_in(opened) is not None
            total = size_of(opened)
            whole = compressed or is_document
            for start, end in [(0, total)] if whole else cuts(opened, total, size):
                yield Part(**named, start=start, end=end, gzip=compressed, document=is_document)

    def read(self, part: Part, fields: Mapping[str, str]) -> Iterator[Read]:
        """See `Reader`."""
        reading = Reading(part, fields)
        with opened_part(part) as file:
            if part.document:
                yield from self._of_document(file, reading)
            else:
                yield from self._of_lines(file, reading)
        yield reading.end

    def _of_lines(self, file: BinaryIO, reading: Reading) -> Iterator[Read]:
        part = reading.part
        for offset, line in lines_of(file, part.start, None if part.gzip else part.end):
            reading.offset = offset
            reading.lines += 1
            yield from self._of_line(line, reading)
            if reading.similar:
                yield from reading.noted()

    def _of_line(self, line: bytes | LineError, reading: Reading) -> list[Read]:
        """All samples of a line, and what of it can't be read."""
        try:
            if isinstance(line, LineError):
                raise line
            row = value_of_line(line)
            if isinstance(row, dict) and self._is_page(row):
                return [
                    read for item in rows_in(row) for read in self._samples(item, line, reading)
                ]
        except LineError as error:
            return [_broken(error, line, reading)]
        return self._samples(row, line, reading)

    def _of_document(self, file: BinaryIO, reading: Reading) -> Iterator[Read]:
        value = document_in(file)
        is_one = isinstance(value, dict) and not self._is_page(value)
        places = RowPlaces(file)
        reading.row_place = lambda key: places.place(reading.row, key, is_one)
        rows = [value] if is_one else rows_in(value)
        for reading.row, row in enumerate(rows):
            reading.lines += 1
            yield from self._samples(row, b"", reading)
            yield from reading.noted()

    def _is_page(self, value: Row) -> bool:
        """Whether it is no row of this format, but has rows of it, as an API returns them."""
        items = value.get("data")
        first = items[0] if isinstance(items, list) and items else None
        if not isinstance(first, dict):
            return False
        return self.row_like(first) > self.row_like(value)

    def _samples(self, row: Any, line: bytes | LineError, reading: Reading) -> list[Read]:
        """All samples of a row, and what of it can't be read."""
        try:
            if not isinstance(row, dict):
                raise LineError("not a JSON object")
            found = self.facts(row, reading)
        except LineError as error:
            return [_broken(error, line, reading)]
        except RecursionError:
            return [_broken(LineError(TOO_DEEP), line, reading)]
        return [
            _broken(facts, line, reading) if isinstance(facts, LineError) else reading.sample(facts)
            for facts in found
        ]


@contextmanager
def opened_part(part: Part) -> Iterator[BinaryIO]:
    """The file of a part of lines, at its start, decompressed."""
    with open_file(part.location, part.path) as file, decompressed(file) as lines:
        lines.seek(part.start)
        yield lines


def _broken(error: LineError, line: bytes | LineError, reading: Reading) -> BrokenLine:
    if reading.row_place is not None:
        offset, column = reading.row_place(error.key)
        return reading.broken(error, column, offset=offset)
    if isinstance(line, LineError):
        return reading.broken(error, error.column)
    if not line.endswith(b"\n") and error.message.startswith("not JSON"):
        error = LineError("not JSON: the file ends inside this line", column=error.column)
    column = line.decode(errors="replace").find(f'"{error.key}"') + 1 if error.key else error.column
    return reading.broken(error, max(column, 1))


# Files that are one JSON document over several lines, or one array.


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
_DOCUMENT_DECODER = json.JSONDecoder()


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
            name, at = _DOCUMENT_DECODER.raw_decode(text, at)
            at = _after_space(text, at) + 1
        begin, end = _value_at(text, at)
        yield name, begin, end
        at = _after_space(text, end)
        at = _after_space(text, at + 1) if text[at] == "," else at


def _value_at(text: str, at: int) -> tuple[int, int]:
    """Start and end of the value after some white space."""
    start = _after_space(text, at)
    return start, _DOCUMENT_DECODER.raw_decode(text, start)[1]


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
