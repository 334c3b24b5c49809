"""max-chars."""

from __future__ import annotations

from promptops.counting import counted
from promptops.evals.limits import MOST_CHARS, check_limit
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import Verdict
from promptops.records import record


@assertion("max-chars")
@record(frozen=True, slots=True, kw_only=True)
class MaxChars:
    """The checked text has at most this many characters.

    Attributes:
        value: Unicode characters, including newlines. Without `role` or `path`, those of all
            messages and of the blank lines between them.

    Holds:
        messages: [{role: user, content: Where is it?}]
        rendered: [{type: max-chars, value: 12}]

    Fails:
        messages: [{role: user, content: Where is my order?}]
        rendered: [{type: max-chars, value: 12}]
    """

    value: int

    def __post_init__(self) -> None:
        check_limit(self.value, MOST_CHARS, "text has over 10,000,000 characters")

    @property
    def limits(self) -> tuple[float, float]:
        """The lowest and the highest value that passes."""
        return 0, self.value

    def check(self, subject: Subject) -> Verdict:
        length = len(subject.text)
        return Verdict(
            passed=length <= self.value,
            expected=f"at most {counted(self.value, 'character')}",
            opposite=f"more than {counted(self.value, 'character')}",
            where=subject.where,
            got=f"{length:,}",
        )
