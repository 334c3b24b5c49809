"""The difference of two texts in a few lines, for a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.report import Style
from promptops.plurals import counted

_LINES = 12
_LONGEST = 100_000
_MOST = 1_000_000


class Differences:
    """Computes the differences of one report, within a limit of characters."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._left = _MOST  # characters

    def legend(self, before: str, after: str) -> str:
        """The legend: which mark or colour belongs to which text."""
        from promptops.report.parts.shown_lines import marked
        from promptops.report.parts.words import Segment

        words = Segment("removed", before), Segment("same", " "), Segment("added", after)
        return marked(words, self._style)

    def lines(self, before: str, after: str) -> Iterator[str]:
        """At most twelve lines, and the number of the others; none if it would take too long."""
        self._left -= len(before) + len(after)
        if self._left < 0 or max(len(before), len(after)) > _LONGEST:
            return
        # This import takes 20 ms, and most runs have no difference to show.
        from promptops.report.parts.shown_lines import by_words, marked, shortened

        found = by_words(before, after)
        for line in found[:_LINES]:
            yield "…" if line is None else marked(shortened(line), self._style)
        if len(found) > _LINES:
            yield f"… {counted(len(found) - _LINES, 'more line')}"
