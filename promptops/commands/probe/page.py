"""For a browser: one page without any external resources; attacks are shown as text only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from promptops.commands.probe import report
from promptops.model.probe import FamilyRate, MatrixCell, ProbedCase, ProbeRun, PromptProbes
from promptops.records import record
from promptops.report.page.document import Cut, Room, document
from promptops.report.test.facts import call
from promptops.report.test.page import FILTERS, PARTS


def write_html(run: ProbeRun, **_: object) -> str:
    """The whole page."""
    return document(
        "commands/probe",
        FILTERS,
        parts=(PARTS,),
        head=report.document(run),
        run=run,
        prompts=prompt_views(run, Room()),
        skipped=list(report.skipped(run)),
        errors=list(report.error_lines(run)),
        facts=report,
    )


@record(frozen=True, slots=True, kw_only=True)
class SuccessView:
    """A successful attack with its texts, cut to the room on the page."""

    anchor: str
    case: ProbedCase
    messages: tuple[tuple[str, Cut], ...]
    output: Cut | None
    calls: tuple[Cut, ...]
    reasons: tuple[tuple[str, str], ...]


@record(frozen=True, slots=True, kw_only=True)
class FamilyRow:
    """A family, with a cell for each input.

    Attributes:
        cells: None if no probe of the family fits the input.
        anchors: From an input to the first successful attack on it.
    """

    found: FamilyRate
    cells: tuple[MatrixCell | None, ...]
    anchors: Mapping[str, str]


@record(frozen=True, slots=True, kw_only=True)
class PromptProbesView:
    """A prompt as a section of the page.

    Attributes:
        left_out: The number of successful attacks that are not shown because of the limit.
    """

    anchor: str
    prompt: PromptProbes
    rows: tuple[FamilyRow, ...]
    successes: tuple[SuccessView, ...]
    left_out: int


def prompt_views(run: ProbeRun, room: Room, anchor: str = "prompt") -> tuple[PromptProbesView, ...]:
    """The sections in the order of the run; `anchor` is the prefix of their anchors."""
    return tuple(
        _prompt(prompt, run.cases, f"{anchor}-{number}", room)
        for number, prompt in enumerate(run.prompts, 1)
    )


def _prompt(
    prompt: PromptProbes, cases: Sequence[ProbedCase], anchor: str, room: Room
) -> PromptProbesView:
    own = report.succeeded(case for case in cases if case.run.prompt == prompt.prompt)
    successes: list[SuccessView] = []
    for number, case in enumerate(own[: room.cases], 1):
        room.take_case()
        successes.append(_success(case, f"{anchor}-attack-{number}", room))
    return PromptProbesView(
        anchor=anchor,
        prompt=prompt,
        rows=tuple(_row(found, prompt, successes) for found in prompt.families),
        successes=tuple(successes),
        left_out=len(own) - len(successes),
    )


def _row(found: FamilyRate, prompt: PromptProbes, successes: Sequence[SuccessView]) -> FamilyRow:
    cells = {cell.input: cell for cell in prompt.matrix if cell.family == found.family}
    anchors: dict[str, str] = {}
    for view in successes:
        if view.case.family == found.family:
            anchors.setdefault(view.case.input, view.anchor)
    return FamilyRow(
        found=found, cells=tuple(cells.get(name) for name in prompt.inputs), anchors=anchors
    )


def _success(case: ProbedCase, anchor: str, room: Room) -> SuccessView:
    answer = case.run.answer
    return SuccessView(
        anchor=anchor,
        case=case,
        messages=tuple((each.role, room.show(each.text)) for each in case.run.messages),
        output=room.show(answer.text) if answer is not None else None,
        calls=tuple(room.show(call(each)) for each in answer.tool_calls) if answer else (),
        reasons=tuple(
            (each.type, each.reason)
            for each in case.run.assertions
            if each.status == "failed" and each.on == "answer"
        ),
    )
