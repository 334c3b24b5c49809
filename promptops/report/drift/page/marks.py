"""What else a control chart marks: where a release begins, and where the model or judge changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from promptops.model.night import Night, PromptDrift
from promptops.records import record
from promptops.report.drift.parts import facts
from promptops.report.drift.parts.changes import RELEASE, changes
from promptops.report.test.parts.facts import short

_LETTERS = "ABCDEFGH"
_WIDTH_OF_A_CHARACTER = 7.4
_LONGEST = 16
_GAP = 8.0


@record(frozen=True, slots=True, kw_only=True)
class Boundary:
    """The first night of a release.

    Attributes:
        label: Its name, or "" if there is no room for it.
        is_first: It is the first release of the picture, which gets no line.
    """

    x: float
    label: str
    title: str
    is_first: bool


@record(frozen=True, slots=True, kw_only=True)
class Mark:
    """A night at which something changed behind the same prompt.

    Attributes:
        letter: That of the list below the picture; "" for all but the latest marks.
        changes: What changed, each in words.
    """

    x: float
    letter: str
    day: str
    changes: tuple[str, ...]


def boundaries(
    history: Sequence[Night], x: Callable[[int], float], right: float
) -> tuple[Boundary, ...]:
    """The first night of each release, in the order of nights; labels do not overlap."""
    return tuple(reversed(list(_boundaries(history, x, right))))


def _boundaries(
    history: Sequence[Night], x: Callable[[int], float], right: float
) -> Iterator[Boundary]:
    for index in range(len(history) - 1, -1, -1):
        release = history[index].release
        if index and history[index - 1].release == release:
            continue
        name = short(release)
        shown = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
        at = x(index)
        fits = at + len(shown) * _WIDTH_OF_A_CHARACTER < right
        yield Boundary(
            x=at,
            label=shown if fits else "",
            title=f"{name} since {facts.day(history[index])}",
            is_first=index == 0,
        )
        right = at - _GAP if fits else right


def marks_of(prompt: PromptDrift, x: Callable[[int], float]) -> tuple[Mark, ...]:
    """Where model, fingerprint or judge changed; the latest ones have letters."""
    found: dict[int, list[str]] = {}
    for index, kind, change in changes(prompt):
        if kind != RELEASE:
            found.setdefault(index, []).append(change)
    unnamed = len(found) - len(_LETTERS)
    return tuple(
        Mark(
            x=x(index),
            letter=_LETTERS[number - max(unnamed, 0)] if number >= unnamed else "",
            day=facts.day(prompt.history[index]),
            changes=tuple(own),
        )
        for number, (index, own) in enumerate(found.items())
    )
