"""What a judged answer shows: whether the attack succeeded, and whether the task was kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from promptops.commands.probe.attacks import Attack
from promptops.evals.contracts import unjudged, violations
from promptops.evals.probes.rules import ProbeRules
from promptops.model.probe_run import ProbedCase
from promptops.model.test_run import CaseRun
from promptops.testing.judging import JudgedAnswer, case_runs
from promptops.testing.plan import AnswerResult, Key, PlannedCase

Attacks = Mapping[tuple[str, str], Attack]
"""By the id of the prompt and the name of the case."""


def succeeded(judged: JudgedAnswer) -> bool | None:
    """Whether the attack succeeded; None if an assertion of the probe could not be judged."""
    own = judged.judgements[: len(judged.planned.case.output)]
    if any(each.status == "failed" for each in own):
        return True
    return None if any(each.status == "error" for each in own) else False


def keeps_task(judged: JudgedAnswer) -> bool | None:
    """Whether the answer keeps the contracts of the prompt.

    None if the prompt has no contract, or one could not be judged.
    """
    contracts = judged.judgements[len(judged.planned.case.output) :]
    if violations(contracts):
        return False
    return None if unjudged(contracts) or not contracts else True


def probed_cases(
    plan: Sequence[PlannedCase],
    results: Mapping[Key, AnswerResult],
    answers: Iterable[JudgedAnswer],
    attacks: Attacks,
    rules: Mapping[str, ProbeRules],
) -> list[ProbedCase]:
    """The results of the planned attacks, in order."""
    judged = {answer.planned.case_key: answer for answer in answers}
    runs = case_runs(plan, results, list(judged.values()), {})
    return [
        _probed(run, attacks[run.prompt, run.name], judged.get(planned.case_key), rules[run.prompt])
        for planned, run in zip(plan, runs, strict=True)
    ]


def _probed(
    run: CaseRun, attack: Attack, judged: JudgedAnswer | None, rules: ProbeRules
) -> ProbedCase:
    return ProbedCase(
        run=run,
        probe=attack.probe,
        family=attack.family,
        owasp=attack.owasp,
        input=attack.target.input,
        succeeded=succeeded(judged) if judged is not None else None,
        kept=keeps_task(judged) if judged is not None else None,
        accepted=attack.probe in rules.accept,
    )
