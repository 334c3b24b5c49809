"""ratio."""

from __future__ import annotations

from promptops.evals.given import Given
from promptops.evals.registry import assertion
from promptops.evals.similarity import check_likeness, doubt_threshold, likeness, package
from promptops.evals.subject import Subject
from promptops.evals.verdict import Refused, Unjudgeable, Verdict
from promptops.records import record

_LONGEST = 100_000


@assertion("ratio")
@record(frozen=True, slots=True, kw_only=True)
class Ratio:
    """What is looked at is spelled much like a text.

    The likeness is 1 less the characters to insert and delete, as a share of both texts; every
    character counts. Needs the extra `likeness`.

    Attributes:
        value: The text.
        threshold: From which likeness on it holds, 0.05 to 1; with `not-`, from above 0 on.

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

    def doubt(self, given: Given) -> Refused | None:
        return doubt_threshold(self.threshold, given)

    def check(self, subject: Subject) -> Verdict:
        if max(len(subject.text), len(self.value)) > _LONGEST:
            raise Unjudgeable(f"the texts are too long to compare: over {_LONGEST:,} characters")
        degree = package("rapidfuzz.fuzz").ratio(subject.text, self.value) / 100
        return likeness(subject, self.value, degree, self.threshold)
