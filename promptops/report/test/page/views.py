"""What the page shows of a run, in the order of its template."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from promptops.model.test_run import AssertionResult, CaseRun, CaseStatus, CoverageRow, TestRun
from promptops.report.parts.words import Segment
from promptops.report.test.page.matrix import (
    Cell,
    Column,
    Shown,
    cells,
    columns,
    shown,
    worst_first,
)
from promptops.report.test.page.room import Cut, Room
from promptops.report.test.parts import facts
from promptops.report.test.parts.troubles import breaks


@dataclass(frozen=True, slots=True)
class ResultView:
    """What an assertion says.

    Attributes:
        column: Number of its column.
        difference: Of the expected text and the one that was got; empty where it has none.
    """

    result: AssertionResult
    shown: Shown
    column: int
    difference: tuple[Segment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A row of the matrix, and what it opens to.

    Attributes:
        name: With its repeat, where it has several.
        brief: Why it does not pass, the first reason; "" where it passes, and where that is said of
            many at once.
        messages: Role and text.
        output: Of the model; None where there is no answer.
        calls: Of tools, as texts.
    """

    anchor: str
    case: CaseRun
    name: str
    brief: str
    cells: tuple[Cell, ...]
    results: tuple[ResultView, ...]
    messages: tuple[tuple[str, Cut], ...]
    output: Cut | None
    calls: tuple[Cut, ...]

    @property
    def quiet(self) -> bool:
        """Nobody misses it who looks for what does not pass."""
        return self.case.status == "passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptView:
    """A section of the page.

    Attributes:
        coverage: None where it was not asked for.
    """

    anchor: str
    prompt: str
    columns: tuple[Column, ...]
    cases: tuple[CaseView, ...]
    coverage: CoverageRow | None

    @property
    def quiet(self) -> bool:
        return all(case.quiet for case in self.cases)

    def count(self, status: CaseStatus) -> int:
        return sum(view.case.status == status for view in self.cases)


def prompt_views(run: TestRun, room: Room) -> tuple[PromptView, ...]:
    """One for each prompt, in the order of the run."""
    repeated = facts.repeated(run)
    covered = {row.prompt: row for row in run.coverage}
    return tuple(
        _prompt(room, f"prompt-{number}", cases, repeated, covered.get(prompt))
        for number, (prompt, cases) in enumerate(facts.by_prompt(run.cases).items(), 1)
    )


def _prompt(
    room: Room,
    anchor: str,
    cases: list[CaseRun],
    repeated: Collection[tuple[str, str]],
    coverage: CoverageRow | None,
) -> PromptView:
    every = columns(cases)
    views = [
        _case(room, f"{anchor}-case-{number}", case, every, facts.case_name((case,), repeated))
        for number, case in enumerate(cases, 1)
    ]
    return PromptView(
        anchor=anchor,
        prompt=cases[0].prompt,
        columns=every,
        cases=tuple(views),
        coverage=coverage,
    )


def _case(room: Room, anchor: str, case: CaseRun, every: tuple[Column, ...], name: str) -> CaseView:
    room.take_case()
    answer = case.answer
    return CaseView(
        anchor=anchor,
        case=case,
        name=name,
        brief=_brief(case),
        cells=cells(case, every),
        results=tuple(_results(room, case, every)),
        messages=tuple((role, room.show(text)) for role, text in case.messages),
        output=room.show(answer.text) if answer else None,
        calls=tuple(room.show(facts.call(call)) for call in answer.tool_calls) if answer else (),
    )


def _brief(case: CaseRun) -> str:
    if case.infrastructure:
        return ""
    if case.status == "passed" or case.reason:
        return case.reason
    found = (f"{each.type}: {each.reason}" for each in case.assertions if breaks(case, each))
    return next(found, "")


def _results(room: Room, case: CaseRun, every: tuple[Column, ...]) -> Iterator[ResultView]:
    numbers = {(column.on, column.type): column.number for column in every}
    for each in worst_first(case.assertions):
        difference = (
            room.compare(*each.compared) if each.compared and each.status == "failed" else ()
        )
        yield ResultView(each, shown(each), numbers[each.on, each.type], difference)
