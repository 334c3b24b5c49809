"""The matrix of a prompt: a row for each case, a column for each type of assertion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from promptops.model.test_run import AssertionResult, CaseRun
from promptops.plurals import counted
from promptops.records import record
from promptops.report.parts.visible import visible

Shown = Literal["passed", "failed", "missed", "error", "stale", "skipped"]
"""The state of an assertion: one that does not hold is `failed`, or `missed` for a measure."""

SIGNS: dict[Shown, str] = {
    "passed": "✓",
    "failed": "✕",
    "missed": "↓",
    "error": "!",
    "stale": "↻",
    "skipped": "–",
}
_LABELS: dict[Shown, str] = {
    "passed": "holds",
    "failed": "does not hold",
    "missed": "does not hold (a measure)",
    "error": "can't be judged",
    "stale": "not judged, the answer is stale",
    "skipped": "skipped",
}
_WORST_FIRST: tuple[Shown, ...] = ("failed", "error", "stale", "missed", "skipped", "passed")


@record(frozen=True, slots=True)
class Column:
    """A column: assertions of one type.

    Attributes:
        number: 1-based.
        begins: Whether it is the first column about answers.
    """

    number: int
    on: Literal["request", "answer"]
    type: str
    begins: bool = False


@record(frozen=True, slots=True)
class Cell:
    """The result of one type of assertion for a case.

    Attributes:
        shown: The worst state; None without an assertion of this type.
        number: The number of assertions.
        label: The state in words, for screen readers.
    """

    column: Column
    shown: Shown | None
    number: int = 1
    label: str = ""

    @property
    def sign(self) -> str:
        return SIGNS[self.shown] if self.shown else ""


def columns(cases: Iterable[CaseRun]) -> tuple[Column, ...]:
    """Columns about requests, then about answers, both in the order of the cases."""
    found = dict.fromkeys(
        (assertion.on, assertion.type) for case in cases for assertion in case.assertions
    )
    ordered = sorted(found, key=lambda key: key[0] == "answer")
    first = next((index for index, (on, _) in enumerate(ordered) if on == "answer"), None)
    return tuple(
        Column(index + 1, on, kind, begins=index == first)
        for index, (on, kind) in enumerate(ordered)
    )


def cells(case: CaseRun, every: Sequence[Column]) -> tuple[Cell, ...]:
    """One cell for each column."""
    found: dict[tuple[str, str], list[Shown]] = {}
    for each in case.assertions:
        found.setdefault((each.on, each.type), []).append(shown(each))
    return tuple(_cell(case, column, found.get((column.on, column.type))) for column in every)


def shown(assertion: AssertionResult) -> Shown:
    """The status as the page shows it: a measure that does not hold is `missed`, not `failed`."""
    if assertion.status == "failed" and not assertion.must:
        return "missed"
    return assertion.status


def worst_first(assertions: Iterable[AssertionResult]) -> list[AssertionResult]:
    """The most serious status first."""
    return sorted(assertions, key=lambda each: _WORST_FIRST.index(shown(each)))


def _cell(case: CaseRun, column: Column, found: list[Shown] | None) -> Cell:
    name = visible(column.type)
    if not found:
        # Its assertions are unknown, but certainly none was evaluated.
        is_stale = case.status == "stale" and column.on == "answer"
        return Cell(column, "stale" if is_stale else None, label=f"{name}: {_LABELS['stale']}")
    worst = min(found, key=_WORST_FIRST.index)
    number = found.count(worst)
    of_all = "" if len(found) == 1 else f" ({number} of {counted(len(found), 'assertion')})"
    return Cell(column, worst, len(found), f"{name}: {_LABELS[worst]}{of_all}")
