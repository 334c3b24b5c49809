"""The parts into which files of samples are cut, and the samples of one part."""

from __future__ import annotations

import shlex
import zlib
from collections.abc import Iterable, Iterator, Mapping
from gzip import BadGzipFile
from io import BufferedIOBase
from itertools import islice
from typing import Any, BinaryIO, cast

from promptops.errors import InputError
from promptops.model.sample import Part
from promptops.source.traffic.files import TrafficFile, decompressed, open_file
from promptops.source.traffic.lines import document_in, lines_of, rows_in
from promptops.source.traffic.reading import PART_BYTES, Head, Read, Reader, reader, reader_names
from promptops.source.traffic.values import LineError, value_of_line

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
    return "name it with `--from`, or write one JSON object in each line"


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
