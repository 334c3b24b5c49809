"""The difference of two texts as in `diff`: whole lines after a mark."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, zip_longest

from promptops.report.parts.shortened import end_cut
from promptops.report.parts.shown_lines import Line, by_lines
from promptops.report.parts.visible import visible_line
from promptops.report.parts.words import Kind, Segment

_LONGEST = 300
_AROUND = 100
_LONGEST_CHANGE = 500
_MARKS: dict[Kind, str] = {"same": " ", "removed": "-", "added": "+"}


def patch_lines(before: str, after: str) -> list[str]:
    """Changed lines and two around them, each to be seen whole; `…` where lines are left out.

    Of a very long line that became another one, the part that changed is shown.
    """
    parts = [part for line in by_lines(before, after) for part in _parts(line)]
    return [line for run in _runs(parts) for line in run]


def _parts(line: Line | None) -> tuple[Segment | None, ...]:
    return (None,) if line is None else line or (Segment("same", ""),)


def _runs(parts: list[Segment | None]) -> Iterator[list[str]]:
    removed: list[str] = []
    for kind, group in groupby(parts, lambda part: part and part.kind):
        texts = [part.text if part else "…" for part in group]
        if kind == "removed":
            removed = texts
            continue
        added = texts if kind == "added" else []
        yield _replaced(removed, added)
        removed = []
        if kind != "added":
            yield [_shown("same", end_cut(text, _LONGEST)) for text in texts]
    yield _replaced(removed, [])


def _replaced(removed: list[str], added: list[str]) -> list[str]:
    pairs = [_narrowed(old, new) for old, new in zip_longest(removed, added, fillvalue="")]
    return [
        *(_shown("removed", old) for old, _ in pairs[: len(removed)]),
        *(_shown("added", new) for _, new in pairs[: len(added)]),
    ]


def _narrowed(old: str, new: str) -> tuple[str, str]:
    """What differs of two long lines, with a little around it."""
    if max(len(old), len(new)) > _LONGEST:
        start = _shared_start(old, new) - _AROUND
        end = _shared_start(old[::-1], new[::-1]) - _AROUND
        old, new = _part(old, start, end), _part(new, start, end)
    return end_cut(old, _LONGEST_CHANGE), end_cut(new, _LONGEST_CHANGE)


def _shared_start(one: str, other: str) -> int:
    """How many characters are equal at the beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    unequal = (index for index, (left, right) in pairs if left != right)
    return next(unequal, min(len(one), len(other)))


def _part(text: str, start: int, end: int) -> str:
    """Without so many characters at both ends, where there are as many."""
    start, end = max(0, start), max(0, end)
    before, after = "…" if start else "", "…" if end else ""
    return f"{before}{text[start : max(start, len(text) - end)]}{after}"


def _shown(kind: Kind, text: str) -> str:
    kept = text if kind == "same" else text.rstrip(" ")
    return f"{_MARKS[kind]}{visible_line(kept)}{'·' * (len(text) - len(kept))}".rstrip()
