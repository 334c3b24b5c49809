"""The decision over one score of a prompt, by its answers and those of the baseline in pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
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
    next_look,
    reachable_look,
)
from promptops.jobs.testing.judging import JudgedAnswer, cost_usd, judges_behind
from promptops.jobs.testing.paired_run import Arms
from promptops.model.answer import Answer
from promptops.model.test_run import Decided, Verdict, Worse
from promptops.records import field, record, replace
from promptops.untrusted import is_untrusted

SOURCE = "source:"
"""The prefix of tags for dependent cases, such as those of one document or conversation."""


@record(frozen=True, slots=True, kw_only=True)
class Measure:
    """A score of a prompt, and how it is decided.

    Attributes:
        margin: The acceptable loss, as a share.
        noun: What is answered.
        again: The command that calls the models of both sides again.
        next_step: The text after an inconclusive decision, or ""; None for what would settle it.
    """

    name: str
    value: Scoring
    margin: Margin
    noun: str = "case"
    again: str = "promptops test --live"
    next_step: Callable[[Decision], str] | None = None

    def after(self, decision: Decision) -> str:
        """The text after an inconclusive decision, or ""."""
        if self.next_step is not None:
            return self.next_step(decision)
        return what_it_takes(decision.needs, self.noun) if decision.needs is not None else ""


class PairedAnswers:
    """The answers to the cases of one prompt, in both arms.

    Attributes:
        baseline: Its known answers.
    """

    def __init__(self, own: Sequence[JudgedAnswer], arms: Arms) -> None:
        self._own = list(own)
        self.arms = arms
        once = {judged.planned.case.name: judged.planned for judged in own}
        repeats = range(max(REPEATS[-1], *(judged.planned.repeat + 1 for judged in own)))
        plan = [replace(planned, repeat=n) for planned in once.values() for n in repeats]
        self.baseline = arms.baseline.judged(plan)

    def decided(self, measure: Measure, *, may_call: bool) -> Decided:
        """The decision over one score; answers requested for it are also used for the next one."""
        deciding = _Deciding(self._own, self.baseline, measure, self.arms, may_call=may_call)
        decided = deciding.decided()
        self._own += deciding.more[0]
        self.baseline += deciding.more[1]
        return decided


class _Deciding:
    """The decision over one score of a prompt.

    Attributes:
        more: Additional answers of the candidate and of the baseline.
    """

    def __init__(
        self,
        own: Sequence[JudgedAnswer],
        theirs: Sequence[JudgedAnswer],
        measure: Measure,
        arms: Arms,
        *,
        may_call: bool,
    ) -> None:
        self._arms = arms
        self._may_call = may_call and arms.may_call
        self._measure = measure
        self._prompt = own[0].planned.prompt
        self._once = {judged.planned.case.name: replace(judged.planned, repeat=0) for judged in own}
        self._candidate = ScoredAnswers(measure.value)
        self._baseline = ScoredAnswers(measure.value)
        self._candidate.add(own)
        self._baseline.add(theirs)
        self.more: tuple[list[JudgedAnswer], list[JudgedAnswer]] = ([], [])

    def decided(self) -> Decided:
        if self._same_requests():
            same = f"the requests are the same as those of {self._arms.baseline.title}"
            return self._without_figures("pass", f"{self._mean():.1f} points; {same}")
        if why := self._why_open():
            return self._without_figures("inconclusive", why)
        paired = [case for case in self._cases() if case.baseline and case.candidate]
        decision = self._settled(reachable_look(paired))
        verdict = decision.verdict
        if verdict != "inconclusive" and self._drifted and not _is_final(verdict):
            verdict = "inconclusive"
        return Decided(
            prompt=self._prompt.id,
            score=self._measure.name,
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

    def _why_open(self) -> str:
        """Why no answers can be compared, or ""."""
        cases = f"{self._measure.noun}s"
        if not self._baseline.answers:
            return f"{self._arms.baseline.title} has no recorded answers to these {cases}"
        if any(case.baseline and case.candidate for case in self._cases()):
            return ""
        return f"none of the {cases} has an answer on both sides"

    def _without_figures(self, verdict: Verdict, line: str) -> Decided:
        return Decided(prompt=self._prompt.id, score=self._measure.name, verdict=verdict, line=line)

    def _settled(self, look: Look) -> Decision:
        """The decision, after all answers that may be requested for it."""
        margin = self._measure.margin
        decision = decide(self._cases(), look, margin)
        while self._may_call and decision.needs is not None and self._request_more(decision.needs):
            look = next_look(look) if decision.needs.repeats else look
            decision = decide(self._cases(), look, margin)
        return decision

    def _request_more(self, needs: Needs) -> bool:
        """Request more answers; returns whether any arrived."""
        if needs.repeats is not None:
            wanted = [(name, n) for name in self._once for n in range(needs.repeats)]
        else:
            wanted = [(name, FRESH + n) for name in needs.suspects for n in range(needs.fresh)]
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

    def _cost(self, arm: ScoredAnswers) -> float | None:
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
        plain = plain_sentence(decision, title, self._measure.noun)
        return f"{plain}{self._next_step(decision, verdict)}"

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
            return f" · the model has changed: `{self._measure.again}` runs both sides again"
        step = self._measure.after(decision) if verdict == "inconclusive" else ""
        return f" · {step}" if step else ""


def _is_final(verdict: Verdict) -> bool:
    """Whether a verdict is final: an untrusted change can't blame another model."""
    return verdict == "fail" and is_untrusted()


# The answers of one arm with one of their scores, by case and repeat.

FRESH = 1_000
"""From this repeat on answers prove suspects; far above any repeat that a prompt has."""

Scoring = Callable[[JudgedAnswer], float | None]
"""The score of an answer, 0 to 1; None if it has none."""


@record(slots=True)
class ScoredAnswers:
    """The answers of one arm to the cases of a prompt; those without the score are left out."""

    score: Scoring
    answers: dict[str, dict[int, tuple[float, JudgedAnswer]]] = field(default_factory=dict)

    def add(self, answers: Iterable[JudgedAnswer]) -> None:
        for judged in answers:
            value = self.score(judged)
            if value is not None:
                rows = self.answers.setdefault(judged.planned.case.name, {})
                rows[judged.planned.repeat] = value, judged

    def of(self, name: str, *, fresh: bool = False) -> tuple[float, ...]:
        """Scores of a case in the order of its repeats."""
        rows = self.answers.get(name, {})
        return tuple(rows[n][0] for n in sorted(rows) if (n >= FRESH) == fresh)

    def first(self, name: str) -> Answer:
        rows = self.answers[name]
        return rows[min(rows)][1].answer

    @property
    def judged(self) -> Iterator[JudgedAnswer]:
        return (judged for rows in self.answers.values() for _, judged in rows.values())
