"""one-of."""

from __future__ import annotations

from typing import Any

from promptops.evals.assertions.equals import as_compared, doubt_values
from promptops.evals.checked_values import CheckedValues
from promptops.evals.json_values import same
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import Refused, Verdict
from promptops.evals.wording import listed, shown
from promptops.records import record


@assertion("one-of")
@record(frozen=True, slots=True, kw_only=True)
class OneOf:
    """The checked value is exactly one of these.

    Values are compared as in `equals`.

    Attributes:
        value: The allowed values.

    Holds:
        messages: [{role: user, content: billing}]
        rendered: [{type: one-of, role: user, value: [bug, billing]}]

    Fails:
        messages: [{role: user, content: praise}]
        rendered: [{type: one-of, role: user, value: [bug, billing]}]
    """

    value: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.value:
            raise Refused("an empty list matches no value")

    def doubt(self, given: CheckedValues) -> Refused | None:
        return doubt_values(self.value, given)

    def check(self, subject: Subject) -> Verdict:
        expected = listed(self.value, "or")
        # Not lazily, so that a number is reported wherever it is in the list.
        equal = [same(as_compared(subject, value), value) for value in self.value]
        return Verdict(
            passed=any(equal),
            expected=expected,
            opposite=f"anything but {expected}",
            where=subject.where,
            got=shown(subject.value),
        )
