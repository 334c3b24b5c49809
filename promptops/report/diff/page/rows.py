"""Rows for two texts side by side; matching lines share a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Literal

from promptops.records import record
from promptops.report.parts.words import Kind, Segment, word_difference

_CONTEXT = 2
_FEWEST_TO_FOLD = 3
_MOST_PIECES = 2_000
_MOST_LINES = 100_000
_MOST_ROWS = 4_000
_ROW_CHARACTERS = 200  # of the markup of a row


@record(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """A line of one side, without its line end.

    Attributes:
        number: 1-based.
        shared: Parts that the other side has, too: segment number, line number in the segment.
        end: Whether its line end is on both sides, only on this side, or missing.
    """

    number: int
    pieces: tuple[Segment, ...]
    shared: tuple[tuple[int, int], ...]
    end: Literal["kept", "changed", "none"]

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)

    @property
    def whole(self) -> bool:
        """Whether the other side has no part of it."""
        return all(piece.kind != "same" for piece in self.pieces)

    @property
    def changed(self) -> bool:
        return not self.shared or any(piece.kind != "same" for piece in self.pieces)


@record(frozen=True, slots=True, kw_only=True)
class DiffRow:
    """A row with a line on at least one side.

    Attributes:
        ends: Whether the line ends are part of the difference.
    """

    before: DiffLine | None = None
    after: DiffLine | None = None
    ends: bool = False

    @property
    def same(self) -> bool:
        before, after = self.before, self.after
        if before is None or after is None or self.ends:
            return False
        return not (before.changed or after.changed) and before.text == after.text


@record(frozen=True, slots=True, kw_only=True)
class Fold:
    """Equal lines, far from any difference; shown folded."""

    lines: int
    text: str


@record(frozen=True, slots=True)
class Compared:
    """Two texts side by side, as rows.

    Attributes:
        left_out: The number of lines not shown because of the limit.
    """

    rows: tuple[DiffRow | Fold, ...]
    left_out: int = 0

    @property
    def weight(self) -> int:
        """The size on the page in characters, including the markup of rows."""
        return sum(map(_weight, self.rows))


def compare(before: str, after: str) -> Compared:
    """Two texts side by side; with too many lines or rows, the rest is only counted."""
    lines = max(before.count("\n"), after.count("\n")) + 1
    if lines > _MOST_LINES:
        return not_compared(before, after)
    if before == after:
        return Compared((Fold(lines=lines, text=after),))
    rows = tuple(folded(list(side_by_side(word_difference(before, after)))))
    return Compared(rows[:_MOST_ROWS], height(rows[_MOST_ROWS:]))


def not_compared(before: str, after: str) -> Compared:
    """No rows, only the number of lines."""
    return Compared((), max(before.count("\n"), after.count("\n")) + 1)


def height(rows: Iterable[DiffRow | Fold]) -> int:
    """The number of lines of some rows, folded ones included."""
    return sum(row.lines if isinstance(row, Fold) else 1 for row in rows)


def _weight(row: DiffRow | Fold) -> int:
    if isinstance(row, Fold):
        return _ROW_CHARACTERS + len(row.text)
    return _ROW_CHARACTERS + sum(len(line.text) for line in (row.before, row.after) if line)


def side_by_side(segments: Sequence[Segment]) -> Iterator[DiffRow]:
    """The rows of a word difference, in order."""
    before = list(_lines(segments, "removed"))
    after = list(_lines(segments, "added"))
    left = right = 0
    while left < len(before) and right < len(after):
        one, other = before[left], after[right]
        left_stays, right_stays = _waiting(one, other)
        if left_stays or right_stays:
            yield DiffRow(after=other) if left_stays else DiffRow(before=one)
        else:
            last = left + 1 == len(before) and right + 1 == len(after)
            ends = one.end != other.end and (last or "none" not in (one.end, other.end))
            yield DiffRow(before=one, after=other, ends=ends)
        left += not left_stays
        right += not right_stays
    yield from (DiffRow(before=line) for line in before[left:])
    yield from (DiffRow(after=line) for line in after[right:])


def folded(rows: Sequence[DiffRow]) -> Iterator[DiffRow | Fold]:
    """Rows that differ with two rows of context; each stretch between them is one fold."""
    near = _near_changes(rows)
    for is_near, stretch in groupby(enumerate(rows), key=lambda item: item[0] in near):
        found = [row for _, row in stretch]
        if is_near or len(found) < _FEWEST_TO_FOLD:
            yield from found
        else:
            text = "\n".join(row.before.text for row in found if row.before)
            yield Fold(lines=len(found), text=text)


def _waiting(before: DiffLine, after: DiffLine) -> tuple[bool, bool]:
    """The one of two lines whose partner comes later on the other side; at most one has one."""
    if not before.shared or not after.shared:
        return bool(before.shared), bool(after.shared)
    if set(before.shared) & set(after.shared):
        return False, False
    # The partner of the first one was already shown: a line was split or joined.
    return before.shared > after.shared, before.shared < after.shared


def _near_changes(rows: Sequence[DiffRow]) -> set[int]:
    return {
        index + away
        for index, row in enumerate(rows)
        if not row.same
        for away in range(-_CONTEXT, _CONTEXT + 1)
    }


def _lines(segments: Iterable[Segment], own: Kind) -> Iterator[DiffLine]:
    """The lines of one side; segments of `kind` are only on this side."""
    number = 1
    pieces: list[Segment] = []
    shared: list[tuple[int, int]] = []
    for index, segment in enumerate(segments):
        if segment.kind not in ("same", own):
            continue
        *ended, rest = segment.text.split("\n")
        kept = segment.kind == "same"
        for part, text in enumerate(ended):
            pieces += [Segment(segment.kind, text)] if text else []
            shared += [(index, part)] if kept else []
            yield _line(number, pieces, shared, "kept" if kept else "changed")
            number, pieces, shared = number + 1, [], []
        if rest:
            pieces.append(Segment(segment.kind, rest))
            shared += [(index, len(ended))] if kept else []
    if pieces:
        yield _line(number, pieces, shared, "none")


def _line(
    number: int,
    pieces: Sequence[Segment],
    shared: Sequence[tuple[int, int]],
    end: Literal["kept", "changed", "none"],
) -> DiffLine:
    if len(pieces) > _MOST_PIECES:
        kind = next(piece.kind for piece in pieces if piece.kind != "same")
        pieces = [Segment(kind, "".join(piece.text for piece in pieces))]
    return DiffLine(number=number, pieces=tuple(pieces), shared=tuple(shared), end=end)
