"""One HTML page of a test run: regressions, the matrix of cases and models, and each case."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Literal

from promptops.model.place import Place
from promptops.model.test_run import (
    AssertionResult,
    CaseRun,
    CaseStatus,
    CoverageRow,
    Decided,
    TestRun,
    Worse,
)
from promptops.plurals import counted
from promptops.records import record
from promptops.report.differences import Segment
from promptops.report.page.document import Cut, Room, document
from promptops.report.test import facts
from promptops.report.test.facts import Trouble, outages, shared, troubles
from promptops.report.visible import visible


@record(frozen=True, slots=True, kw_only=True)
class WorseView:
    """A case whose score fell, with both answers.

    Attributes:
        points: The scores, such as `80 to 40 points`.
        same: Whether the answers are equal, so that only their scores differ.
        difference: The difference of the answers; empty if not computed.
    """

    name: str
    points: str
    before: Cut
    after: Cut
    difference: tuple[Segment, ...]
    same: bool


@record(frozen=True, slots=True)
class DecidedView:
    """A decision; if it passes, without cases."""

    decided: Decided
    proved: str
    worst: tuple[WorseView, ...]


def worse_view(worse: Worse, room: Room) -> WorseView:
    """A case whose score fell, cut to the room on the page."""
    before, after = facts.answers(worse)
    difference = room.compare(before, after)
    shown = ("", "") if difference else (before, after)
    return WorseView(
        name=worse.name,
        points=facts.lost(worse),
        before=room.show(shown[0]),
        after=room.show(shown[1]),
        difference=difference,
        same=before == after,
    )


# The matrix of a prompt: a row for each case, a column for each type of assertion.

Shown = Literal["passed", "failed", "missed", "error", "stale", "warning", "skipped"]
"""The state of an assertion: one that does not hold is `failed`, or `missed` for a measure."""

SIGNS: dict[Shown, str] = {
    "passed": "✓",
    "failed": "✕",
    "missed": "↓",
    "error": "!",
    "stale": "↻",
    "warning": "△",
    "skipped": "–",
}
_LABELS: dict[Shown, str] = {
    "passed": "holds",
    "failed": "does not hold",
    "missed": "does not hold (a measure)",
    "error": "can't be judged",
    "stale": "not judged, the answer is stale",
    "warning": "a draft that fails",
    "skipped": "skipped",
}
_WORST_FIRST: tuple[Shown, ...] = (
    "failed",
    "error",
    "stale",
    "missed",
    "warning",
    "skipped",
    "passed",
)


@record(frozen=True, slots=True)
class Column:
    """A column: assertions of one type.

    Attributes:
        number: 1-based.
        begins: Whether it is the first column about answers, or about whole conversations.
    """

    number: int
    on: Literal["request", "answer", "conversation"]
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
    """Columns about requests, answers and conversations, each in the order of the cases."""
    found = dict.fromkeys(
        (assertion.on, assertion.type) for case in cases for assertion in case.assertions
    )
    ordered = sorted(found, key=lambda key: _ON.index(key[0]))
    firsts = {on: index for index, (on, _) in reversed(list(enumerate(ordered)))}
    return tuple(
        Column(index + 1, on, kind, begins=on != "request" and firsts[on] == index)
        for index, (on, kind) in enumerate(ordered)
    )


_ON = ("request", "answer", "conversation")


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
    of_all_turns = " (conversation)" if column.on == "conversation" else ""
    name = f"{visible(column.type)}{of_all_turns}"
    if not found:
        # Its assertions are unknown, but certainly none was evaluated.
        is_stale = case.status == "stale" and column.on != "request"
        return Cell(column, "stale" if is_stale else None, label=f"{name}: {_LABELS['stale']}")
    worst = min(found, key=_WORST_FIRST.index)
    number = found.count(worst)
    of_all = "" if len(found) == 1 else f" ({number} of {counted(len(found), 'assertion')})"
    return Cell(column, worst, len(found), f"{name}: {_LABELS[worst]}{of_all}")


# For a browser: one page without any external resources.

PARTS = "report/test/cases"


def write_html(run: TestRun, **_: object) -> str:
    """The whole page."""
    return document(
        "report/test",
        FILTERS,
        parts=(PARTS,),
        **values(run, Room(), run),
        run=run,
        assertions=sum(len(case.assertions) for case in run.cases),
    )


def values(run: TestRun, room: Room, to_show: TestRun, anchor: str = "prompt") -> dict[str, Any]:
    """The variables for templates that pages share.

    Args:
        to_show: The run with the cases whose errors and outages are shown above all cases.
        anchor: The prefix of the anchors of prompts.
    """
    common = shared(to_show.cases)
    decided = []
    for each in run.decided:
        worst = tuple(worse_view(worse, room) for worse in facts.worst(each))
        decided.append(DecidedView(each, facts.proved(each), worst))
    prompts = prompt_views(run, room, common, anchor)
    return {
        "decided": decided,
        "judges": [(judge.judge, facts.agreement(judge)) for judge in run.judges],
        "prompts": prompts,
        "anchors": _anchors(prompts),
        "shared": [(trouble, facts.by_prompt(trouble.runs)) for trouble in common],
        "outages": [(why, facts.by_prompt(cases)) for why, cases in outages(to_show).items()],
        "facts": facts,
        "scores": facts,
    }


def _anchors(prompts: Iterable[PromptResultsView]) -> dict[tuple[str, str], str]:
    """Anchors of the first run of each case, by prompt and name."""
    found: dict[tuple[str, str], str] = {}
    for prompt in prompts:
        for view in prompt.cases:
            found.setdefault(_key(view.case), view.anchor)
    return found


def _key(case: CaseRun) -> tuple[str, str]:
    return case.prompt, case.name


def _place(place: Place) -> str:
    return facts.short(f"{place.path}:{place.line}:{place.column}")


FILTERS: dict[str, Callable[..., Any]] = {
    "place": _place,
    "short": facts.short,
    "names": facts.names,
    "sign": SIGNS.__getitem__,
}


# The views that the page of a run shows, in the order of its template.


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


@record(frozen=True, slots=True)
class MessageView:
    """A message of a request; `turn` is the number of the turn that begins with it, or None."""

    role: str
    text: Cut
    turn: int | None


@record(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A row of the matrix, with the details that it opens.

    Attributes:
        name: The name of the case, with the repeat if there are several.
        brief: The first reason why it does not pass; "" if it passes, or if many cases share the
            reason.
        messages: Those of the request; with turns, of the conversation up to the answer.
        output: The output of the model; None without an answer.
        calls: The tool calls, as strings.
    """

    anchor: str
    case: CaseRun
    name: str
    short_reason: str
    cells: tuple[Cell, ...]
    results: tuple[ResultView, ...]
    messages: tuple[MessageView, ...]
    output: Cut | None
    calls: tuple[Cut, ...]

    @property
    def why(self) -> str:
        """The reason of the case itself; "" if the errors are those of its assertions."""
        case = self.case
        is_error = case.status == "error" and not case.infrastructure
        is_of_assertion = any(each.status == "error" for each in case.assertions)
        return "" if is_error and is_of_assertion else case.reason

    @property
    def turns(self) -> int:
        """How many turns have a message; 0 without turns."""
        return max((message.turn or 0 for message in self.case.messages), default=0)

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
    passed_last = sorted(run.cases, key=lambda case: case.status == "passed")
    fitting = frozenset(map(id, passed_last[: room.cases]))
    views = _Views(room, facts.repeated(run), keys, fitting)
    return tuple(
        views.prompt(f"{anchor}-{number}", cases, covered.get(prompt))
        for number, (prompt, cases) in enumerate(facts.by_prompt(run.cases).items(), 1)
    )


@record(frozen=True, slots=True)
class _Views:
    """Creates the views of a run; `fitting` are the ids (as of `id`) of cases to show."""

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
            messages=tuple(_messages(room, case)),
            output=room.show(answer.text) if answer else None,
            calls=tuple(room.show(facts.call(call)) for call in calls),
        )

    def short_reason(self, case: CaseRun) -> str:
        if case.infrastructure:
            return ""
        if case.status in ("passed", "stale", "warning"):
            return case.reason
        for each in troubles((case,)):
            if _reason_key(each) not in self.reported:
                return f"{each.assertion.type}: {each.reason}" if each.assertion else each.reason
        return ""


def _messages(room: Room, case: CaseRun) -> Iterator[MessageView]:
    before: int | None = None
    for each in case.messages:
        begins = each.turn if each.turn != before else None
        yield MessageView(each.role, room.show(each.text), begins)
        before = each.turn


def _reason_key(trouble: Trouble) -> tuple[Place, str]:
    return trouble.place, trouble.reason


def _results(room: Room, case: CaseRun, every: tuple[Column, ...]) -> Iterator[ResultView]:
    numbers = {(column.on, column.type): column.number for column in every}
    for each in worst_first(case.assertions):
        texts = each.compared if each.status == "failed" else None
        difference = room.compare(texts.expected, texts.got) if texts else ()
        yield ResultView(each, shown(each), numbers[each.on, each.type], difference)
