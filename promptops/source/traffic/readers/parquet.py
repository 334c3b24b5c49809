"""Parquet with the columns of a sample, or of an export of Langfuse; by row group."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, BinaryIO

from promptops.errors import InputError, UsageError
from promptops.model.distribution import install_command
from promptops.model.score import SAMPLE_KEYS, Part
from promptops.records import record
from promptops.source.traffic.files import TrafficFile, open_file
from promptops.source.traffic.parts import MAX_LINE_BYTES, Facts
from promptops.source.traffic.readers import json, langfuse, openinference
from promptops.source.traffic.reading import Head, Read, Reading
from promptops.source.traffic.values import TOO_DEEP, LineError

_MAGIC = b"PAR1"
_ROWS = 500
"""Rows that are in memory at once; fewer, if they may be long."""

_MAX_DECODED = 16 * 1024 * 1024
"""About the bytes of the rows that are in memory at once."""

_MAX_PAGE = 64 * 1024 * 1024
"""Bytes of a page, which is decompressed as a whole."""

_BUFFER_BYTES = 1 << 16
_ATTRIBUTES = ("gen_ai.prompt.", "promptops.")

ReadRow = Callable[[Mapping[str, Any], Reading], list[Facts]]


class ParquetReader:
    """A table; see `Reader`."""

    def recognises(self, head: Head) -> int:
        """By the first bytes."""
        return 4 if head.data.startswith(_MAGIC) else 0

    def parts(self, file: TrafficFile, size: int) -> Iterator[Part]:
        """A part for each row group, whatever its size."""
        with _table(file.location, file.path) as table:
            for group in range(table.metadata.num_row_groups):
                yield Part(
                    path=file.path,
                    location=file.location,
                    format="parquet",
                    start=group,
                    end=group + 1,
                )

    def read(self, part: Part, fields: Mapping[str, str]) -> Iterator[Read]:
        """The rows of the groups; `offset` is the number of rows before a row."""
        reading = Reading(part, fields)
        with _table(part.location, part.path) as table, open_file(part.location, part.path) as file:
            for group in range(part.start, part.end):
                yield from _of_group(table, file, group, reading)
        yield reading.end


def _of_group(table: Any, file: BinaryIO, group: int, reading: Reading) -> Iterator[Read]:
    first = sum(table.metadata.row_group(before).num_rows for before in range(group))
    reading.offset = first
    read, columns = _format(table.schema_arrow.names, reading)
    rows = table.metadata.row_group(group).num_rows
    reading.lines += rows
    try:
        at_once = _rows_at_once(table, file, group, columns)
        for reading.offset, row in enumerate(_rows(table, group, columns, at_once), first):
            yield from _samples(row, read, reading)
            yield from reading.noted()
    except LineError as error:
        yield reading.broken(error, lines=first + rows - reading.offset)


def _samples(row: Mapping[str, Any], read: ReadRow, reading: Reading) -> Iterator[Read]:
    try:
        _refuse_long_cells(row)
        found = read(row, reading)
    except LineError as error:
        found = [error]
    except RecursionError:
        found = [LineError(TOO_DEEP)]
    for facts in found:
        if isinstance(facts, LineError):
            yield reading.broken(facts)
        else:
            yield reading.sample(facts)


def _refuse_long_cells(row: Mapping[str, Any]) -> None:
    for name, cell in row.items():
        if isinstance(cell, str) and len(cell) > MAX_LINE_BYTES:
            raise LineError(f"`{name}` is {TOO_LONG_CELL}")


def _format(names: list[str], reading: Reading) -> tuple[ReadRow, list[str] | None]:
    """How rows become samples, and the columns to read; None for all."""
    if langfuse.row_like(dict.fromkeys(names)):
        return langfuse.facts_of_row, [name for name in names if name in langfuse.COLUMNS]
    if openinference.row_like(dict.fromkeys(names)):
        prefix = "attributes."
        known = [n for n in names if n in openinference.COLUMNS or n.startswith(prefix)]
        return openinference.facts_of_row, known
    reading.compare((name for name in names if name not in SAMPLE_KEYS), SAMPLE_KEYS, names)
    known = [name for name in names if name in SAMPLE_KEYS or name.startswith(_ATTRIBUTES)]
    return _facts_of_sample, None if reading.fields else known


def _facts_of_sample(row: Mapping[str, Any], reading: Reading) -> list[Facts]:
    return [json.facts_of_row(row, reading)]


def _rows(
    table: Any, group: int, columns: list[str] | None, at_once: int
) -> Iterator[Mapping[str, Any]]:
    """The rows of a group as JSON data; LineError where it is damaged."""
    try:
        for batch in _batches(table, group, columns, at_once):
            names = batch.schema.names
            for cells in zip(*map(_cells, batch.columns), strict=True):
                yield dict(zip(names, cells, strict=True))
    except (ValueError, OverflowError, OSError, _arrow_error()) as error:
        reason = f"the rest of row group {group} is damaged: {type(error).__name__}"
        raise LineError(reason) from error


def _batches(table: Any, group: int, columns: list[str] | None, at_once: int) -> Iterator[Any]:
    """The rows of a group in small pieces; threads would need more memory than they save time."""
    given = {"row_groups": [group], "columns": columns, "use_threads": False}
    return iter(table.iter_batches(batch_size=at_once, **given))


def _cells(column: Any) -> list[Any]:
    """The cells of a column; Python's times have no nanoseconds."""
    from pyarrow import timestamp, types

    if types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(timestamp("us", tz=column.type.tz), safe=False)
    cells: list[Any] = column.to_pylist()
    if types.is_map(column.type):
        cells = [None if cell is None else dict(cell) for cell in cells]
    return cells if types.is_string(column.type) else list(map(_data, cells))


def _data(cell: Any) -> Any:
    """A cell as JSON data. A struct has all its fields in every row, so that None means missing."""
    if cell is None or isinstance(cell, (str, int, float)):
        return cell
    if isinstance(cell, list) and cell and isinstance(cell[0], tuple):
        cell = dict(cell)  # a map in another column
    if isinstance(cell, dict):
        return {str(key): _data(item) for key, item in cell.items() if item is not None}
    if isinstance(cell, list):
        return [_data(item) for item in cell]
    return _written(cell)


def _written(cell: Any) -> Any:
    """A value of a type that JSON lacks."""
    if isinstance(cell, Decimal):
        return float(cell)
    if isinstance(cell, timedelta):
        return cell.total_seconds()
    if isinstance(cell, bytes):
        return cell.decode(errors="replace")
    return cell.isoformat() if isinstance(cell, date) else str(cell)


@contextmanager
def _table(location: str, path: str) -> Iterator[Any]:
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # the others keep freed memory
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        message = "cannot read Parquet without pyarrow"
        raise UsageError(message, where=path, hint=install_command("parquet")) from error
    with open_file(location, path) as file:
        try:
            table = ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER_BYTES)
        except (ValueError, OSError, _arrow_error()) as error:
            message = "not a Parquet file, or cut off: its footer can't be read"
            raise InputError(message, where=path) from error
        yield table


def _arrow_error() -> type[Exception]:
    from pyarrow import ArrowException

    error: type[Exception] = ArrowException
    return error


# The sizes of pages, from their headers: what would be too large is refused before it is decoded,
# because a page of some kilobytes may be decoded to gigabytes.

TOO_LONG_CELL = f"longer than {MAX_LINE_BYTES // 1024 // 1024} MB"
_DICTIONARY_PAGE = 2
_PREFIXES = 7  # an encoding in which a value repeats the beginning of the one before it
_HEADER_BYTES = (1 << 12, 1 << 20)
_DEPTH = 8


@record(frozen=True, slots=True, kw_only=True)
class _Page:
    """The header of a page.

    Attributes:
        size, stored: In bytes, decompressed and in the file.
        values: The number of its values.
        repeats: Each row may repeat a value that is in it once.
        header: The length of the header itself.
    """

    size: int
    stored: int
    values: int
    repeats: bool
    header: int


def _rows_at_once(table: Any, file: BinaryIO, group: int, columns: list[str] | None) -> int:
    """How many rows to decode together; LineError for a cell or a page that is too long."""
    metadata = table.metadata.row_group(group)
    row_bytes = 0.0
    for index in range(metadata.num_columns if metadata.num_rows else 0):
        chunk = metadata.column(index)
        name = chunk.path_in_schema.partition(".")[0]
        if columns is not None and name not in columns:
            continue
        try:
            row_bytes += _most_bytes_in_row(_pages(file, chunk), name, metadata.num_rows)
        except ValueError as error:
            reason = f"the rest of row group {group} is damaged: {error}"
            raise LineError(reason) from error
    return max(1, min(_ROWS, int(_MAX_DECODED / max(row_bytes, 1.0))))


def _most_bytes_in_row(pages: Iterator[_Page], name: str, rows: int) -> float:
    """About the size of the largest row of a column, if the values of a page are alike."""
    repeated, mean, values = 0, 0.0, 0
    for page in pages:
        if page.size > MAX_LINE_BYTES * max(page.values, 1):
            raise LineError(f"`{name}` has a cell {TOO_LONG_CELL}")
        if page.size > _MAX_PAGE:
            limit = _MAX_PAGE // 1024 // 1024
            raise LineError(f"`{name}` has a page over {limit} MB; write smaller pages")
        if page.repeats:
            repeated = max(repeated, page.size)
        else:
            mean = max(mean, page.size / max(page.values, 1))
            values += page.values
    return (repeated + mean) * max(1.0, values / max(rows, 1))


def _pages(file: BinaryIO, chunk: Any) -> Iterator[_Page]:
    """The pages of a column of a row group; ValueError for a damaged header."""
    at = chunk.data_page_offset
    if chunk.has_dictionary_page and 0 < (chunk.dictionary_page_offset or 0) < at:
        at = chunk.dictionary_page_offset
    end = at + chunk.total_compressed_size
    while at < end:
        page = _page_at(file, at)
        yield page
        at += page.header + page.stored


def _page_at(file: BinaryIO, at: int) -> _Page:
    for size in _HEADER_BYTES:
        file.seek(at)
        header = _Thrift(file.read(size))
        try:
            fields = header.struct()
            return _page(fields, header.at)
        except IndexError:
            continue
        except (KeyError, ValueError, TypeError, AttributeError):
            break
    raise ValueError("the header of a page")


def _page(fields: dict[int, Any], header: int) -> _Page:
    """Fields as numbered in parquet.thrift, `PageHeader`."""
    about = fields.get(5) or fields.get(7) or fields.get(8) or {}
    encoding = about.get(4 if 8 in fields else 2)
    if fields[2] < 0 or fields[3] < 0:
        raise ValueError(fields)
    return _Page(
        size=fields[2],
        stored=fields[3],
        values=about.get(1, 0),
        repeats=fields[1] == _DICTIONARY_PAGE or encoding == _PREFIXES,
        header=header,
    )


class _Thrift:
    """Reads a structure in Thrift's compact protocol; IndexError at the end of the data."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def struct(self, depth: int = _DEPTH) -> dict[int, Any]:
        """Numbers and structures by the number of their field; other values are skipped."""
        if not depth:
            raise ValueError("nested too deeply")
        found: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            found[number] = self._value(head & 15, depth)
        return found

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (1, 2):
            return kind == 1
        if kind in (4, 5, 6):
            return self._zigzag()
        if kind in (3, 7):
            return self._skip(1 if kind == 3 else 8)
        if kind == 8:
            return self._skip(self._varint())
        if kind == 12:
            return self.struct(depth - 1)
        raise ValueError(f"unexpected type {kind}")  # page headers have no lists and maps

    def _skip(self, length: int) -> None:
        self.at += length
        if self.at > len(self._data):
            raise IndexError

    def _byte(self) -> int:
        self.at += 1
        return self._data[self.at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 128:
            value |= (byte & 127) << shift
            shift += 7
            if shift > 63:
                raise ValueError("a number is too long")
        return value | byte << shift

    def _zigzag(self) -> int:
        value = self._varint()
        return value >> 1 ^ -(value & 1)


READER = ParquetReader()
