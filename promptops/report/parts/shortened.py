"""Long lines, cut where nothing changed."""

from __future__ import annotations

from promptops.report.parts.shown_lines import Line, is_changed
from promptops.report.parts.words import Segment

_LONGEST = 200
_AROUND = 80
_LONGEST_CHANGE = 1000


def shortened(line: Line) -> Line:
    """With what is unchanged for long left out but next to a change, as `…`."""
    if not is_changed(line):
        return tuple(Segment("same", end_cut(part.text, _LONGEST)) for part in line)
    last = len(line) - 1
    return tuple(
        _unchanged(part, is_first=index == 0, is_last=index == last)
        if part.kind == "same"
        else Segment(part.kind, end_cut(part.text, _LONGEST_CHANGE))
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
    """Without the word that was cut in two, if there are others."""
    return text[: text.rfind(" ") + 1] or text


def end_cut(text: str, limit: int) -> str:
    """The first characters; if there are others, with their number."""
    rest = len(text) - limit
    return text if rest <= 0 else f"{text[:limit]}… ({rest:,} more characters)"
