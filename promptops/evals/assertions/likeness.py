"""How similar a text is to a reference."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from math import fsum, hypot, isfinite
from operator import mul
from typing import Any

from promptops.evals.checked_values import CheckedValues
from promptops.evals.judge_replies import reply
from promptops.evals.registry import assertion
from promptops.evals.similarity import check_likeness, doubt_threshold, likeness, package
from promptops.evals.subject import Subject
from promptops.evals.verdict import Embedding, Question, Refused, Undecided, Unjudgeable, Verdict
from promptops.evals.wording import sendable
from promptops.records import record


@assertion("chrf")
@record(frozen=True, slots=True, kw_only=True)
class ChrF:
    """The checked text is similar to a reference, by sequences of up to six characters.

    The metric is chrF, which is used to compare translations. It needs no words, so it works for
    every language. Whitespace does not count. Needs the extra `likeness`.

    Attributes:
        value: The reference, for example a good translation.
        threshold: The lowest similarity that passes, 0.05 to 1; with `not-`, any value above 0.

    Holds:
        answer: Halten Sie die Taste zehn Sekunden gedrückt.
        output: [{type: chrf, value: Halten Sie die Taste für zehn Sekunden gedrückt.}]

    Fails:
        answer: Starten Sie den Router neu.
        output: [{type: chrf, value: Halten Sie die Taste für zehn Sekunden gedrückt.}]
    """

    value: str
    threshold: float = 0.5

    def __post_init__(self) -> None:
        check_likeness(self.value, self.threshold)

    def doubt(self, given: CheckedValues) -> Refused | None:
        return doubt_threshold(self.threshold, given)

    def check(self, subject: Subject) -> Verdict:
        if max(len(subject.text), len(self.value)) > _LONGEST:
            raise Unjudgeable(f"the strings are too long to compare: over {_LONGEST:,} characters")
        degree = _chrf_scorer().sentence_score(subject.text, [self.value]).score / 100
        return likeness(subject, self.value, min(degree, 1.0), self.threshold)


@cache
def _chrf_scorer() -> Any:
    return package("sacrebleu.metrics.chrf").CHRF()


_LONGEST = 100_000


@assertion("ratio")
@record(frozen=True, slots=True, kw_only=True)
class Ratio:
    """The checked text has nearly the same characters as a reference.

    The similarity is 1 minus the number of inserted and deleted characters, divided by the length
    of both texts together. Every character counts. Needs the extra `likeness`.

    Attributes:
        value: The reference.
        threshold: The lowest similarity that passes, 0.05 to 1; with `not-`, any value above 0.

    Holds:
        answer: Hold the reset button for 10 seconds.
        output: [{type: ratio, value: Hold the reset button for ten seconds.}]

    Fails:
        answer: Restart the router.
        output: [{type: ratio, value: Hold the reset button for ten seconds., threshold: 0.6}]
    """

    value: str
    threshold: float = 0.8

    def __post_init__(self) -> None:
        check_likeness(self.value, self.threshold)

    def doubt(self, given: CheckedValues) -> Refused | None:
        return doubt_threshold(self.threshold, given)

    def check(self, subject: Subject) -> Verdict:
        if max(len(subject.text), len(self.value)) > _LONGEST:
            raise Unjudgeable(f"the strings are too long to compare: over {_LONGEST:,} characters")
        degree = package("rapidfuzz.fuzz").ratio(subject.text, self.value) / 100
        return likeness(subject, self.value, degree, self.threshold)


_MOST_WORDS = 2_000  # words: the work grows with the product


@assertion("rouge")
@record(frozen=True, slots=True, kw_only=True)
class Rouge:
    """The checked text has the words of a reference, in the same order.

    The metric is ROUGE-L: the longest common sequence of words, with other words in between, as a
    share of both texts (F1). Words consist of the letters a to z and digits, ignoring case; for
    other scripts, use `chrf`. Needs the extra `likeness`.

    Attributes:
        value: The reference.
        threshold: The lowest similarity that passes, 0.05 to 1; with `not-`, any value above 0.

    Holds:
        answer: Hold the button for ten seconds and wait.
        output: [{type: rouge, value: Hold the button for ten seconds.}]

    Fails:
        answer: Restart the router.
        output: [{type: rouge, value: Hold the button for ten seconds.}]
    """

    value: str
    threshold: float = 0.5

    def __post_init__(self) -> None:
        check_likeness(self.value, self.threshold)
        if not re.search("[a-z0-9]", self.value.lower()):
            raise Refused("the text has no words of the letters a to z", hint="use `chrf`")

    def doubt(self, given: CheckedValues) -> Refused | None:
        return doubt_threshold(self.threshold, given)

    def check(self, subject: Subject) -> Verdict:
        if max(len(text.split()) for text in (subject.text, self.value)) > _MOST_WORDS:
            raise Unjudgeable(f"the strings are too long to compare: over {_MOST_WORDS:,} words")
        degree = _rouge_scorer().score(self.value, subject.text)["rougeL"].fmeasure
        return likeness(subject, self.value, float(degree), self.threshold)


@cache
def _rouge_scorer() -> Any:
    return package("rouge_score.rouge_scorer").RougeScorer(["rougeL"])


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
