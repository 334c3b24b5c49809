"""Parts of a file with notes below the lines that they are about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Generic, TypeVar

from promptops.model.place import Place
from promptops.records import record

T = TypeVar("T")

PARTS = "report/page/source"
"""The path of its style, for `document`."""

_CONTEXT = 2
_CLOSE = 3  # a shorter gap takes less room than a marker for it
_TALLEST_SPAN = 6
_LONGEST_LINE = 400
_LEFT_OF_SPAN = 80


@record(frozen=True, slots=True)
class LinePart:
    """A part of a line.

    Attributes:
        marked: Whether a note is about it.
    """

    text: str
    marked: bool = False


@record(frozen=True, slots=True, kw_only=True)
class AnnotatedLine(Generic[T]):
    """A line, and the notes below it.

    Attributes:
        number: 1-based.
    """

    number: int
    pieces: tuple[LinePart, ...]
    notes: tuple[T, ...] = ()


@record(frozen=True, slots=True)
class Stretch(Generic[T]):
    """At least one line; lines without a gap between them."""

    lines: tuple[AnnotatedLine[T], ...]

    @property
    def notes(self) -> tuple[T, ...]:
        return tuple(note for line in self.lines for note in line.notes)

    @property
    def weight(self) -> int:
        """The number of characters."""
        return sum(len(piece.text) for line in self.lines for piece in line.pieces)


@record(frozen=True, slots=True)
class Note(Generic[T]):
    """A message with its place."""

    place: Place
    message: T


def stretches(
    text: Sequence[str], notes: Iterable[Note[T]], context: int = _CONTEXT
) -> Iterator[Stretch[T]]:
    """The lines with notes and some context; nearby places form one stretch.

    Args:
        text: All lines of the file; a place after the last line counts as the last line.
        context: How many lines to show above and below.
    """
    found = sorted((_within(note, len(text)) for note in notes), key=lambda note: note.place)
    for first, last in _windows(found, len(text), context):
        inside = [note for note in found if first <= note.place.line <= last]
        yield Stretch(tuple(_line(text, number, inside) for number in range(first, last + 1)))


def excerpt(line: str, place: Place) -> AnnotatedLine[T]:
    """A single line, as quoted in the place of its note."""
    return AnnotatedLine(number=place.line, pieces=tuple(_pieces(line, place.line, [place])))


def excerpt_of(line: str, note: Note[T]) -> Stretch[T]:
    """A single line with its note, for a file whose other lines are unknown."""
    shown: AnnotatedLine[T] = excerpt(line.rstrip("\r\n"), note.place)
    return Stretch(
        (AnnotatedLine(number=shown.number, pieces=shown.pieces, notes=(note.message,)),)
    )


def source_lines(sources: Mapping[str, str], path: str) -> Sequence[str]:
    """The lines of a file; empty if the file is unknown."""
    source = sources.get(path)
    return () if source is None else source.removesuffix("\n").split("\n")


def quoted_or_around(
    lines: Sequence[str], notes: Iterable[tuple[Note[T], str]]
) -> Iterator[Stretch[T]]:
    """The source around notes; of an unknown file, the line that each note carries itself."""
    if lines:
        yield from stretches(lines, (note for note, _ in notes))
    else:
        yield from (excerpt_of(line, note) for note, line in notes)


def _within(note: Note[T], lines: int) -> Note[T]:
    """The note with its place moved into the file and cut to a height that can be shown."""
    place = note.place
    line = min(max(place.line, 1), max(lines, 1))
    tallest = min(line + _TALLEST_SPAN - 1, lines)
    end = max(line, min(place.end_line, tallest))
    column = place.end_column if end == place.end_line else _LONGEST_LINE * 1_000
    return Note(Place(place.path, line, place.column, end, column), note.message)


def _windows(notes: Sequence[Note[T]], lines: int, context: int) -> Iterator[tuple[int, int]]:
    """The first and the last line of each stretch, 1-based."""
    around = [
        (max(1, note.place.line - context), min(lines, note.place.end_line + context))
        for note in notes
    ]
    first = last = 0
    for start, end in around:
        if not first:
            first, last = start, end
        elif start - last <= _CLOSE:
            last = max(last, end)
        else:
            yield first, last
            first, last = start, end
    if first:
        yield first, last


def _line(text: Sequence[str], number: int, notes: Sequence[Note[T]]) -> AnnotatedLine[T]:
    places = [note.place for note in notes if note.place.line <= number <= note.place.end_line]
    return AnnotatedLine(
        number=number,
        pieces=tuple(_pieces(text[number - 1], number, places)),
        notes=tuple(note.message for note in notes if note.place.end_line == number),
    )


def _pieces(line: str, number: int, places: Iterable[Place]) -> Iterator[LinePart]:
    """A line split where marks begin and end; the ends of a long line are cut off."""
    spans = [_span(line, number, place) for place in places]
    left, right = _shown(line, spans)
    edges = {left, right, *(min(max(edge, left), right) for span in spans for edge in span)}
    if left:
        yield LinePart("…")
    for start, end in pairwise(sorted(edges)):
        yield LinePart(line[start:end], any(a <= start and end <= b for a, b in spans))
    if any(start == end == len(line) for start, end in spans):
        yield LinePart(" ", marked=True)
    if right < len(line):
        yield LinePart("…")


def _span(line: str, number: int, place: Place) -> tuple[int, int]:
    """Offsets of the mark in the line; an empty place marks the next character."""
    start = place.column - 1 if number == place.line else len(line) - len(line.lstrip())
    end = place.end_column - 1 if number == place.end_line else len(line)
    start = min(max(start, 0), len(line))
    return start, min(max(end, start + 1), len(line))


def _shown(line: str, spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The offsets to show of a line: all of it, or the part around the first mark."""
    if len(line) <= _LONGEST_LINE:
        return 0, len(line)
    first = min((start for start, _ in spans), default=0)
    left = max(0, min(first - _LEFT_OF_SPAN, len(line) - _LONGEST_LINE))
    return left, left + _LONGEST_LINE
