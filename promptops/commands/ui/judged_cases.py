"""The test cases of a prompt that edits reach, judged with recorded answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from promptops.commands.ui.records import UiFailing
from promptops.commands.ui.remembered_answers import Refusals
from promptops.model.test_run import AssertionResult, CaseRun
from promptops.records import record, replace
from promptops.report.test.facts import RECORD
from promptops.testing.options import RunOptions
from promptops.testing.runner import CaseRunner
from promptops.workspace.selection import Selected
from promptops.workspace.workspace import Workspace


@record(frozen=True, slots=True, kw_only=True)
class JudgedCases:
    """The results of a prompt file.

    Attributes:
        failing: The cases that do not pass, each once.
        cases: The number of cases.
        unchecked: The number of cases that pass, and check no answer.
    """

    failing: tuple[UiFailing, ...]
    cases: int
    unchecked: int


def judged_cases(workspace: Workspace, path: str, refused: Refusals) -> JudgedCases:
    """Judge the cases of a prompt file.

    Args:
        workspace: What a branch with the edits contains.
        refused: Why answers are not recorded.

    Raises PromptopsError if that is not possible, such as for an invalid setting.
    """
    runs = CaseRunner(workspace, Selected({path: "edits reach it"}), RunOptions()).run().cases
    repeats: dict[str, list[CaseRun]] = {}
    for run in runs:
        if run.name:  # not the error of a file
            repeats.setdefault(run.name, []).append(run)
    each_once = [*repeats.values(), *([run] for run in runs if not run.name)]
    failing = (_failing(each, refused) for each in each_once)
    return JudgedCases(
        failing=tuple(each for each in failing if each is not None),
        cases=len(repeats),
        unchecked=sum(map(_is_unchecked, repeats.values())),
    )


def _is_unchecked(repeats: Sequence[CaseRun]) -> bool:
    checked = any(each.on != "request" for run in repeats for each in run.assertions)
    return not checked and all(run.status == "passed" for run in repeats)


def _failing(repeats: Sequence[CaseRun], refused: Refusals) -> UiFailing | None:
    """A case, answered once or several times, if it does not pass."""
    run = next((run for run in repeats if run.status in ("failed", "stale", "error")), None)
    if run is None:
        return None
    contracts = (each for each in run.assertions if each.must)
    wrong = (_reason(each) for each in contracts if each.status in ("failed", "error"))
    unanswered = run.status == "stale" and run.answer is None and bool(run.messages)
    if run.turn is not None:  # the workbench gets one answer, not a conversation
        unanswered, run = False, replace(run, reason=f"{run.reason}, run {RECORD}")
    refusal = refused.get((run.prompt, run.name), "")
    return UiFailing(
        id=run.prompt,
        case=run.name or None,
        status=cast('Literal["failed", "stale", "error"]', run.status),
        reason=refusal or next(wrong, "") or (_lack(repeats) if unanswered else run.reason),
        answerable=unanswered and not refusal,
    )


def _reason(found: AssertionResult) -> str:
    return found.reason if found.turn is None else f"turn {found.turn}: {found.reason}"


def _lack(repeats: Sequence[CaseRun]) -> str:
    recorded = sum(run.answer is not None for run in repeats)
    if recorded:
        return f"{recorded} of {len(repeats)} answers are recorded"
    return "no answer to its request is recorded"
