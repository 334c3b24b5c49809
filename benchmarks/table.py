"""Rows of figures, and how they read as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from timing import OURS, Timing

UNITS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "MB": 1.0}
"""What one of each is, in seconds or in megabytes."""

HEAD = (
    "| what | ours | at most | kept | peer or floor | its figure | ours / its |\n"
    "|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One comparison.

    Attributes:
        ours, theirs, at_most: In seconds, or in megabytes where `unit` is MB.
        unit: That they are written in.
        beside: The peer or the floor, or "".
        at_most_times: The budget where it is a ratio: ours is at most so many times theirs.
    """

    what: str
    ours: float
    unit: str
    beside: str = ""
    theirs: float | None = None
    at_most: float | None = None
    at_most_times: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours, of theirs; None where theirs is too small to be one."""
        return self.ours / self.theirs if self.theirs and self.theirs > 0 else None

    @property
    def kept(self) -> bool | None:
        """Whether the budget is kept; None where there is none."""
        if self.at_most is not None:
            return self.ours <= self.at_most
        if self.at_most_times is not None:
            return self.ratio is not None and self.ratio <= self.at_most_times
        return None


@dataclass(slots=True)
class Section:
    """The rows of one topic.

    Attributes:
        failure: Why it could not be measured to its end; "" where it was.
    """

    title: str
    about: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failure: str = ""


def compare(
    what: str,
    timings: Mapping[str, Timing],
    unit: str,
    *,
    of: str = "wall_s",
    at_most: float | None = None,
    at_most_times: Mapping[str, float] = {},
) -> Iterator[Row]:
    """A row for each program that was measured beside ours; one without where there was none.

    Args:
        at_most_times: By the name of a program beside ours, the budget as a multiple of its figure.
    """
    ours = getattr(timings[OURS], of)
    beside = {name: getattr(each, of) for name, each in timings.items() if name != OURS}
    for name, theirs in (beside or {"": None}).items():
        yield Row(
            what=what,
            ours=ours,
            unit=unit,
            beside=name,
            theirs=theirs,
            at_most=at_most,
            at_most_times=at_most_times.get(name),
        )


def markdown(section: Section, *, quick: bool) -> str:
    """Its table; where it is `quick`, sizes are not those that budgets are of."""
    parts = [f"## {section.title}", section.about]
    if section.rows:
        parts.append("\n".join((HEAD, *_lines(section.rows, quick))))
    parts += section.notes
    if section.failure:
        parts.append(f"**Not measured to the end:** {section.failure}")
    return "\n\n".join(parts)


def verdict(sections: Sequence[Section]) -> str:
    """How many budgets are kept, and the names of those that are not."""
    judged = list(_judged(sections))
    missed = [what for what, kept in judged if not kept]
    said = f"{len(judged) - len(missed)} of {len(judged)} budgets kept"
    return f"{said}; not kept: {'; '.join(missed)}" if missed else said


def _judged(sections: Iterable[Section]) -> Iterator[tuple[str, bool]]:
    """Each budget once, however many programs were measured beside it."""
    for section in sections:
        known = {row.what: row.kept for row in section.rows if row.kept is not None}
        yield from known.items()


def _lines(rows: Iterable[Row], quick: bool) -> Iterator[str]:
    """A cell that says the same as the one above it is empty."""
    above: tuple[str, ...] = ()
    for row in rows:
        first = _first_cells(row, quick)
        cells = ("",) * len(first) if first == above else first
        above = first
        yield f"| {' | '.join((*cells, *_other_cells(row)))} |"


def _first_cells(row: Row, quick: bool) -> tuple[str, ...]:
    at_most = "" if row.at_most is None else _figure(row.at_most, row.unit)
    if row.at_most_times is not None:
        at_most = f"{row.at_most_times:g} times its"
    kept = {None: "", True: "yes", False: "**no**"}[row.kept]
    return row.what, _figure(row.ours, row.unit), at_most, "?" if quick and kept else kept


def _other_cells(row: Row) -> tuple[str, ...]:
    if row.theirs is None:
        return row.beside, "", ""
    ratio = "" if row.ratio is None else _rounded(row.ratio)
    return row.beside, _figure(row.theirs, row.unit), ratio


def _figure(value: float, unit: str) -> str:
    return f"{_rounded(value / UNITS[unit])} {unit}"


def _rounded(value: float) -> str:
    """Three digits, but all of those before the point."""
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 else 3
    return f"{value:,.{digits}f}"
