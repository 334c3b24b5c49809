"""From the lines of a text to those of another version of it."""

from __future__ import annotations

from collections.abc import Sequence

from promptops.model.place import Place
from promptops.records import record, replace


@record(frozen=True, slots=True)
class LineShift:
    """Two versions of a text that differ in one run of lines.

    Attributes:
        head: The number of equal lines at the beginning.
        tail: The number of equal lines at the end.
        old, new: The number of lines of the two versions.
    """

    head: int
    tail: int
    old: int
    new: int

    def to_old(self, line: int) -> int | None:
        """The line of the old version for one of the new, 1-based; None in the changed lines."""
        return _moved(line, self.head, self.new - self.tail, self.old - self.new)

    def to_new(self, place: Place) -> Place | None:
        """The place in the new version for one in the old; None in the changed lines."""
        first = _moved(place.line, self.head, self.old - self.tail, self.new - self.old)
        last = _moved(place.end_line, self.head, self.old - self.tail, self.new - self.old)
        if first is None or last is None:
            return None
        return replace(place, line=first, end_line=last)


def line_shift(old: str, new: str) -> LineShift:
    """Compare two versions of a text, newlines as LF."""
    before, after = old.split("\n"), new.split("\n")
    head = common_start(before, after)
    room = min(len(before), len(after)) - head
    tail = min(common_start(before[::-1], after[::-1]), room)
    return LineShift(head, tail, len(before), len(after))


def common_start(one: Sequence[str], other: Sequence[str]) -> int:
    """The number of equal items, or characters, at the start of two lists, or of two strings."""
    low, high = 0, min(len(one), len(other))
    while low < high:  # slices are compared much faster than items
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def _moved(line: int, head: int, tail_begins: int, by: int) -> int | None:
    if line <= head:
        return line
    return line + by if line > tail_begins else None
