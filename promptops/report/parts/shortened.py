"""Shortens long lines where nothing changed."""

from __future__ import annotations

from promptops.report.parts.shown_lines import Line, is_changed
from promptops.report.parts.words import Segment

_LONGEST = 200
_AROUND = 80
_LONGEST_CHANGE = 1000


def shortened(line: Line) -> Line:
    """The segments with long unchanged ones cut to the part next to a change."""
    if not is_changed(line):
        return tuple(Segment("same", _end_cut(part.text, _LONGEST)) for part in line)
    last = len(line) - 1
    return tuple(
        _unchanged(part, is_first=index == 0, is_last=index == last)
        if part.kind == "same"
        else Segment(part.kind, _end_cut(part.text, _LONGEST_CHANGE))
        for index, part in enumerate(line)
    )


def _unchanged(part: Segment, *, is_first: bool, is_last: bool) -> Segment:
    text = part.text
    if len(text) <= _LONGEST:
        return part
    start = "" if is_first else _to_word_end(text[:_AROUND])
    end = "" if is_last else _to_word_end(text[-_AROUND:][::-1])[::-1]
    return Segment("same", f"{start}…{end}")


def _to_word_end(text: str) -> str:
    """The text without a word that was cut in two, unless it is the only one."""
    return text[: text.rfind(" ") + 1] or text


def _end_cut(text: str, limit: int) -> str:
    rest = len(text) - limit
    return text if rest <= 0 else f"{text[:limit]}… ({rest:,} more characters)"
