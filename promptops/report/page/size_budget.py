"""Limits the texts that the page of a run shows."""

from __future__ import annotations

from promptops.records import record
from promptops.report.parts.words import Segment, word_difference

# Browsers still open a page of this many characters quickly.
_MOST_TO_SHOW = 20_000_000
_MOST_TO_COMPARE = 2_000_000
_LONGEST_TO_COMPARE = 200_000
_LONGEST_TEXT = 20_000
_CASE_WEIGHS = 2_000
_MOST_CASES = 10_000


@record(frozen=True, slots=True)
class Cut:
    """A text, cut to the room on the page.

    Attributes:
        left_out: The number of characters that are not shown.
    """

    text: str
    left_out: int = 0


@record(slots=True)
class Room:
    """The characters that can still be shown and compared.

    Attributes:
        cases: The limit of cases.
    """

    to_show: int = _MOST_TO_SHOW
    to_compare: int = _MOST_TO_COMPARE
    cases: int = _MOST_CASES

    def take_case(self) -> None:
        """Count the markup of a case."""
        self.to_show -= _CASE_WEIGHS

    def show(self, text: str) -> Cut:
        kept = text[: max(0, min(_LONGEST_TEXT, self.to_show))]
        self.to_show -= len(kept)
        return Cut(kept, len(text) - len(kept))

    def compare(self, before: str, after: str) -> tuple[Segment, ...]:
        """The difference of two texts; empty if it would take too long."""
        length = len(before) + len(after)
        if length > min(_LONGEST_TO_COMPARE, self.to_compare, self.to_show):
            return ()
        self.to_compare -= length
        self.to_show -= length
        return word_difference(before, after)
