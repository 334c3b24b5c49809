"""The beginning of a file, by which its format is recognised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from promptops.source.traffic.files import TrafficFile, decompressed, open_file
from promptops.source.traffic.json_values import value_of_line
from promptops.source.traffic.line_error import LineError
from promptops.source.traffic.lines import lines_of
from promptops.source.traffic.reading import Head

_LINES = 20
_HEAD_BYTES = 64


def head_of(file: TrafficFile) -> Head:
    """The first bytes as they are in the file, and the first object of the first lines."""
    with open_file(file.location, file.path) as opened:
        data = opened.read(_HEAD_BYTES)
        with decompressed(opened) as stream:
            lines = islice(lines_of(stream, 0, None), _LINES)
            return Head(data, next(iter(_rows(line for _, line in lines)), None))


def _rows(lines: Iterable[bytes | LineError]) -> Iterable[Mapping[str, Any]]:
    for line in lines:
        if isinstance(line, LineError):
            continue
        try:
            row = value_of_line(line)
        except LineError:
            continue
        if isinstance(row, dict):
            yield row
