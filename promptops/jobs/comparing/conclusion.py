"""The whole comparison, from the results of each prompt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from promptops.evals.contracts import unjudged, violations
from promptops.evals.deciding.recommending import concluded
from promptops.evals.judge_answer import scores
from promptops.jobs.comparing.arm_run import ArmRun
from promptops.jobs.comparing.figures import cost_usd_1000, ratio_of
from promptops.jobs.comparing.results import ArmResults
from promptops.jobs.testing.judging import JudgedAnswer
from promptops.jobs.testing.outcomes import sent_messages
from promptops.jobs.testing.plan import PlannedCase
from promptops.model.arm import (
    ArmAnswer,
    ArmComparison,
    ArmResult,
    ArmTotal,
    ComparedCase,
    KeptContracts,
    PromptComparison,
)
from promptops.model.test_run import CaseRun
from promptops.records import replace


def comparison_of(
    found: ArmComparison, results: Sequence[ArmResults], errors: Sequence[CaseRun]
) -> ArmComparison:
    """The comparison with its prompts, totals and conclusions.

    Args:
        found: All that does not depend on the results.
        errors: Prompts and cases that could not be compared at all.
    """
    by_prompt = {name: tuple(own) for name, own in groupby(errors, lambda run: run.prompt)}
    prompts = [_prompt(each, by_prompt.pop(each.prompt.id, ())) for each in results]
    prompts += (_unreadable(found, name, own) for name, own in by_prompt.items())
    totals = tuple(_totals(results)) if results else ()
    return concluded(replace(found, prompts=tuple(prompts), totals=totals))


def _prompt(results: ArmResults, errors: Sequence[CaseRun]) -> PromptComparison:
    reference = results.of_reference()
    reference = replace(reference, problems=(*errors, *reference.problems))
    arms = [results.of(arm) for arm in results.others]
    if errors:
        arms = [replace(arm, verdict="open", note=arm.note or _NOT_COMPARED) for arm in arms]
    prompt = results.prompt
    return PromptComparison(
        prompt=prompt.id,
        score=prompt.score,
        margin=results.margin,
        arms=(reference, *arms),
        cases=tuple(_case(results, planned) for planned in prompt.cases),
    )


_NOT_COMPARED = "cases of the reference could not be compared"


def _unreadable(found: ArmComparison, prompt: str, errors: Sequence[CaseRun]) -> PromptComparison:
    """A prompt that no arm could answer."""
    arm = ArmResult(
        name=found.reference,
        kind=found.kind,
        verdict="reference",
        contracts=KeptContracts(kept=0, of=0),
        problems=tuple(errors),
    )
    return PromptComparison(prompt=prompt, margin=found.margin, arms=(arm,))


def _case(results: ArmResults, planned: PlannedCase) -> ComparedCase:
    arms = (results.reference, *results.others)
    accepting = [arm for arm in arms if arm.arm.counterpart(planned) is not None]
    return ComparedCase(
        name=planned.case.name,
        place=planned.place,
        messages=sent_messages(planned.request) if planned.request is not None else (),
        answers=tuple(each for arm in accepting for each in _answers(results, arm, planned)),
        without=tuple(arm.name for arm in arms if arm not in accepting),
    )


def _answers(results: ArmResults, arm: ArmRun, planned: PlannedCase) -> Iterator[ArmAnswer]:
    known = [
        judged
        for n in range(results.prompt.repeats)
        if (judged := arm.judged_answer(replace(planned, repeat=n))) is not None
    ]
    if not known:
        yield ArmAnswer(arm=arm.name, reason=arm.result(planned).reason)
    for judged in known:
        yield _answer(results, arm, judged)


def _answer(results: ArmResults, arm: ArmRun, judged: JudgedAnswer) -> ArmAnswer:
    wrong = unjudged(judged.judgements)
    return ArmAnswer(
        arm=arm.name,
        repeat=judged.planned.repeat,
        answer=judged.answer,
        source=arm.answering.known[judged.planned.key].source,
        score=scores(judged.judgements).get(results.prompt.score),
        violated=tuple((each.type, each.reason) for each in violations(judged.judgements)),
        reason=wrong[0].reason if wrong else "",
        cost_usd=results.prices.cost_usd(arm, judged),
    )


def _totals(results: Sequence[ArmResults]) -> Iterator[ArmTotal]:
    first = results[0]
    for arm in (first.reference, *first.others):
        costs = [each.costs(arm) for each in results]
        known = [cost for own in costs if own is not None for cost in own.values()]
        pairs = [each.cost_pairs(arm) for each in results]
        joined = [pair for own in pairs if own is not None for pair in own]
        yield ArmTotal(
            name=arm.name,
            cost_usd_1000=None if None in costs else cost_usd_1000(known),
            cost_ratio=None if arm is first.reference or None in pairs else ratio_of(joined),
        )
