"""max-latency."""

from __future__ import annotations

from promptops.evals.limits import LONGEST_S, check_limit
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import Skipped, Verdict
from promptops.records import record


@assertion("max-latency", on=("answer",), narrowed_by=())
@record(frozen=True, slots=True, kw_only=True)
class MaxLatency:
    """The answer arrived within this many seconds.

    Only the successful request counts, without earlier attempts and without waiting for rate
    limits. Latency is not recorded: the assertion is skipped for a recorded answer, and for one
    that this machine was too busy to time. Skipped does not mean passed; a case with no other
    assertion is in error then.

    Attributes:
        value: Seconds.

    Holds:
        answer: {text: Done., latency_s: 0.8}
        output: [{type: max-latency, value: 2}]

    Fails:
        answer: {text: Done., latency_s: 3.5}
        output: [{type: max-latency, value: 2}]
    """

    value: float

    def __post_init__(self) -> None:
        check_limit(self.value, LONGEST_S, "answer takes over 3,600 s")

    @property
    def limits(self) -> tuple[float, float]:
        """The lowest and the highest value that passes."""
        return 0, self.value

    def check(self, subject: Subject) -> Verdict:
        answer = subject.record.answer
        latency = answer.latency_s if answer else None
        if latency is None:
            raise Skipped("the answer was not timed: latency is not recorded")
        return Verdict(
            passed=latency <= self.value,
            expected=f"at most {self.value:g} s",
            opposite=f"more than {self.value:g} s",
            where="for the answer",
            got=f"{latency:.2f} s",
        )
