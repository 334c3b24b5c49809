"""A candidate and its baseline, called in turns, so that model changes affect both alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from promptops.evals.case_assertions import assertions_of
from promptops.evals.judge_answer import status_of
from promptops.evals.parse import parse
from promptops.jobs.testing.arm import Arm
from promptops.jobs.testing.judging import (
    AnswerJudge,
    JudgedAnswer,
    judged_answers,
)
from promptops.jobs.testing.plan import CaseKey, Key, PlannedCase
from promptops.jobs.testing.requests import wanted_answers
from promptops.jobs.testing.wanted_answers import AnswerResult, WantedAnswer
from promptops.records import field, record


def needs_baseline(plan: Iterable[PlannedCase]) -> bool:
    """Whether any assertion needs a baseline: a measure, or a judge's comparison."""
    return any(
        assertion is not None and (assertion.score is not None or assertion.judged)
        for planned in plan
        if not planned.repeat and not planned.error
        for asserted_one in assertions_of(planned.case, planned.prompt)
        for assertion in (parse(asserted_one.written, "answer")[0],)
    )


@record(slots=True)
class Arms:
    """The candidate and its baseline.

    Attributes:
        may_call: Fresh answers may be requested; else only recordings are used.
        violated: Answers that violate a contract.
    """

    judging: AnswerJudge
    baseline: Arm
    may_call: bool
    violated: set[CaseKey] = field(default_factory=set)

    @property
    def violating(self) -> Iterator[tuple[str, str]]:
        """Cases, by prompt and name, of which more than one answer violates a contract."""
        found = Counter((prompt, case) for prompt, case, _ in self.violated)
        return (case for case, number in found.items() if number > 1)

    def begin(self, plan: Sequence[PlannedCase]) -> None:
        """Call both arms if the baseline has no answers by the current model.

        One answer of each prompt is requested first, to find out.
        """
        baseline = self.baseline
        known = {
            planned.prompt.id: planned for planned in reversed(plan) if baseline.recorded(planned)
        }
        got = self._get(wanted_answers(self.judging.catalog, list(known.values())), ())
        for planned in known.values():
            answer = got[planned.key].answer
            if answer is not None and baseline.answered_by_another(planned, answer):
                baseline.outdated.add(planned.prompt.id)
        self._request([planned for planned in plan if baseline.answer(planned) is None])

    def judged(self, plan: Sequence[PlannedCase]) -> tuple[list[JudgedAnswer], list[JudgedAnswer]]:
        """The judged answers of the candidate and of its baseline; requests missing ones."""
        if self.may_call:
            self._request(plan)
        ours = judged_answers(self.judging, plan)[0]
        self.violated |= {
            judged.planned.case_key for judged in ours if status_of(judged.judgements) == "failed"
        }
        return ours, self.baseline.judged(plan)

    def _request(self, plan: Sequence[PlannedCase]) -> None:
        missing = [planned for planned in plan if self.baseline.answer(planned) is None]
        got = self._get(wanted_answers(self.judging.catalog, plan), self.baseline.wants(missing))
        for planned in missing:
            same = self.baseline.counterpart(planned)
            answer = got[same.key].answer if same is not None else None
            if answer is not None:
                self.baseline.learn(planned, answer)

    def _get(
        self, ours: Iterable[WantedAnswer], theirs: Iterable[WantedAnswer]
    ) -> dict[Key, AnswerResult]:
        pairs = zip_longest(ours, theirs)
        return self.judging.answering.get([want for pair in pairs for want in pair if want])
