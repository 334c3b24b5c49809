"""Measured scores of answers, decided against those of a baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from statistics import fmean
from typing import Any, Literal

from promptops.evals.deciding.decision import Case, Decision, Needs
from promptops.evals.deciding.gate import DEFAULT_MARGIN, REPEATS, Look, decide
from promptops.evals.deciding.sentence import sentence, what_it_takes
from promptops.evals.scores import primary, scores
from promptops.jobs.testing.arms import Arms
from promptops.jobs.testing.judging import Heard, cost_usd
from promptops.model.answer import Answer
from promptops.model.test_run import Decided, Verdict, Worse

SOURCE = "source:"
"""Begins the tag of cases that are not independent: those of one document, one conversation."""

_FRESH = 1_000
"""From this repeat on answers prove suspects; far above any repeat that a prompt has."""


def decided(found: Iterable[Heard], arms: Arms | None) -> Iterator[Decided]:
    """A decision for each prompt that measures something, from what its cases were answered.

    Where fresh answers may be asked for, those that would settle it are. Else recorded answers are
    compared with recorded answers, and what only fresh ones could settle stays inconclusive.
    """
    for prompt, group in groupby(found, lambda each: each.planned.prompt.id):
        own = list(group)
        evaluation = own[0].planned.prompt.evaluation
        score = primary(evaluation, {name for each in own for name in scores(each.said)})
        if score is not None and arms is None:
            mean = fmean(known[score] for each in own if score in (known := scores(each.said)))
            line = f"{100 * mean:.1f} points; there is nothing to compare with"
            yield Decided(prompt=prompt, score=score, verdict="inconclusive", line=line)
        elif score is not None and arms is not None:
            yield _Deciding(own, score, arms).decided()


@dataclass(slots=True)
class _Scored:
    """One arm: its answers by case and repeat, and their scores."""

    score: str
    answers: dict[str, dict[int, tuple[float, Heard]]] = field(default_factory=dict)

    def add(self, found: Iterable[Heard]) -> None:
        for each in found:
            value = scores(each.said).get(self.score)
            if value is not None:
                rows = self.answers.setdefault(each.planned.case.name, {})
                rows[each.planned.repeat] = value, each

    def of(self, name: str, *, fresh: bool = False) -> tuple[float, ...]:
        """Scores of a case in the order of its repeats."""
        rows = self.answers.get(name, {})
        return tuple(rows[n][0] for n in sorted(rows) if (n >= _FRESH) == fresh)

    def first(self, name: str) -> Answer:
        rows = self.answers[name]
        return rows[min(rows)][1].answer

    @property
    def heard(self) -> Iterator[Heard]:
        return (each for rows in self.answers.values() for _, each in rows.values())


class _Deciding:
    """One prompt's decision."""

    def __init__(self, own: Sequence[Heard], score: str, arms: Arms) -> None:
        self._arms = arms
        self._score = score
        self._prompt = own[0].planned.prompt
        self._once = {each.planned.case.name: replace(each.planned, repeat=0) for each in own}
        self._candidate, self._baseline = _Scored(score), _Scored(score)
        self._candidate.add(own)
        repeats = max(REPEATS[-1], *(each.planned.repeat + 1 for each in own))
        plan = [replace(each, repeat=n) for each in self._once.values() for n in range(repeats)]
        self._baseline.add(arms.baseline.heard(plan))

    def decided(self) -> Decided:
        if self._same_requests():
            title = self._arms.baseline.title
            line = f"{self._mean():.1f} points; {title} asks the very same"
            return Decided(prompt=self._prompt.id, score=self._score, verdict="pass", line=line)
        if not self._baseline.answers:
            return self._open(f"{self._arms.baseline.title} has no recorded answers to these cases")
        paired = [case for case in self._cases() if case.baseline and case.candidate]
        if not paired:
            return self._open("no case has an answer on both sides")
        decision = self._settled(_look(paired))
        verdict = decision.verdict
        if verdict == "fail" and self._drifted:
            verdict = "inconclusive"
        return Decided(
            prompt=self._prompt.id,
            score=self._score,
            verdict=verdict,
            line=self._line(decision, verdict),
            worst=tuple(map(self._worse, decision.worst)),
            culprits=decision.culprits,
        )

    def _same_requests(self) -> bool:
        """No case asks otherwise than before: whatever the answers are, no change made them."""
        counterparts = map(self._arms.baseline.counterpart, self._once.values())
        pairs = zip(counterparts, self._once.values(), strict=True)
        return all(same is not None and same.digest == each.digest for same, each in pairs)

    def _mean(self) -> float:
        """Of the candidate, in points."""
        return 100 * fmean(value for name in self._once for value in self._candidate.of(name))

    def _open(self, why: str) -> Decided:
        return Decided(prompt=self._prompt.id, score=self._score, verdict="inconclusive", line=why)

    def _settled(self, look: Look) -> Decision:
        """The decision, after all that may be asked for it."""
        margin = _margin(self._prompt.evaluation)
        decision = decide(self._cases(), look, margin)
        while self._arms.asks and decision.needs is not None and self._learned(decision.needs):
            look = _next(look) if decision.needs.repeats else look
            decision = decide(self._cases(), look, margin)
        return decision

    def _learned(self, needs: Needs) -> bool:
        """Ask for what would tell more; whether any of it came."""
        if needs.repeats is not None:
            wanted = [(name, n) for name in self._once for n in range(needs.repeats)]
        else:
            wanted = [(name, _FRESH + n) for name in needs.suspects for n in range(needs.fresh)]
        ours, theirs = self._arms.hear([replace(self._once[name], repeat=n) for name, n in wanted])
        before = self._known
        self._candidate.add(ours)
        self._baseline.add(theirs)
        return self._known > before

    @property
    def _known(self) -> int:
        return sum(1 for arm in (self._candidate, self._baseline) for _ in arm.heard)

    def _cases(self) -> list[Case]:
        return [
            Case(
                name=name,
                source=_source(each.case.tags),
                baseline=self._baseline.of(name),
                candidate=self._candidate.of(name),
                fresh_baseline=self._baseline.of(name, fresh=True),
                fresh_candidate=self._candidate.of(name, fresh=True),
            )
            for name, each in self._once.items()
        ]

    @property
    def _drifted(self) -> bool:
        """Another model answers to the same name than when the baseline was recorded."""
        baseline = self._arms.baseline
        if self._prompt.id in baseline.outdated:
            return False
        return any(
            baseline.answered_by_another(each.planned, each.answer)
            for each in self._candidate.heard
        )

    def _cost(self, arm: _Scored) -> float | None:
        """Of an answer, in USD; None where that of any is not known."""
        costs = [cost_usd(self._arms.judging.catalog, each) for each in arm.heard]
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

    def _line(self, decision: Decision, verdict: Verdict) -> str:
        title, asked = self._arms.baseline.title, self._prompt.id in self._arms.baseline.outdated
        drifted = self._drifted
        how = "asked anew" if asked else "recorded, another model" if drifted else "recorded"
        was, now = self._cost(self._baseline), self._cost(self._candidate)
        line = sentence(
            decision,
            cost_change=now / was - 1 if was and now is not None else None,
            baseline=f"{title} ({how})",
        )
        if verdict != decision.verdict:
            return f"{line} · the model is another one than then: `promptops test --live` asks both"
        if verdict == "inconclusive" and decision.needs is not None:
            return f"{line} · {what_it_takes(decision.needs)}"
        return line


def _look(cases: Sequence[Case]) -> Look:
    """The last look that there are repeats for."""
    fewest = min(min(len(case.baseline), len(case.candidate)) for case in cases)
    if fewest >= REPEATS[2]:
        return 3
    return 2 if fewest >= REPEATS[1] else 1


def _next(look: Look) -> Look:
    return 2 if look == 1 else 3


def _margin(evaluation: Mapping[str, Any]) -> float | Literal["auto"]:
    """In the prompt file it is in points."""
    margin = evaluation.get("margin")
    if margin == "auto":
        return "auto"
    return margin / 100 if isinstance(margin, int | float) and margin > 0 else DEFAULT_MARGIN


def _source(tags: Iterable[str]) -> str | None:
    return next((tag for tag in tags if tag.startswith(SOURCE)), None)
