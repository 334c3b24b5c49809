"""The answers to candidates, judged; what a candidate scores on a case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import fmean

from promptops.catalog.catalog import Catalog
from promptops.commands.optimize.candidates import Candidate
from promptops.evals.judge_answer import scores
from promptops.evals.result import violations
from promptops.model.answer import Answer
from promptops.records import field, record, replace
from promptops.testing.answering import Answering, wanted_answers
from promptops.testing.judging import AnswerJudge, JudgedAnswer, cost_usd
from promptops.testing.plan import CaseKey, PlannedCase, needed_cases

_Known = dict[CaseKey, JudgedAnswer]


@record(slots=True, kw_only=True)
class CandidateAnswers:
    """Requests and judges the answers to candidates of one prompt.

    Attributes:
        catalog: The prompt as it stands, with its judges and profiles.
        original: Judges that compare two answers compare with those to it.
        score: The name of the primary score.
        measured: The names of the cases with an assertion that counts in it.
        requested: The number of different answers to cases that were looked up or requested.
    """

    catalog: Catalog
    answering: Answering
    original: Candidate
    score: str
    measured: frozenset[str]
    _judged: dict[int, tuple[Candidate, AnswerJudge, _Known]] = field(default_factory=dict)

    def get(self, wanted: Sequence[tuple[Candidate, str, int]]) -> None:
        """Find or request the answers to cases and repeats of candidates, in this order."""
        plans = [self._planned(candidate, case, repeat) for candidate, case, repeat in wanted]
        originals = [self._planned(self.original, case, repeat) for _, case, repeat in wanted]
        self.answering.get(list(wanted_answers(self.catalog, [*_both(plans, originals)])))
        both = [(self.original, originals), *self._by_candidate(wanted, plans)]
        for candidate, plan in both:
            self._judge(candidate, plan)

    def of(self, candidate: Candidate, case: str, repeat: int = 0) -> JudgedAnswer | None:
        """The judged answer to a case, or None if it did not come."""
        _, _, known = self._of(candidate)
        return known.get(self._planned(candidate, case, repeat)[0].case_key)

    def reason(self, candidate: Candidate, case: str, repeat: int = 0) -> str:
        """Why the answer to a case did not come, or ""."""
        own = self._planned(candidate, case, repeat)[0]
        found = self.answering.result(own.key)
        return found.reason if found is not None else ""

    def value(self, candidate: Candidate, case: str, repeat: int = 0) -> float | None:
        """The primary score of an answer, 0 to 1; None without an answer or a score."""
        judged = self.of(candidate, case, repeat)
        return None if judged is None else scores(judged.judgements).get(self.score)

    def kept(self, candidate: Candidate, case: str, repeat: int = 0) -> bool | None:
        """Whether an answer keeps all contracts; None without an answer or a contract."""
        judged = self.of(candidate, case, repeat)
        if judged is None or not any(each.must for each in judged.judgements):
            return None
        return not violations(judged.judgements)

    def cost_usd_1000(self, candidate: Candidate) -> float | None:
        """The cost of 1,000 answers like those to a candidate; None if any is unknown."""
        _, _, known = self._of(candidate)
        costs = [cost_usd(self.catalog, judged) for judged in known.values()]
        found = [cost for cost in costs if cost is not None]
        return 1_000 * fmean(found) if found and len(found) == len(costs) else None

    def is_complete(self, candidate: Candidate, case: str, repeat: int) -> bool:
        """Whether the answer came and has the score that its case measures."""
        if case in self.measured:
            return self.value(candidate, case, repeat) is not None
        return self.of(candidate, case, repeat) is not None

    @property
    def requested(self) -> int:
        return sum(len(known) for _, _, known in self._judged.values())

    def _planned(self, candidate: Candidate, case: str, repeat: int) -> list[PlannedCase]:
        """The case, and those whose answers its assertions need."""
        own = replace(candidate.plan[case], repeat=repeat)
        whole = (replace(each, repeat=repeat) for each in candidate.plan.values())
        return [own, *needed_cases([own], lambda: whole)]

    def _by_candidate(
        self, wanted: Sequence[tuple[Candidate, str, int]], plans: Sequence[list[PlannedCase]]
    ) -> Iterator[tuple[Candidate, list[list[PlannedCase]]]]:
        found: dict[int, tuple[Candidate, list[list[PlannedCase]]]] = {}
        for (candidate, _, _), plan in zip(wanted, plans, strict=True):
            found.setdefault(id(candidate), (candidate, []))[1].append(plan)
        yield from found.values()

    def _judge(self, candidate: Candidate, plans: Iterable[list[PlannedCase]]) -> None:
        _, judging, known = self._of(candidate)
        new = {
            planned.case_key: planned
            for plan in plans
            for planned in plan
            if planned.case_key not in known
        }
        answered = [
            (planned, answer)
            for planned in new.values()
            if (answer := self._answer(planned)) is not None
        ]
        for judged in judging.judged(answered):
            known[judged.planned.case_key] = judged

    def _of(self, candidate: Candidate) -> tuple[Candidate, AnswerJudge, _Known]:
        if id(candidate) not in self._judged:
            judging = AnswerJudge(self.catalog, self.answering, self._original_answer)
            self._judged[id(candidate)] = candidate, judging, {}
        return self._judged[id(candidate)]

    def _answer(self, planned: PlannedCase) -> Answer | None:
        found = self.answering.result(planned.key)
        return found.answer if found is not None else None

    def _original_answer(self, planned: PlannedCase) -> Answer | None:
        same = replace(self.original.plan[planned.case.name], repeat=planned.repeat)
        return self._answer(same)


def _both(
    plans: Sequence[list[PlannedCase]], originals: Sequence[list[PlannedCase]]
) -> Iterator[PlannedCase]:
    """The answers that are needed: at each case the original first."""
    for plan, original in zip(plans, originals, strict=True):
        yield from original
        yield from plan


def problems_of(judged: JudgedAnswer) -> list[str]:
    """What is wrong with an answer, in the words of the checks that do not hold."""
    return [
        f"turn {each.turn}: {each.type}: {each.reason}"
        if each.turn
        else f"{each.type}: {each.reason}"
        for each in judged.judgements
        if each.status == "failed" or (each.degree is not None and each.degree < 1)
    ]
