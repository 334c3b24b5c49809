"""ratio."""

from __future__ import annotations

from promptops.evals.checked_values import CheckedValues
from promptops.evals.registry import assertion
from promptops.evals.similarity import check_likeness, doubt_threshold, likeness, package
from promptops.evals.subject import Subject
from promptops.evals.verdict import Refused, Unjudgeable, Verdict
from promptops.records import record

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
