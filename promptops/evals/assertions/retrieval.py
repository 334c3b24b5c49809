"""How well a retriever chose and ranked the passages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from math import fsum, inf, log2
from typing import Any

from promptops.evals.assertion_sets import check_threshold
from promptops.evals.judge_replies import (
    PASSES,
    Passage,
    ReadsInputs,
    checked_arguments,
    grades_of,
    judge_question,
    listed_ids,
    opinion,
    passages_of,
    question_of,
)
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import Question, Verdict
from promptops.evals.wording import not_blank, shown
from promptops.plurals import counted
from promptops.records import field, record


@record(frozen=True, slots=True)
class Ranking:
    """The returned passages of a case, best first, and the relevant ones with their grades.

    Attributes:
        k: How many passages count; None for all.
    """

    returned: tuple[Passage, ...]
    grades: Mapping[str, float]
    k: int | None

    @property
    def gains(self) -> tuple[float, ...]:
        """The grade of each returned passage; 0 for one that is not relevant."""
        return tuple(self.grades.get(passage.id, 0) for passage in self.returned)

    @property
    def hits(self) -> int:
        """The number of returned passages that are relevant."""
        return sum(map(bool, self.gains))


class RetrievalMeasure(ReadsInputs, ABC):
    """A measure from 0 to 1 of the passages that a retriever returned, named like its class."""

    __slots__ = ()

    value: str
    threshold: float
    arguments: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Raises Refused for wrong fields."""
        not_blank(self.value)
        check_threshold(self.threshold)
        checked_arguments(self.arguments, ("k", "id"))

    def check(self, subject: Subject) -> Verdict:
        grades = grades_of(subject.record)
        returned = passages_of(subject.record, self.value, self.arguments)
        ranking = Ranking(returned, grades, self.arguments.get("k"))
        degree, name = self.degree(ranking), type(self).__name__.lower()
        among = {None: "passages", 1: "first passage"}
        return Verdict(
            passed=degree >= self.threshold,
            expected=f"{name} of at least {self.threshold:g}",
            opposite=f"{name} below {self.threshold:g}",
            where=f"in the {among.get(ranking.k, f'first {ranking.k} passages')} "
            f"of the input {shown(self.value)}",
            got=f"{degree:.2f}: {_found(ranking)}",
            degree=degree,
        )

    @abstractmethod
    def degree(self, ranking: Ranking) -> float:
        """The measure of a ranking, 0 to 1."""


def _found(ranking: Ranking) -> str:
    returned = dict.fromkeys(passage.id for passage in ranking.returned)
    missing = tuple(name for name in ranking.grades if name not in returned)
    lacks = f"; relevant and not among them: {listed_ids(missing)}" if missing else ""
    return f"{listed_ids(tuple(returned))}{lacks}"


@assertion("context-relevant", on=("answer",), narrowed_by=(), judged=True)
@record(frozen=True, slots=True, kw_only=True)
class ContextRelevant(ReadsInputs):
    """A model judges that the returned passages help to answer the question.

    The judge gets one question for each passage. The degree is the share of passages that help, and
    0 if nothing was returned. It needs no labels, unlike `precision`. This is a measure, like
    `llm-rubric`.

    Attributes:
        value: The name of the input that contains the passages, best first.
        threshold: The lowest share that passes; with `not-`, any lower one.
        arguments: `question`, the name of the input with the question, without it the conversation;
            `k`, the number of passages to judge; `id`, the key of the id in a passage.

    Holds:
        inputs: {question: How many days?, passages: [{id: P1, text: Everyone has 28 days.}]}
        answer: 28 days.
        replies: [{verdict: pass, reason: It states the number of days.}]
        output: [{type: context-relevant, value: passages, arguments: {question: question}}]

    Fails:
        inputs: {question: How many days?, passages: [{id: P1, text: Dogs are welcome.}]}
        answer: 28 days.
        replies: [{verdict: fail, reason: It is about dogs.}]
        output: [{type: context-relevant, value: passages, arguments: {question: question}}]
    """

    value: str
    threshold: float = 0.5
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        not_blank(self.value)
        check_threshold(self.threshold)
        checked_arguments(self.arguments, ("k", "id", "question"))

    def asks(self, subject: Subject) -> tuple[Question, ...]:
        return tuple(self._questions(subject).values())

    def check(self, subject: Subject) -> Verdict:
        found = {
            name: opinion(subject.record, question, PASSES)[0]
            for name, question in self._questions(subject).items()
        }
        useless = tuple(name for name, degree in found.items() if degree < 0.5)
        degree = 1 - len(useless) / len(found) if found else 0.0
        return Verdict(
            passed=degree >= self.threshold,
            expected=f"a share of at least {self.threshold:g} of passages that help to answer",
            opposite=f"a share below {self.threshold:g} of passages that help to answer",
            where=f"in the input {shown(self.value)}",
            got=f"{len(found) - len(useless)} of {counted(len(found), 'passage')}"
            + (f", without {listed_ids(useless)}" if useless else ""),
            degree=degree,
        )

    def _questions(self, subject: Subject) -> dict[str, Question]:
        """The question about each passage, by its id."""
        asked = question_of(subject.record, self.arguments.get("question"), "/arguments/question")
        criterion = "The passage helps to answer what was asked."
        shared = {"criterion": criterion, "request": asked}
        passages = passages_of(subject.record, self.value, self.arguments)
        return {
            passage.id: judge_question(
                subject.record, "context-relevant", {**shared, "output": passage.text}
            )
            for passage in passages
        }


def _documented(definition: str, output: str, *, holds: str = "[P1]", fails: str) -> str:
    """The page of a measure: what it is, and what all of them have in common."""
    return f"""{definition.strip()}

The passages are a list in an input of the case: mappings with an `id`, or the ids themselves.
The case labels the relevant ones: `expected: {{relevant: [P1, P7]}}`, or with grades
`{{P1: 3, P7: 1}}`. A repeated id counts once, at its first rank. A case without labels is an
error; one with empty labels is skipped.

Attributes:
    value: The name of the input that contains the passages, best first.
    threshold: The lowest value that passes; with `not-`, any lower one.
    arguments: `k`, the number of passages that count, without it all; `id`, the key of the id.

Holds:
    inputs: {{passages: [{{id: P4}}, {{id: P1}}]}}
    expected: {{relevant: {holds}}}
    output: [{{type: {output}, value: passages}}]

Fails:
    inputs: {{passages: [{{id: P4}}, {{id: P1}}]}}
    expected: {{relevant: {fails}}}
    output: [{{type: {output}, value: passages{", arguments: {k: 1}" if holds == fails else ""}}}]
"""


@assertion("mrr", narrowed_by=())
@record(frozen=True, slots=True, kw_only=True)
class Mrr(RetrievalMeasure):
    __doc__ = _documented(
        """
The first relevant passage is near the top.

The reciprocal rank is 1 divided by the rank of the first relevant passage: 1 at the top, 0.5 at
rank 2, 0 if none was returned. Its mean over all cases is the MRR. Grades do not matter.
""",
        "mrr",
        fails="[P7]",
    )

    value: str
    threshold: float = 0.5
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def degree(self, ranking: Ranking) -> float:
        ranks = (rank for rank, gain in enumerate(ranking.gains, start=1) if gain)
        return 1 / next(ranks, inf)


@assertion("ndcg", narrowed_by=())
@record(frozen=True, slots=True, kw_only=True)
class Ndcg(RetrievalMeasure):
    __doc__ = _documented(
        """
The best passages are at the top.

nDCG (normalised discounted cumulative gain) compares the order with the best possible one:
the gain of a passage is 2^grade - 1, divided by the binary logarithm of its rank + 1.
""",
        "ndcg",
        holds="{P1: 2, P4: 1}",
        fails="{P1: 3, P7: 3}",
    )

    value: str
    threshold: float = 0.5
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def degree(self, ranking: Ranking) -> float:
        best = sorted(ranking.grades.values(), reverse=True)[: ranking.k]
        # Rounding may give a digit above 1.
        return min(_dcg(ranking.gains) / _dcg(best), 1.0)


def _dcg(grades: Sequence[float]) -> float:
    return fsum((2**grade - 1) / log2(rank + 1) for rank, grade in enumerate(grades, start=1))


@assertion("precision", narrowed_by=())
@record(frozen=True, slots=True, kw_only=True)
class Precision(RetrievalMeasure):
    __doc__ = _documented(
        """
The returned passages are relevant.

Precision is the share of the returned passages that are relevant; if nothing was returned, it
is 0. If fewer than `k` were returned, only they count. Grades do not matter.
""",
        "precision",
        fails="[P1]",
    )

    value: str
    threshold: float = 0.5
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def degree(self, ranking: Ranking) -> float:
        return ranking.hits / len(ranking.returned) if ranking.returned else 0.0


@assertion("recall", narrowed_by=())
@record(frozen=True, slots=True, kw_only=True)
class Recall(RetrievalMeasure):
    __doc__ = _documented(
        """
The retriever returned the relevant passages.

Recall is the share of the relevant passages that are among the returned ones. Grades do not
matter.
""",
        "recall",
        fails="[P1, P7, P9]",
    )

    value: str
    threshold: float = 0.5
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def degree(self, ranking: Ranking) -> float:
        return ranking.hits / len(ranking.grades)
