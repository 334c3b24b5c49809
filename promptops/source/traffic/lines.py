"""Lines of a part with their offsets, and where a file is cut into parts."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from gzip import BadGzipFile
from typing import BinaryIO

from promptops.source.traffic.line_error import LineError

MAX_LINE_BYTES = 8 * 1024 * 1024
"""Of a longer line only the length is read. Reading one takes about eight times its size."""

_BOM = b"\xef\xbb\xbf"
_CHUNK_BYTES = 1 << 16

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
    while piece := file.readline(_CHUNK_BYTES):
        length += len(piece)
        if piece.endswith(b"\n"):
            break
    return length


def _line_end(file: BinaryIO, at: int, total: int) -> int:
    """The offset after the first newline from the byte before `at` on, at most `total`."""
    at -= 1
    file.seek(at)
    while at < total:
        chunk = file.read(_CHUNK_BYTES)
        found = chunk.find(b"\n")
        if found >= 0:
            return min(at + found + 1, total)
        if not chunk:
            break
        at += len(chunk)
    return total
