"""Convert texts with their places to JSON data and back."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from promptops.model.place import Text
from promptops.runtime.bundle.reading import Fields, Misshapen

Start = tuple[int, int]
"""Line and column of a line's first character."""


def text_value(text: Text) -> dict[str, Any]:
    """`{"path", "text", "starts"}`, with one start for each line.

    Only the first start is written if all lines follow one another in the same column; the column
    of an empty line does not matter.
    """
    lines = _lines(text.value)
    lengths = accumulate(map(len, lines[:-1]), initial=0)
    starts = [text.locate(length + index) for index, length in enumerate(lengths)]
    line, column = starts[0]
    regular = True
    for number, ((at, first), content) in enumerate(zip(starts, lines, strict=True), line):
        if at != number or (first != column and content):
            regular = False
            break
    return {
        "path": text.path,
        "text": text.value,
        "starts": [line, column] if regular else [list(start) for start in starts],
    }


def text_of(fields: Fields) -> Text:
    """The text that `text_value` serialised; columns within a line count from the line's start.

    Raises reading.Misshapen for anything else.
    """
    value = fields.text("text")
    starts = _starts_of(fields.items("starts"))

    def locate(offset: int) -> Start:
        before = value[:offset]
        line, column = _start(starts, before.count("\n"))
        return line, column + offset - (before.rfind("\n") + 1)

    return Text(fields.text("path"), value, locate)


def _lines(value: str) -> list[str]:
    """The lines of a file; a newline at the end starts no further line."""
    lines = value.split("\n")
    return lines[:-1] if len(lines) > 1 and not lines[-1] else lines


def _starts_of(written: list[Any]) -> Start | list[Start]:
    if written and type(written[0]) is int:
        return _start_of(written)
    starts = [_start_of(each) for each in written]
    if not starts:
        raise Misshapen("a text without a start")
    return starts


def _start_of(written: Any) -> Start:
    if type(written) is not list or [type(each) for each in written] != [int, int]:
        raise Misshapen("no line and column")
    return written[0], written[1]


def _start(starts: Start | list[Start], number: int) -> Start:
    if isinstance(starts, list):
        return starts[min(number, len(starts) - 1)]
    return starts[0] + number, starts[1]
