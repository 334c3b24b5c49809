"""A night as one line: what the answers to a prompt's cases measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, variance

from promptops.catalog.catalog import Catalog
from promptops.commands.drift.asking import NightAnswers, PromptAnswers, contracts, values_by_case
from promptops.commands.drift.digests import digest_of
from promptops.evals.deciding.drift import NightSample, share_sample
from promptops.evals.deciding.intervals import latency_of
from promptops.model.answer import Answer
from promptops.model.night import ChartName, Night, NightJudge
from promptops.model.test_run import Worse
from promptops.testing.judging import JudgedAnswer, cost_usd, judge_agreements
from promptops.workspace.model_profiles import model_profile

_WORST = 5


def night_of(found: PromptAnswers, answers: NightAnswers, at: str, release: str) -> Night:
    """The night of a prompt, before anything is decided; its verdict is `learning`."""
    score, catalog = found.score, answers.catalog
    sample = score_sample(found, score)
    kept, of = contracts(found.answers)
    profile = model_profile(catalog, found.prompt.model)
    named = {each.planned.case.name for each in found.answers}
    return Night(
        at=at,
        release=release,
        prompt=found.prompt.id,
        digest=digest_of(catalog, found.prompt, found.cases),
        score=score,
        n=len(values_by_case(found.answers, score)) if score is not None else len(named),
        k=found.repeats,
        mean=round(sample.mean, 4) if sample is not None else None,
        within=round(sample.within, 6) if sample is not None else None,
        kept=kept,
        of=of,
        same=_same(found, answers),
        models=tuple(sorted({each.answer.model for each in found.answers})),
        fingerprints=tuple(sorted({e.answer.fingerprint or "" for e in found.answers} - {""})),
        profile=profile.name if profile is not None else "",
        tokens=_tokens(found.answers),
        latency_s=_latency(found.answers),
        cost_usd=_cost_usd(catalog, found.answers),
        judge=_judge(found, answers),
        verdict="learning",
    )


def score_sample(found: PromptAnswers, score: str | None) -> NightSample | None:
    """The answers on the chart of a score; None without a score."""
    values = values_by_case(found.answers, score) if score is not None else {}
    if not values:
        return None
    return NightSample(
        mean=fmean(fmean(own) for own in values.values()),
        within=fmean(variance(own) if len(own) > 1 else 0.0 for own in values.values()),
        size=sum(map(len, values.values())),
    )


def sample_on(found: PromptAnswers, name: ChartName, score: str | None) -> NightSample | None:
    """The answers on a chart; None if they are not on it."""
    if name == "score":
        return score_sample(found, score)
    kept, of = contracts(found.answers)
    return share_sample(kept, of) if of else None


def worst_cases(
    found: PromptAnswers, recorded: Sequence[JudgedAnswer], score: str | None
) -> tuple[Worse, ...]:
    """The cases that lost most against their recorded answers, worst first."""
    before, after = values_by_case(recorded, score), values_by_case(found.answers, score)
    was, now = _lowest(recorded, score), _lowest(found.answers, score)
    worse = [
        Worse(
            name=name,
            before=fmean(before[name]),
            after=fmean(after[name]),
            before_answer=was[name].answer,
            after_answer=now[name].answer,
        )
        for name in before
        if name in after and fmean(after[name]) < fmean(before[name])
    ]
    return tuple(sorted(worse, key=lambda each: (each.after - each.before, each.name))[:_WORST])


def _lowest(answers: Sequence[JudgedAnswer], score: str | None) -> Mapping[str, JudgedAnswer]:
    """One answer of each case: the first of those with the lowest value."""
    found: dict[str, tuple[float, JudgedAnswer]] = {}
    for judged in answers:
        name = judged.planned.case.name
        value = values_by_case([judged], score).get(name, [2.0])[0]
        if name not in found or value < found[name][0]:
            found[name] = value, judged
    return {name: judged for name, (_, judged) in found.items()}


def _same(found: PromptAnswers, answers: NightAnswers) -> float | None:
    """The share of answers that are equal to a recorded one byte for byte."""
    recorded: dict[str, set[str]] = {}
    for planned, answer in answers.recorded_answers(found):
        recorded.setdefault(planned.case.name, set()).add(_bytes_of(answer))
    equal = [
        _bytes_of(each.answer) in recorded[each.planned.case.name]
        for each in found.answers
        if each.planned.case.name in recorded
    ]
    return round(fmean(equal), 4) if equal else None


def _bytes_of(answer: Answer) -> str:
    return repr((answer.text, answer.tool_calls))


def _tokens(answers: Sequence[JudgedAnswer]) -> tuple[float, float]:
    usages = [each.answer.usage for each in answers]
    if not usages:
        return 0.0, 0.0
    return round(fmean(u.input for u in usages), 1), round(fmean(u.output for u in usages), 1)


def _latency(answers: Sequence[JudgedAnswer]) -> tuple[float, float] | None:
    measured = (each.answer.latency_s for each in answers)
    found = latency_of(seconds for seconds in measured if seconds is not None)
    return (round(found.p50, 3), round(found.p95, 3)) if found is not None else None


def _cost_usd(catalog: Catalog, answers: Sequence[JudgedAnswer]) -> float | None:
    costs = [cost_usd(catalog, each) for each in answers]
    known = [cost for cost in costs if cost is not None]
    return round(sum(known), 6) if known and len(known) == len(costs) else None


def _judge(found: PromptAnswers, answers: NightAnswers) -> NightJudge | None:
    """The first judge of the prompt, with its agreement if its own cases were answered, too."""
    judge = next(iter(answers.judges(found)), None)
    if judge is None:
        return None
    own = (each for one in answers.by_prompt for each in one.answers if one.prompt.id == judge)
    kappas = (agreed.kappa for agreed in judge_agreements(own))
    kappa = next(kappas, None)
    return NightJudge(id=judge, kappa=round(kappa, 4) if kappa is not None else None)
