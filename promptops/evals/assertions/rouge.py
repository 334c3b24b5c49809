"""rouge."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from promptops.evals.checked_values import CheckedValues
from promptops.evals.registry import assertion
from promptops.evals.similarity import check_likeness, doubt_threshold, likeness, package
from promptops.evals.subject import Subject
from promptops.evals.verdict import Refused, Unjudgeable, Verdict
from promptops.records import record

_LONGEST = 2_000  # words: the work grows with the product


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
        if max(len(text.split()) for text in (subject.text, self.value)) > _LONGEST:
            raise Unjudgeable(f"the strings are too long to compare: over {_LONGEST:,} words")
        degree = _scorer().score(self.value, subject.text)["rougeL"].fmeasure
        return likeness(subject, self.value, float(degree), self.threshold)


@cache
def _scorer() -> Any:
    return package("rouge_score.rouge_scorer").RougeScorer(["rougeL"])
