"""Cases by assertions: which cells a prompt's matrix has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from promptops.counting import counted
from promptops.model.test_run import AssertionResult, CaseRun
from promptops.records import record
from promptops.report.parts.visible import visible

Shown = Literal["passed", "failed", "missed", "error", "stale", "skipped"]
"""How an assertion ended: of those that don't hold, a contract failed, and a measure missed."""

SIGNS: dict[Shown, str] = {
    "passed": "✓",
    "failed": "✕",
    "missed": "↓",
    "error": "!",
    "stale": "↻",
    "skipped": "–",
}
_SAID: dict[Shown, str] = {
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
    """Assertions of one type.

    Attributes:
        number: 1-based.
        begins: The first over answers.
    """

    number: int
    on: Literal["request", "answer"]
    type: str
    begins: bool = False


@record(frozen=True, slots=True)
class Cell:
    """What the assertions of one type say of a case.

    Attributes:
        shown: The worst of them; None where it has none.
        number: Of them.
        said: For somebody who can't see the sign.
    """

    column: Column
    shown: Shown | None
    number: int = 1
    said: str = ""

    @property
    def sign(self) -> str:
        return SIGNS[self.shown] if self.shown else ""


def columns(cases: Iterable[CaseRun]) -> tuple[Column, ...]:
    """Those over requests, then those over answers, each in the order of the cases."""
    found = dict.fromkeys((each.on, each.type) for case in cases for each in case.assertions)
    ordered = sorted(found, key=lambda key: key[0] == "answer")
    first = next((index for index, (on, _) in enumerate(ordered) if on == "answer"), None)
    return tuple(
        Column(index + 1, on, kind, begins=index == first)
        for index, (on, kind) in enumerate(ordered)
    )


def cells(case: CaseRun, every: Sequence[Column]) -> tuple[Cell, ...]:
    """One for each column."""
    found: dict[tuple[str, str], list[Shown]] = {}
    for each in case.assertions:
        found.setdefault((each.on, each.type), []).append(shown(each))
    return tuple(_cell(case, column, found.get((column.on, column.type))) for column in every)


def shown(assertion: AssertionResult) -> Shown:
    if assertion.status == "failed" and not assertion.must:
        return "missed"
    return assertion.status


def worst_first(assertions: Iterable[AssertionResult]) -> list[AssertionResult]:
    return sorted(assertions, key=lambda each: _WORST_FIRST.index(shown(each)))


def _cell(case: CaseRun, column: Column, found: list[Shown] | None) -> Cell:
    name = visible(column.type)
    if not found:
        # Which assertions it has is not known; that none of these was judged, is.
        is_stale = case.status == "stale" and column.on == "answer"
        return Cell(column, "stale" if is_stale else None, said=f"{name}: {_SAID['stale']}")
    worst = min(found, key=_WORST_FIRST.index)
    number = found.count(worst)
    of_all = "" if len(found) == 1 else f" ({number} of {counted(len(found), 'assertion')})"
    return Cell(column, worst, len(found), f"{name}: {_SAID[worst]}{of_all}")
