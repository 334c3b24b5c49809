"""How similar a text is to a reference."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from math import fsum, hypot, isfinite
from operator import mul
from typing import Any

from promptops.errors import UsageError
from promptops.evals.assertion_sets import check_threshold, doubt_threshold
from promptops.evals.checked_values import CheckedValues
from promptops.evals.judge_replies import reply
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import Embedding, Question, Refused, Undecided, Unjudgeable, Verdict
from promptops.evals.wording import not_blank, sendable, shown, to_compare
from promptops.model.distribution import install_command
from promptops.records import record


class Likeness(ABC):
    """A similarity to a text, from 0 to 1.

    Attributes:
        value: The reference.
        threshold: The lowest similarity that passes.
    """

    __slots__ = ()

    value: str
    threshold: float

    def __post_init__(self) -> None:
        not_blank(self.value)
        check_threshold(self.threshold)

    @abstractmethod
    def degree(self, subject: Subject) -> float:
        """The similarity; raises Unjudgeable if it can't be computed."""

    def doubt(self, given: CheckedValues) -> Refused | None:
        return doubt_threshold(self.threshold, given)

    def check(self, subject: Subject) -> Verdict:
        degree = self.degree(subject)
        passed = degree >= self.threshold
        return Verdict(
            passed=passed,
            expected=f"similarity of at least {self.threshold:g} to {shown(self.value)}",
            opposite=f"similarity below {self.threshold:g} to {shown(self.value)}",
            where=subject.where,
            got=f"{degree:.2f}: {shown(subject.text)}",
            degree=degree,
            compared=None if passed else to_compare(self.value, subject.text),
        )


def package(name: str) -> Any:
    """A module of the extra `likeness`; raises UsageError if it is not installed."""
    try:
        return import_module(name)
    except ImportError:
        missing = name.partition(".")[0].replace("_", "-")
        raise UsageError(
            f"the package {missing!r} is not installed", hint=install_command("likeness")
        ) from None


@assertion("chrf")
@record(frozen=True, slots=True, kw_only=True)
class ChrF(Likeness):
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

    def degree(self, subject: Subject) -> float:
        if max(len(subject.text), len(self.value)) > _LONGEST:
            raise Unjudgeable(f"the strings are too long to compare: over {_LONGEST:,} characters")
        degree = _chrf_scorer().sentence_score(subject.text, [self.value]).score / 100
        return min(float(degree), 1.0)


@cache
def _chrf_scorer() -> Any:
    return package("sacrebleu.metrics.chrf").CHRF()


_LONGEST = 100_000


@assertion("ratio")
@record(frozen=True, slots=True, kw_only=True)
class Ratio(Likeness):
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

    def degree(self, subject: Subject) -> float:
        if max(len(subject.text), len(self.value)) > _LONGEST:
            raise Unjudgeable(f"the strings are too long to compare: over {_LONGEST:,} characters")
        return float(package("rapidfuzz.fuzz").ratio(subject.text, self.value)) / 100


_MOST_WORDS = 2_000  # words: the work grows with the product


@assertion("rouge")
@record(frozen=True, slots=True, kw_only=True)
class Rouge(Likeness):
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
        Likeness.__post_init__(self)
        if not re.search("[a-z0-9]", self.value.lower()):
            raise Refused("the text has no words of the letters a to z", hint="use `chrf`")

    def degree(self, subject: Subject) -> float:
        if max(len(text.split()) for text in (subject.text, self.value)) > _MOST_WORDS:
            raise Unjudgeable(f"the strings are too long to compare: over {_MOST_WORDS:,} words")
        return float(_rouge_scorer().score(self.value, subject.text)["rougeL"].fmeasure)


@cache
def _rouge_scorer() -> Any:
    return package("rouge_score.rouge_scorer").RougeScorer(["rougeL"])


@assertion("similar", on=("answer",))
@record(frozen=True, slots=True, kw_only=True)
class Similar(Likeness):
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

    def asks(self, subject: Subject) -> tuple[Question, ...]:
        return (_about(subject.text), _about(self.value)) if subject.text.strip() else ()

    def degree(self, subject: Subject) -> float:
        vectors = [
            reply(subject.record, question, Embedding).vector for question in self.asks(subject)
        ]
        return max(_cosine(*vectors), 0.0) if vectors else 0.0


def _about(text: str) -> Question:
    return Question(kind="embedding", inputs={"text": sendable(text)})


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    size = hypot(*one) * hypot(*other)
    if len(one) != len(other) or not (size and isfinite(size)):
        raise Undecided("the embeddings can't be compared: their lengths differ, or one is missing")
    return min(fsum(map(mul, one, other)) / size, 1.0)
