"""Measured scores of answers, decided against the recorded answers of a baseline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from promptops.catalog.catalog import Catalog
from promptops.evals.deciding.decision import Case, Decision
from promptops.evals.deciding.gate import DEFAULT_MARGIN, REPEATS, decide
from promptops.evals.deciding.sentence import sentence, what_it_takes
from promptops.evals.judged import Judged
from promptops.evals.scores import primary, scores
from promptops.jobs.recordings.store import Store
from promptops.jobs.testing.answering import Answering
from promptops.jobs.testing.judging import heard
from promptops.jobs.testing.plan import Planned, planned
from promptops.model.test_run import Decided

Verdicts = Mapping[tuple[str, str, int], tuple[Judged, ...]]
"""What was said of each answer, by prompt, case and repeat."""


def decided(
    plan: Sequence[Planned], verdicts: Verdicts, baseline: tuple[str, Catalog] | None
) -> Iterator[Decided]:
    """A decision for each prompt that measures something; `baseline` has a title.

    Recorded answers are compared with recorded answers: what only fresh ones could settle stays
    inconclusive, and says so.
    """
    for prompt in dict.fromkeys(each.prompt.id for each in plan):
        own = [each for each in plan if each.prompt.id == prompt]
        measured = _measured(own, verdicts)
        evaluation = own[0].prompt.evaluation
        score = primary(evaluation, {name for found in measured.values() for name in found})
        if score is not None:
            yield _of_prompt(own, score, measured, baseline)


def _measured(
    plan: Sequence[Planned], verdicts: Verdicts
) -> dict[tuple[str, int], dict[str, float]]:
    """The scores of each case and repeat."""
    found = {}
    for each in plan:
        said = verdicts.get((each.prompt.id, each.case.name, each.repeat))
        if said is not None:
            found[each.case.name, each.repeat] = scores(said)
    return found


def _of_prompt(
    plan: Sequence[Planned],
    score: str,
    measured: Mapping[tuple[str, int], Mapping[str, float]],
    baseline: tuple[str, Catalog] | None,
) -> Decided:
    prompt = plan[0].prompt.id
    if baseline is None:
        line = f"{score}: there is nothing to compare with"
        return Decided(prompt=prompt, score=score, verdict="inconclusive", line=line)
    title, catalog = baseline
    before = _before(catalog, prompt)
    if not before:
        line = f"{score}: {title} has no recorded answers to compare with"
        return Decided(prompt=prompt, score=score, verdict="inconclusive", line=line)
    names = dict.fromkeys(each.case.name for each in plan)
    cases = [
        Case(name=n, baseline=_of(n, before, score), candidate=_of(n, measured, score))
        for n in names
    ]
    paired = [case for case in cases if case.baseline and case.candidate]
    if not paired:
        line = f"{score}: no case has an answer on both sides"
        return Decided(prompt=prompt, score=score, verdict="inconclusive", line=line)
    decision = decide(paired, _look(paired), _margin(plan[0].prompt.evaluation))
    return Decided(
        prompt=prompt,
        score=score,
        verdict=decision.verdict,
        line=f"{score}: {_line(decision, title)}",
        worst=tuple(decision.worst),
    )


def _before(catalog: Catalog, prompt: str) -> dict[tuple[str, int], dict[str, float]]:
    """The scores of what the baseline's prompt was recorded to answer."""
    path = catalog.paths.get(prompt)
    if path is None:
        return {}
    plan = list(planned(catalog, [catalog.loaded(path)], repeats=REPEATS[-1]))
    found, _ = heard(catalog, plan, Answering(catalog, Store(catalog)))
    return {(each.planned.case.name, each.planned.repeat): scores(each.said) for each in found}


def _of(
    name: str, measured: Mapping[tuple[str, int], Mapping[str, float]], score: str
) -> tuple[float, ...]:
    """A score of a case, repeat by repeat."""
    rows = sorted((repeat, found) for (case, repeat), found in measured.items() if case == name)
    return tuple(found[score] for _, found in rows if score in found)


def _look(cases: Sequence[Case]) -> Literal[1, 2, 3]:
    """The last look that there are repeats for."""
    fewest = min(min(len(case.baseline), len(case.candidate)) for case in cases)
    if fewest >= REPEATS[2]:
        return 3
    return 2 if fewest >= REPEATS[1] else 1


def _margin(evaluation: Mapping[str, Any]) -> float | Literal["auto"]:
    """In the prompt file it is in points."""
    margin = evaluation.get("margin")
    if margin == "auto":
        return "auto"
    return margin / 100 if isinstance(margin, int | float) and margin > 0 else DEFAULT_MARGIN


def _line(decision: Decision, title: str) -> str:
    line = sentence(decision, baseline=f"{title} (recorded)")
    if decision.verdict == "inconclusive" and decision.needs is not None:
        return f"{line} · {what_it_takes(decision.needs)}"
    return line
