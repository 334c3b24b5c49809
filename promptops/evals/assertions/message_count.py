"""message-count."""

from __future__ import annotations

from promptops.counting import counted
from promptops.evals.limits import MOST_MESSAGES, check_limit
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import Verdict
from promptops.records import record


@assertion("message-count", on=("request",), narrowed_by=("role",))
@record(frozen=True, slots=True, kw_only=True)
class MessageCount:
    """The request has exactly this many messages.

    With `role`, this many messages of that role, which may be 0.

    Attributes:
        value: The number of messages.

    Holds:
        messages: [{role: system, content: Be brief.}, {role: user, content: Hello}]
        rendered: [{type: message-count, value: 2}, {type: message-count, role: user, value: 1}]

    Fails:
        messages: [{role: system, content: Be brief.}, {role: user, content: Hello}]
        rendered: [{type: message-count, role: user, value: 2}]
    """

    value: int

    def __post_init__(self) -> None:
        check_limit(self.value, MOST_MESSAGES, "request has over 1,000 messages")

    @property
    def limits(self) -> tuple[float, float]:
        """The lowest and the highest value that passes."""
        return self.value, self.value

    def check(self, subject: Subject) -> Verdict:
        count = len(subject.messages)
        role = f"{subject.role} " if subject.role else ""
        wanted = counted(self.value, f"{role}message")
        return Verdict(
            passed=count == self.value,
            expected=wanted,
            opposite=f"any number but {wanted}",
            where=f"in the {subject.record.on}",
            got=f"{count:,}",
        )
