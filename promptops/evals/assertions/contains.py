"""contains."""

from __future__ import annotations

from promptops.evals.checked_values import CheckedValues
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.texts import no_blank, not_empty, without
from promptops.evals.verdict import Refused, Verdict
from promptops.evals.wording import line_of, shown
from promptops.records import record


@assertion("contains")
@record(frozen=True, slots=True, kw_only=True)
class Contains:
    """The checked text contains a string.

    Every character counts: case, spaces and newlines.

    Attributes:
        value: The string.

    Holds:
        messages: [{role: system, content: You write SQL for analysts.}]
        rendered: [{type: contains, role: system, value: SQL}]

    Fails:
        messages: [{role: system, content: You write SQL for analysts.}]
        rendered: [{type: contains, role: system, value: sql}]
    """

    value: str

    def __post_init__(self) -> None:
        not_empty(self.value)

    def doubt(self, given: CheckedValues) -> Refused | None:
        return None if given.negated else no_blank((self.value,))

    def check(self, subject: Subject) -> Verdict:
        at = subject.text.find(self.value)
        return Verdict(
            passed=at >= 0,
            expected=shown(self.value),
            opposite=f"no {shown(self.value)}",
            where=subject.where,
            got=line_of(subject.text, at) if at >= 0 else without(self.value, subject.text),
        )
