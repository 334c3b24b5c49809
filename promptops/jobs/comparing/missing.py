"""The answers that an arm lacks, and those that could not be judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.evals.contracts import unjudged
from promptops.jobs.comparing.arm_run import ArmRun
from promptops.jobs.comparing.prompt_arms import PromptArms
from promptops.jobs.testing.answering import not_requested
from promptops.jobs.testing.plan import PlannedCase
from promptops.model.test_run import CaseRun
from promptops.records import replace


def unfinished(prompt: PromptArms, arm: ArmRun) -> list[CaseRun]:
    """The needed answers that are missing (`stale`) and those that could not be judged (`error`).

    It is also an error, with `infrastructure`, if a provider gave no answer, and without it if no
    request can be sent.
    """
    found = (_unfinished(prompt, arm, planned) for planned in _needed(prompt, arm))
    return [run for run in found if run is not None]


def _needed(prompt: PromptArms, arm: ArmRun) -> Iterator[PlannedCase]:
    """The first answers, and all others that exist."""
    for planned in prompt.cases:
        if arm.arm.counterpart(planned) is None:
            continue
        for repeat in range(prompt.repeats):
            each = replace(planned, repeat=repeat)
            if repeat < prompt.first_repeats or arm.judged_answer(each) is not None:
                yield each


def _unfinished(prompt: PromptArms, arm: ArmRun, planned: PlannedCase) -> CaseRun | None:
    run = CaseRun(
        prompt=prompt.id,
        name=planned.case.name,
        repeat=planned.repeat,
        status="error",
        place=planned.place,
    )
    judged = arm.judged_answer(planned)
    if judged is None:
        result = arm.result(planned)
        run = replace(run, reason=result.reason, infrastructure=result.infrastructure)
        is_error = result.infrastructure or result.unsendable
        return run if is_error else replace(run, status="stale")
    errors = unjudged(judged.judgements)
    if not errors:
        return None
    if all(error.lack == "recording" for error in errors):
        return replace(run, status="stale", reason=errors[0].reason)
    return replace(
        run,
        reason=errors[0].reason,
        infrastructure=any(error.lack == "connection" for error in errors),
        internal=any(error.internal for error in errors),
    )


def number_missing(runs: Iterable[CaseRun]) -> int:
    """How many answers, or replies of judges, are missing."""
    return sum(run.status == "stale" or run.infrastructure for run in runs)


def errors(runs: Iterable[CaseRun], ended: str) -> Iterator[CaseRun]:
    """The errors.

    Requests that were not sent because the run has `ended` are no errors; they are only counted.
    """
    for run in runs:
        if run.status == "error" and not (ended and run.reason == not_requested(ended)):
            yield run
