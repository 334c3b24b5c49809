"""Marks removed and added words in a line, for a terminal."""

from __future__ import annotations

from promptops.model.report import Style
from promptops.report.parts.shown_lines import Line
from promptops.report.parts.visible import visible, visible_line
from promptops.report.parts.words import Segment

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
