"""chrf."""

from __future__ import annotations

from functools import cache
from typing import Any

from promptops.evals.checked_values import CheckedValues
from promptops.evals.registry import assertion
from promptops.evals.similarity import check_likeness, doubt_threshold, likeness, package
from promptops.evals.subject import Subject
from promptops.evals.verdict import Refused, Unjudgeable, Verdict
from promptops.records import record

_LONGEST = 100_000


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
        degree = _scorer().sentence_score(subject.text, [self.value]).score / 100
        return likeness(subject, self.value, min(degree, 1.0), self.threshold)


@cache
def _scorer() -> Any:
    return package("sacrebleu.metrics.chrf").CHRF()
