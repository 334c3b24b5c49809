"""similar."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, hypot, isfinite
from operator import mul

from promptops.evals.checked_values import CheckedValues
from promptops.evals.judge_replies import reply
from promptops.evals.questions import Embedding, Question
from promptops.evals.registry import assertion
from promptops.evals.similarity import check_likeness, doubt_threshold, likeness
from promptops.evals.subject import Subject
from promptops.evals.texts import sendable
from promptops.evals.verdict import Refused, Undecided, Verdict
from promptops.records import record


@assertion("similar", on=("answer",))
@record(frozen=True, slots=True, kw_only=True)
class Similar:
    """The checked text means nearly the same as a reference.

    The similarity is the cosine of both embeddings; below 0 it counts as 0, and for an empty text
    it is 0. A good threshold depends on the embedding model, which `[test] embeddings` names.

    Attributes:
        value: The reference.
        threshold: The lowest similarity that passes, 0.05 to 1; with `not-`, any value above 0.

    Holds:
        answer: You are covered for three years.
        replies: [{vector: [1, 0, 1]}, {vector: [1, 0, 0.9]}]
        output: [{type: similar, value: The warranty lasts three years.}]

    Fails:
        answer: Restart the router.
        replies: [{vector: [0, 1, 0]}, {vector: [1, 0, 0.9]}]
        output: [{type: similar, value: The warranty lasts three years.}]
    """

    value: str
    threshold: float = 0.8

    def __post_init__(self) -> None:
        check_likeness(self.value, self.threshold)

    def doubt(self, given: CheckedValues) -> Refused | None:
        return doubt_threshold(self.threshold, given)

    def asks(self, subject: Subject) -> tuple[Question, ...]:
        return (_about(subject.text), _about(self.value)) if subject.text.strip() else ()

    def check(self, subject: Subject) -> Verdict:
        vectors = [
            reply(subject.record, question, Embedding).vector for question in self.asks(subject)
        ]
        degree = max(_cosine(*vectors), 0.0) if vectors else 0.0
        return likeness(subject, self.value, degree, self.threshold)


def _about(text: str) -> Question:
    return Question(kind="embedding", inputs={"text": sendable(text)})


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    size = hypot(*one) * hypot(*other)
    if len(one) != len(other) or not (size and isfinite(size)):
        raise Undecided("the embeddings can't be compared: their lengths differ, or one is missing")
    return min(fsum(map(mul, one, other)) / size, 1.0)
