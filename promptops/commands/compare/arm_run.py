"""The answers of one arm in a comparison, judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from promptops.catalog.catalog import Catalog
from promptops.evals.contracts import violations
from promptops.evals.judge_answer import scores
from promptops.records import field, record, replace
from promptops.testing.answering import Answering
from promptops.testing.judging import FIRST_FRESH, JudgedAnswer, fresh_cases
from promptops.testing.paired import Arm
from promptops.testing.plan import AnswerResult, CaseKey, PlannedCase, WantedAnswer


@record(slots=True, kw_only=True)
class ArmRun:
    """One arm, and what is known about its answers.

    Attributes:
        catalog: Its prompts, and the profiles that answer.
        judged: Its judged answers, by prompt, then by case and repeat; `planned` has the request
            and the model of the arm.
        lost: Cases, by prompt, in which an answer violates a contract, and fresh answers did not
            show otherwise.
    """

    name: str
    arm: Arm
    answering: Answering
    catalog: Catalog
    judged: dict[str, dict[tuple[str, int], JudgedAnswer]] = field(default_factory=dict)
    lost: dict[str, dict[str, None]] = field(default_factory=dict)
    _checked: set[CaseKey] = field(default_factory=set)

    def wants(self, plan: Iterable[PlannedCase]) -> dict[CaseKey, WantedAnswer]:
        """The answers that it needs for cases; without those whose inputs it does not accept."""
        found = ((planned.case_key, planned) for planned in plan)
        wanted = ((key, next(self.arm.wants([planned]), None)) for key, planned in found)
        return {key: want for key, want in wanted if want is not None}

    def recorded(self, planned: PlannedCase, most: int) -> int:
        """The number of answers to a case that are stored, without gaps, from the first on.

        All for a case whose inputs it does not accept: no answer is missing.
        """
        if self.arm.counterpart(planned) is None:
            return most
        repeats = (n for n in range(most) if self.arm.recorded(replace(planned, repeat=n)) is None)
        return next(repeats, most)

    def judge(self, plan: Sequence[PlannedCase]) -> None:
        """Judge the answers that arrived since the last call."""
        new = [planned for planned in plan if self.judged_answer(planned) is None]
        found = [(planned, self.result(planned).answer) for planned in new]
        for planned, answer in found:
            if answer is not None:
                self.arm.learn(planned, answer)
        known = [planned for planned, answer in found if answer is not None]
        for judged in self.arm.judged(known):
            prompt, case, repeat = judged.planned.case_key
            self.judged.setdefault(prompt, {})[case, repeat] = judged

    def judged_answer(self, planned: PlannedCase) -> JudgedAnswer | None:
        """The judged answer to a case and repeat, or None."""
        prompt, case, repeat = planned.case_key
        return self.judged.get(prompt, {}).get((case, repeat))

    def result(self, planned: PlannedCase) -> AnswerResult:
        """The answer to a case, or the reason why it is missing."""
        own = self.arm.counterpart(planned)
        if own is None:
            return AnswerResult(reason="its inputs are not accepted")
        return self.answering.known.get(own.key, AnswerResult(reason="it was not requested"))

    def unconfirmed(self, plan: Iterable[PlannedCase]) -> list[PlannedCase]:
        """Answers that violate a contract and were not checked by fresh answers yet."""
        return [
            planned
            for planned in plan
            if planned.case_key not in self._checked
            and planned.case.name not in self.lost.get(planned.prompt.id, ())
            and self._violates(planned)
        ]

    def confirm(self, violating: Sequence[PlannedCase]) -> None:
        """Judge the fresh answers; a case is lost unless they all keep its contracts."""
        self.judge([fresh for planned in violating for fresh in fresh_cases(planned)])
        for planned in violating:
            self._checked.add(planned.case_key)
            if not all(map(self._keeps, fresh_cases(planned))):
                self.lost.setdefault(planned.prompt.id, {})[planned.case.name] = None

    def scores_of(self, prompt: str, score: str) -> Mapping[str, tuple[float, ...]]:
        """A score of each case that has any, in the order of its repeats."""
        found: dict[str, tuple[float, ...]] = {}
        for judged in self.answers(prompt):
            value = scores(judged.judgements).get(score)
            if value is not None:
                name = judged.planned.case.name
                found[name] = (*found.get(name, ()), value)
        return found

    def answers(self, prompt: str) -> Iterator[JudgedAnswer]:
        """The judged answers for a prompt, by case and repeat; without fresh ones."""
        rows = self.judged.get(prompt, {})
        return (rows[key] for key in sorted(rows) if key[1] < FIRST_FRESH)

    def _violates(self, planned: PlannedCase) -> bool:
        judged = self.judged_answer(planned)
        return judged is not None and bool(violations(judged.judgements))

    def _keeps(self, planned: PlannedCase) -> bool:
        judged = self.judged_answer(planned)
        return judged is not None and not violations(judged.judgements)
