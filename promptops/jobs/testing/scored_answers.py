"""The answers of one arm with one of their scores, by case and repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from promptops.jobs.testing.judging import JudgedAnswer
from promptops.model.answer import Answer
from promptops.records import field, record

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
