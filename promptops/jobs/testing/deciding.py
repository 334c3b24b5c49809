"""Decide scores by comparison with those of a baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from statistics import fmean

from promptops.evals.deciding.noninferiority import Margin, margin_of
from promptops.evals.judge_answer import primary, scores
from promptops.jobs.testing.arm import Arm
from promptops.jobs.testing.judging import JudgedAnswer
from promptops.jobs.testing.paired_decision import Measure, PairedAnswers
from promptops.jobs.testing.paired_run import Arms
from promptops.model.prompt import Prompt
from promptops.model.test_run import Decided
from promptops.records import replace


def decide_scores(answers: Iterable[JudgedAnswer], arms: Arms | None) -> Iterator[Decided]:
    """A decision for each score of a prompt, from the answers to its cases.

    One score gates. If models may be called, more answers are requested until it is decided;
    otherwise recordings are compared, and the score stays inconclusive where they are too few. The
    other scores are decided on the answers that are known by then.
    """
    for _, group in groupby(answers, lambda judged: judged.planned.prompt.id):
        own = list(group)
        names = {
            judgement.score
            for judged in own
            for judgement in judged.judgements
            if judgement.score is not None
        }
        gating = primary(own[0].planned.prompt.evaluation, names)
        paired = PairedAnswers(own, arms) if names and arms is not None else None
        for score in sorted(names, key=lambda name: (name != gating, name)):
            decided = _decided(score, own, paired, may_call=score == gating)
            yield replace(decided, gates=score == gating)


def _decided(
    score: str,
    own: Sequence[JudgedAnswer],
    paired: PairedAnswers | None,
    *,
    may_call: bool,
) -> Decided:
    prompt = own[0].planned.prompt

    def value(judged: JudgedAnswer) -> float | None:
        return scores(judged.judgements).get(score)

    values = [known for judged in own if (known := value(judged)) is not None]
    if not values or paired is None:
        return _not_compared(prompt.id, score, values)
    measure = Measure(name=score, value=value, margin=_margin(prompt, paired.arms.baseline))
    return paired.decided(measure, may_call=may_call)


def _margin(prompt: Prompt, baseline: Arm) -> Margin:
    """The smaller margin of both versions, so that a change can't widen it."""
    own, before = prompt.evaluation, baseline.evaluation_of(prompt)
    margin, was = margin_of(own), margin_of(before)
    if not before or was == "auto" or margin == "auto":
        return was if before else margin
    return min(margin, was)


def _not_compared(prompt: str, score: str, values: Sequence[float]) -> Decided:
    line = "no answer could be scored"
    if values:
        line = f"{100 * fmean(values):.1f}%, inconclusive: no earlier release to compare with"
    return Decided(
        prompt=prompt, score=score, verdict="inconclusive", line=line, compared=not values
    )
