"""From an offset to a line; computed only for the few lines that a report shows."""

from __future__ import annotations

import zlib
from gzip import BadGzipFile
from io import BufferedIOBase
from typing import BinaryIO, cast

from promptops.source.traffic.files import decompressed, open_file

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
