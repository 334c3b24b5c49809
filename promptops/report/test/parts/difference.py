"""How two texts differ, in a few lines of words, for a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.counting import counted
from promptops.model.report import Style

_LINES = 12
_LONGEST = 100_000
_MOST = 1_000_000


class Differences:
    """The differences of one report: of many long texts, only the first ones are worked out."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._left = _MOST  # characters

    def legend(self, before: str, after: str) -> str:
        """Which mark or colour is whose."""
        from promptops.report.parts.marked import marked
        from promptops.report.parts.words import Segment

        words = Segment("removed", before), Segment("same", " "), Segment("added", after)
        return marked(words, self._style)

    def lines(self, before: str, after: str) -> Iterator[str]:
        """At most a dozen, and how many more there are; none where it would take too long."""
        self._left -= len(before) + len(after)
        if self._left < 0 or max(len(before), len(after)) > _LONGEST:
            return
        # What finds differences takes 20 ms to import, and most runs have none to show.
        from promptops.report.parts.marked import marked
        from promptops.report.parts.shortened import shortened
        from promptops.report.parts.shown_lines import by_words

        found = by_words(before, after)
        for line in found[:_LINES]:
            yield "…" if line is None else marked(shortened(line), self._style)
        if len(found) > _LINES:
            yield f"… {counted(len(found) - _LINES, 'more line')}"
