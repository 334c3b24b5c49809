"""Parquet with the columns of a sample, or of an export of Langfuse; by row group."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from promptops.errors import InputError, UsageError
from promptops.model.distribution import install_command
from promptops.model.sample import SAMPLE_KEYS, Part
from promptops.source.traffic.files import TrafficFile, open_file
from promptops.source.traffic.line_error import LineError
from promptops.source.traffic.line_reader import Facts
from promptops.source.traffic.readers import json, langfuse
from promptops.source.traffic.reading import Head, Read, Reading

_MAGIC = b"PAR1"
_ROWS = 500
"""Rows that are in memory at once."""

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
        with _table(part.location, part.path) as table:
            for group in range(part.start, part.end):
                yield from _of_group(table, group, reading)
        yield reading.end


def _of_group(table: Any, group: int, reading: Reading) -> Iterator[Read]:
    first = sum(table.metadata.row_group(before).num_rows for before in range(group))
    reading.offset = first
    read, columns = _format(table.schema_arrow.names, reading)
    rows = table.metadata.row_group(group).num_rows
    reading.lines += rows
    try:
        for reading.offset, row in enumerate(_rows(table, group, columns), first):
            yield from _samples(row, read, reading)
            yield from reading.noted()
    except LineError as error:
        yield reading.broken(error, lines=first + rows - reading.offset)


def _samples(row: Mapping[str, Any], read: ReadRow, reading: Reading) -> Iterator[Read]:
    try:
        found = read(row, reading)
    except LineError as error:
        found = [error]
    for facts in found:
        if isinstance(facts, LineError):
            yield reading.broken(facts)
        else:
            yield reading.sample(facts)


def _format(names: list[str], reading: Reading) -> tuple[ReadRow, list[str] | None]:
    """How rows become samples, and the columns to read; None for all."""
    if langfuse.row_like(dict.fromkeys(names)):
        return langfuse.facts_of_row, [name for name in names if name in langfuse.COLUMNS]
    reading.compare((name for name in names if name not in SAMPLE_KEYS), SAMPLE_KEYS, names)
    known = [name for name in names if name in SAMPLE_KEYS or name.startswith(_ATTRIBUTES)]
    return _facts_of_sample, None if reading.fields else known


def _facts_of_sample(row: Mapping[str, Any], reading: Reading) -> list[Facts]:
    return [json.facts_of_row(row, reading)]


def _rows(table: Any, group: int, columns: list[str] | None) -> Iterator[Mapping[str, Any]]:
    """The rows of a group as JSON data; LineError where it is damaged."""
    try:
        for batch in _batches(table, group, columns):
            names = batch.schema.names
            for cells in zip(*map(_cells, batch.columns), strict=True):
                yield dict(zip(names, cells, strict=True))
    except (ValueError, OverflowError, OSError, _arrow_error()) as error:
        reason = f"the rest of row group {group} is damaged: {type(error).__name__}"
        raise LineError(reason) from error


def _batches(table: Any, group: int, columns: list[str] | None) -> Iterator[Any]:
    """The rows of a group in small pieces; threads would need more memory than they save time."""
    given = {"row_groups": [group], "columns": columns, "use_threads": False}
    return iter(table.iter_batches(batch_size=_ROWS, **given))


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


READER = ParquetReader()
