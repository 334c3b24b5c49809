"""The difference of two texts as lines: changed lines with context, marked and shortened."""

from __future__ import annotations

from promptops.model.report import Style
from promptops.report.parts.visible import visible, visible_line
from promptops.report.parts.words import Segment, line_difference, word_difference

Line = tuple[Segment, ...]
"""The segments of a line, without its end."""

_CONTEXT = 2
_NEW_LINE = "↵"


def by_words(before: str, after: str) -> list[Line | None]:
    """Lines with removed and added words; None for a gap."""
    return _with_context(_split(word_difference(before, after)))


def by_lines(before: str, after: str) -> list[Line | None]:
    """Whole lines, removed, added or unchanged; None for a gap.

    A line that is both removed and added differs only in its end.
    """
    return _with_context(_split(line_difference(before, after)))


def is_changed(line: Line) -> bool:
    """Whether a part was removed or added."""
    return any(part.kind != "same" for part in line)


def _split(segments: tuple[Segment, ...]) -> list[Line]:
    """Split segments into lines; a changed line end is shown if adjacent lines don't imply it."""
    lines: list[list[Segment]] = [[]]
    for index, segment in enumerate(segments):
        *ended, last = segment.text.split("\n")
        for text in ended:
            _append(lines[-1], segment, text)
            if segment.kind != "same" and not _ends_lines(lines[-1], segments, index):
                _append(lines[-1], segment, _NEW_LINE)
            lines.append([])
        _append(lines[-1], segment, last)
    if _ends_unlike(segments) and lines[-2][-1].text[-1:] != _NEW_LINE:
        _append(lines[-2], segments[-1], _NEW_LINE)
    return [tuple(line) for line in (lines if lines[-1] else lines[:-1])]


def _ends_unlike(segments: tuple[Segment, ...]) -> bool:
    """Whether only one side's last line has a line end."""
    if not segments or segments[-1].kind == "same" or not segments[-1].text.endswith("\n"):
        return False
    others = [part.text for part in segments if part.kind != segments[-1].kind]
    return bool(others) and not others[-1].endswith("\n")


def _append(line: list[Segment], segment: Segment, text: str) -> None:
    if text and line and line[-1].kind == segment.kind:
        line[-1] = Segment(segment.kind, line[-1].text + text)
    elif text:
        line.append(Segment(segment.kind, text))


def _ends_lines(line: list[Segment], segments: tuple[Segment, ...], index: int) -> bool:
    """Whether the line and the rest of its segment were removed or added as a whole."""
    segment = segments[index]
    if not line or {part.kind for part in line} == {segment.kind}:
        return bool(line)
    following = "".join(part.text for part in segments[index + 1 :][:1])
    return segment.text.strip("\n") != "" and following[:1] in ("", "\n")


def _with_context(lines: list[Line]) -> list[Line | None]:
    """Changed lines with up to two lines of context on each side."""
    near = [False] * len(lines)
    for index, line in enumerate(lines):
        if is_changed(line):
            around = range(max(0, index - _CONTEXT), min(len(lines), index + _CONTEXT + 1))
            for other in around:
                near[other] = True
    shown: list[Line | None] = []
    for line, is_near in zip(lines, near, strict=True):
        if is_near:
            shown.append(line)
        elif not shown or shown[-1] is not None:
            shown.append(None)
    return shown


_MARKS = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}


def marked(line: Line, style: Style) -> str:
    """Mark by colour, or without colours by brackets: `a [-b-]{+c+}`."""
    first, *rest = [*line, Segment("same", "")]
    shown = [(first, visible_line(first.text)), *((each, visible(each.text)) for each in rest)]
    return "".join(_piece(segment, text, style) for segment, text in shown if text)


def _piece(segment: Segment, text: str, style: Style) -> str:
    if style("removed", "x") == "x":
        return _MARKS[segment.kind].format(text)
    return text if segment.kind == "same" else style(segment.kind, text)


_LONGEST = 200
_AROUND = 80
_LONGEST_CHANGE = 1000


def shortened(line: Line) -> Line:
    """The segments with long unchanged ones cut to the part next to a change."""
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
    """The text without a word that was cut in two, unless it is the only one."""
    return text[: text.rfind(" ") + 1] or text


def end_cut(text: str, limit: int) -> str:
    """The first `limit` characters, and the number of the others."""
    rest = len(text) - limit
    return text if rest <= 0 else f"{text[:limit]}… ({rest:,} more characters)"
