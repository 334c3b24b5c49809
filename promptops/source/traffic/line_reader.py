"""Formats with one JSON object in each line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

from promptops.model.sample import BrokenLine, Part
from promptops.records import record
from promptops.source.traffic.documents import RowPlaces, document_in, rows_in
from promptops.source.traffic.files import TrafficFile, decompressed, is_gzip, open_file, size_of
from promptops.source.traffic.json_values import TOO_DEEP, value_of_line
from promptops.source.traffic.line_error import LineError
from promptops.source.traffic.lines import cuts, lines_of
from promptops.source.traffic.reading import Head, Read, Reading

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
