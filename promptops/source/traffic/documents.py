"""Files that are one JSON document over several lines, or one array."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from promptops.source.traffic.files import decompressed
from promptops.source.traffic.json_values import value_of_line
from promptops.source.traffic.line_error import LineError
from promptops.source.traffic.lines import MAX_LINE_BYTES, lines_of


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
        value = value_of_line(data.removeprefix(b"\xef\xbb\xbf"))
    except LineError:
        return None
    return value if len(data) <= MAX_LINE_BYTES else None


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
