"""The views that the page of a run shows, in the order of its template."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from promptops.model.place import Place
from promptops.model.test_run import AssertionResult, CaseRun, CaseStatus, CoverageRow, TestRun
from promptops.records import record
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
from promptops.report.test.page.size_budget import Cut, Room
from promptops.report.test.parts import facts
from promptops.report.test.parts.troubles import Trouble, own_reason, troubles


@record(frozen=True, slots=True)
class ResultView:
    """The result of an assertion.

    Attributes:
        column: The number of its column.
        difference: The difference of the expected and the actual text; empty without texts.
    """

    result: AssertionResult
    shown: Shown
    column: int
    difference: tuple[Segment, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A row of the matrix, with the details that it opens.

    Attributes:
        name: The name of the case, with the repeat if there are several.
        brief: The first reason why it does not pass; "" if it passes, or if many cases share the
            reason.
        messages: Role and text of each.
        output: The output of the model; None without an answer.
        calls: The tool calls, as strings.
    """

    anchor: str
    case: CaseRun
    name: str
    short_reason: str
    cells: tuple[Cell, ...]
    results: tuple[ResultView, ...]
    messages: tuple[tuple[str, Cut], ...]
    output: Cut | None
    calls: tuple[Cut, ...]

    @property
    def why(self) -> str:
        return own_reason(self.case)

    @property
    def quiet(self) -> bool:
        """Whether a filter for failures hides it."""
        return self.case.status == "passed"


@record(frozen=True, slots=True, kw_only=True)
class PromptResultsView:
    """A prompt as a section of the page.

    Attributes:
        runs: All its cases; some may not be shown because of the limit.
        coverage: None if it was not requested.
    """

    anchor: str
    prompt: str
    columns: tuple[Column, ...]
    runs: tuple[CaseRun, ...]
    cases: tuple[CaseView, ...]
    coverage: CoverageRow | None

    @property
    def quiet(self) -> bool:
        return all(run.status == "passed" for run in self.runs)

    @property
    def left_out(self) -> int:
        return len(self.runs) - len(self.cases)

    def count(self, status: CaseStatus) -> int:
        return sum(run.status == status for run in self.runs)


def prompt_views(
    run: TestRun, room: Room, reported: Iterable[Trouble] = (), anchor: str = "prompt"
) -> tuple[PromptResultsView, ...]:
    """The sections in the order of the run; reasons in `reported` are not repeated."""
    covered = {row.prompt: row for row in run.coverage}
    keys = frozenset(map(_reason_key, reported))
    views = _Views(room, facts.repeated(run), keys, _fitting(run, room))
    return tuple(
        views.prompt(f"{anchor}-{number}", cases, covered.get(prompt))
        for number, (prompt, cases) in enumerate(facts.by_prompt(run.cases).items(), 1)
    )


def _fitting(run: TestRun, room: Room) -> frozenset[int]:
    """The ids (as of `id`) of cases that fit; those that don't pass come first."""
    passed_last = sorted(run.cases, key=lambda case: case.status == "passed")
    return frozenset(map(id, passed_last[: room.cases]))


@record(frozen=True, slots=True)
class _Views:
    room: Room
    repeated: Collection[tuple[str, str]]
    reported: Collection[tuple[Place, str]]
    fitting: Collection[int]

    def prompt(
        self, anchor: str, cases: list[CaseRun], coverage: CoverageRow | None
    ) -> PromptResultsView:
        every = columns(cases)
        views = [
            self.case(f"{anchor}-case-{number}", case, every)
            for number, case in enumerate(cases, 1)
            if id(case) in self.fitting
        ]
        return PromptResultsView(
            anchor=anchor,
            prompt=cases[0].prompt,
            columns=every,
            runs=tuple(cases),
            cases=tuple(views),
            coverage=coverage,
        )

    def case(self, anchor: str, case: CaseRun, every: tuple[Column, ...]) -> CaseView:
        room, answer = self.room, case.answer
        room.take_case()
        calls = answer.tool_calls if answer else ()
        return CaseView(
            anchor=anchor,
            case=case,
            name=facts.case_name((case,), self.repeated),
            short_reason=self.short_reason(case),
            cells=cells(case, every),
            results=tuple(_results(room, case, every)),
            messages=tuple((each.role, room.show(each.text)) for each in case.messages),
            output=room.show(answer.text) if answer else None,
            calls=tuple(room.show(facts.call(call)) for call in calls),
        )

    def short_reason(self, case: CaseRun) -> str:
        if case.infrastructure:
            return ""
        if case.status in ("passed", "stale"):
            return case.reason
        found = (each for each in troubles((case,)) if _reason_key(each) not in self.reported)
        return next(map(_short_reason, found), "")


def _reason_key(trouble: Trouble) -> tuple[Place, str]:
    return trouble.place, trouble.reason


def _short_reason(trouble: Trouble) -> str:
    if trouble.assertion is None:
        return trouble.reason
    return f"{trouble.assertion.type}: {trouble.reason}"


def _results(room: Room, case: CaseRun, every: tuple[Column, ...]) -> Iterator[ResultView]:
    numbers = {(column.on, column.type): column.number for column in every}
    for each in worst_first(case.assertions):
        texts = each.compared if each.status == "failed" else None
        difference = room.compare(texts.expected, texts.got) if texts else ()
        yield ResultView(each, shown(each), numbers[each.on, each.type], difference)
