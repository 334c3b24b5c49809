"""Decide scores by comparison with those of a baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from statistics import fmean

from promptops.evals.deciding.decision import (
    CaseScore,
    Decision,
    Needs,
    plain_sentence,
    sentence,
    what_it_takes,
)
from promptops.evals.deciding.noninferiority import (
    REPEATS,
    Look,
    Margin,
    decide,
    margin_of,
    next_look,
    reachable_look,
)
from promptops.evals.judge_answer import primary, scores
from promptops.jobs.testing.judging import JudgedAnswer, cost_usd, judges_behind
from promptops.jobs.testing.paired_run import Arms
from promptops.model.answer import Answer
from promptops.model.test_run import Decided, Verdict, Worse
from promptops.records import field, record, replace
from promptops.untrusted import is_untrusted

SOURCE = "source:"
"""The prefix of tags for dependent cases, such as those of one document or conversation."""

_FRESH = 1_000
"""From this repeat on answers prove suspects; far above any repeat that a prompt has."""


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
        deciding = _PromptAnswers(own, arms) if names else None
        for score in sorted(names, key=lambda name: (name != gating, name)):
            if deciding is not None:
                yield replace(
                    deciding.decided(score, may_call=score == gating), gates=score == gating
                )


@record(slots=True)
class _Scored:
    """One arm: its answers by case and repeat, and their scores."""

    score: str
    answers: dict[str, dict[int, tuple[float, JudgedAnswer]]] = field(default_factory=dict)

    def add(self, answers: Iterable[JudgedAnswer]) -> None:
        for judged in answers:
            value = scores(judged.judgements).get(self.score)
            if value is not None:
                rows = self.answers.setdefault(judged.planned.case.name, {})
                rows[judged.planned.repeat] = value, judged

    def of(self, name: str, *, fresh: bool = False) -> tuple[float, ...]:
        """Scores of a case in the order of its repeats."""
        rows = self.answers.get(name, {})
        return tuple(rows[n][0] for n in sorted(rows) if (n >= _FRESH) == fresh)

    def first(self, name: str) -> Answer:
        rows = self.answers[name]
        return rows[min(rows)][1].answer

    @property
    def judged(self) -> Iterator[JudgedAnswer]:
        return (judged for rows in self.answers.values() for _, judged in rows.values())


class _PromptAnswers:
    """The answers to the cases of one prompt, in both arms."""

    def __init__(self, own: Sequence[JudgedAnswer], arms: Arms | None) -> None:
        self._own = list(own)
        self._arms = arms
        self._theirs: list[JudgedAnswer] = []
        if arms is not None:
            once = {judged.planned.case.name: judged.planned for judged in own}
            repeats = range(max(REPEATS[-1], *(judged.planned.repeat + 1 for judged in own)))
            plan = [replace(planned, repeat=n) for planned in once.values() for n in repeats]
            self._theirs += arms.baseline.judged(plan)

    def decided(self, score: str, *, may_call: bool) -> Decided:
        """The decision over one score; answers requested for it are also used for the next one."""
        prompt = self._own[0].planned.prompt.id
        values = [
            known[score] for judged in self._own if score in (known := scores(judged.judgements))
        ]
        if not values or self._arms is None:
            return _not_compared(prompt, score, values)
        deciding = _Deciding(self._own, self._theirs, score, self._arms, may_call=may_call)
        decided = deciding.decided()
        self._own += deciding.more[0]
        self._theirs += deciding.more[1]
        return decided


def _not_compared(prompt: str, score: str, values: Sequence[float]) -> Decided:
    line = "no answer could be scored"
    if values:
        line = f"{100 * fmean(values):.1f}%, inconclusive: no earlier release to compare with"
    return Decided(
        prompt=prompt, score=score, verdict="inconclusive", line=line, compared=not values
    )


class _Deciding:
    """The decision over one score of a prompt.

    Attributes:
        more: Additional answers of the candidate and of the baseline.
    """

    def __init__(
        self,
        own: Sequence[JudgedAnswer],
        theirs: Sequence[JudgedAnswer],
        score: str,
        arms: Arms,
        *,
        may_call: bool,
    ) -> None:
        self._arms = arms
        self._may_call = may_call and arms.may_call
        self._score = score
        self._prompt = own[0].planned.prompt
        self._once = {judged.planned.case.name: replace(judged.planned, repeat=0) for judged in own}
        self._candidate, self._baseline = _Scored(score), _Scored(score)
        self._candidate.add(own)
        self._baseline.add(theirs)
        self.more: tuple[list[JudgedAnswer], list[JudgedAnswer]] = ([], [])

    def decided(self) -> Decided:
        if self._same_requests():
            title = self._arms.baseline.title
            line = f"{self._mean():.1f} points; {title} sends the same requests"
            return Decided(prompt=self._prompt.id, score=self._score, verdict="pass", line=line)
        if not self._baseline.answers:
            return self._open(f"{self._arms.baseline.title} has no recorded answers to these cases")
        paired = [case for case in self._cases() if case.baseline and case.candidate]
        if not paired:
            return self._open("no case has an answer on both sides")
        decision = self._settled(reachable_look(paired))
        verdict = decision.verdict
        if verdict != "inconclusive" and self._drifted and not _is_final(verdict):
            verdict = "inconclusive"
        return Decided(
            prompt=self._prompt.id,
            score=self._score,
            verdict=verdict,
            line=f"{self._figures(decision)}{self._next_step(decision, verdict)}",
            summary=self._summary(decision, verdict),
            worst=tuple(map(self._worse, decision.worst)),
            culprits=decision.culprits,
        )

    def _same_requests(self) -> bool:
        """Whether all requests are unchanged: then differences are not caused by the change."""
        counterparts = map(self._arms.baseline.counterpart, self._once.values())
        pairs = zip(counterparts, self._once.values(), strict=True)
        return all(same is not None and same.digest == planned.digest for same, planned in pairs)

    def _mean(self) -> float:
        """The candidate's mean, in points."""
        return 100 * fmean(value for name in self._once for value in self._candidate.of(name))

    def _open(self, why: str) -> Decided:
        return Decided(prompt=self._prompt.id, score=self._score, verdict="inconclusive", line=why)

    def _settled(self, look: Look) -> Decision:
        """The decision, after all answers that may be requested for it."""
        margin = self._margin()
        decision = decide(self._cases(), look, margin)
        while self._may_call and decision.needs is not None and self._request_more(decision.needs):
            look = next_look(look) if decision.needs.repeats else look
            decision = decide(self._cases(), look, margin)
        return decision

    def _margin(self) -> Margin:
        """The smaller margin of both versions, so that a change can't widen it."""
        own, before = self._prompt.evaluation, self._arms.baseline.evaluation_of(self._prompt)
        margin, was = margin_of(own), margin_of(before)
        if not before or was == "auto" or margin == "auto":
            return was if before else margin
        return min(margin, was)

    def _request_more(self, needs: Needs) -> bool:
        """Request more answers; returns whether any arrived."""
        if needs.repeats is not None:
            wanted = [(name, n) for name in self._once for n in range(needs.repeats)]
        else:
            wanted = [(name, _FRESH + n) for name in needs.suspects for n in range(needs.fresh)]
        ours, theirs = self._arms.judged(
            [replace(self._once[name], repeat=n) for name, n in wanted]
        )
        before = self._known
        self._candidate.add(ours)
        self._baseline.add(theirs)
        self.more[0].extend(ours)
        self.more[1].extend(theirs)
        return self._known > before

    @property
    def _known(self) -> int:
        return sum(1 for arm in (self._candidate, self._baseline) for _ in arm.judged)

    def _cases(self) -> list[CaseScore]:
        return [
            CaseScore(
                name=name,
                source=next((tag for tag in planned.case.tags if tag.startswith(SOURCE)), None),
                baseline=self._baseline.of(name),
                candidate=self._candidate.of(name),
                fresh_baseline=self._baseline.of(name, fresh=True),
                fresh_candidate=self._candidate.of(name, fresh=True),
            )
            for name, planned in self._once.items()
        ]

    @property
    def _drifted(self) -> bool:
        """Whether the model behind the same name has changed since the baseline was recorded."""
        baseline = self._arms.baseline
        if self._prompt.id in baseline.outdated:
            return False
        return self._judged_by_others() or any(
            baseline.answered_by_another(judged.planned, judged.answer)
            for judged in self._candidate.judged
        )

    def _judged_by_others(self) -> bool:
        """The same for the models of judges."""
        paths = {judged.planned.prompt.path for judged in self._baseline.judged}
        ours = judges_behind(self._arms.judging.answering.known, {self._prompt.path})
        theirs = judges_behind(self._arms.baseline.opinions.known, paths)
        return any(ours[judge] != theirs[judge] for judge in ours.keys() & theirs.keys())

    def _cost(self, arm: _Scored) -> float | None:
        """The cost per answer, in USD; None if any is unknown."""
        costs = [cost_usd(self._arms.judging.catalog, judged) for judged in arm.judged]
        known = [cost for cost in costs if cost is not None]
        return fmean(known) if known and len(known) == len(costs) else None

    def _worse(self, name: str) -> Worse:
        before, after = self._baseline.of(name), self._candidate.of(name)
        pairs = min(len(before), len(after))
        return Worse(
            name=name,
            before=fmean(before[:pairs]),
            after=fmean(after[:pairs]),
            before_answer=self._baseline.first(name),
            after_answer=self._candidate.first(name),
        )

    def _summary(self, decision: Decision, verdict: Verdict) -> str:
        title = self._arms.baseline.title
        return f"{plain_sentence(decision, title)}{self._next_step(decision, verdict)}"

    def _figures(self, decision: Decision) -> str:
        baseline = self._arms.baseline
        model = "another" if self._drifted else "same"
        is_outdated = self._prompt.id in baseline.outdated
        source = "requested again" if is_outdated else f"recorded, {model} model"
        was, now = self._cost(self._baseline), self._cost(self._candidate)
        return sentence(
            decision,
            cost_change=now / was - 1 if was and now is not None else None,
            baseline=f"{baseline.title} ({source})",
        )

    def _next_step(self, decision: Decision, verdict: Verdict) -> str:
        """What would settle an inconclusive decision, after a separator, or ""."""
        if verdict != decision.verdict:
            return " · the model has changed: `promptops test --live` runs both sides again"
        if verdict == "inconclusive" and decision.needs is not None:
            return f" · {what_it_takes(decision.needs)}"
        return ""


def _is_final(verdict: Verdict) -> bool:
    """Whether a verdict is final: an untrusted change can't blame another model."""
    return verdict == "fail" and is_untrusted()
