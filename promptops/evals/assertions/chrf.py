"""chrf."""

from __future__ import annotations

from functools import cache
from typing import Any

from promptops.evals.given import Given
from promptops.evals.registry import assertion
from promptops.evals.similarity import check_likeness, doubt_threshold, likeness, package
from promptops.evals.subject import Subject
from promptops.evals.verdict import Refused, Unjudgeable, Verdict
from promptops.records import record

_LONGEST = 100_000


@assertion("chrf")
@record(frozen=True, slots=True, kw_only=True)
class ChrF:
    """What is looked at has the characters of a text, in runs of up to six.

    chrF, as translations are compared: it needs no words, so that it suits every language. White
    space does not count. Needs the extra `likeness`.

    Attributes:
        value: The text, such as a good translation.
        threshold: From which likeness on it holds, 0.05 to 1; with `not-`, from above 0 on.

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

    def doubt(self, given: Given) -> Refused | None:
        return doubt_threshold(self.threshold, given)

    def check(self, subject: Subject) -> Verdict:
        if max(len(subject.text), len(self.value)) > _LONGEST:
            raise Unjudgeable(f"the texts are too long to compare: over {_LONGEST:,} characters")
        degree = _scorer().sentence_score(subject.text, [self.value]).score / 100
        return likeness(subject, self.value, min(degree, 1.0), self.threshold)


@cache
def _scorer() -> Any:
    return package("sacrebleu.metrics.chrf").CHRF()
