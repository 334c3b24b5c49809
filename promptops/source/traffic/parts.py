"""Cuts files with samples into parts that can be read in any process and any order."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from promptops.errors import InputError
from promptops.model.sample import Part
from promptops.source.traffic.documents import document_in, rows_in
from promptops.source.traffic.files import TrafficFile, decompressed, open_file
from promptops.source.traffic.json_values import value_of_line
from promptops.source.traffic.line_error import LineError
from promptops.source.traffic.lines import lines_of
from promptops.source.traffic.reading import PART_BYTES, Head, Reader
from promptops.source.traffic.registry import reader, reader_names

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
    return "name it with `--input`, or write one JSON object in each line"


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
