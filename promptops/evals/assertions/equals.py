"""equals."""

from __future__ import annotations

from typing import Any

from promptops.evals.checked_values import CheckedValues
from promptops.evals.json_values import same
from promptops.evals.registry import assertion
from promptops.evals.schema_limits import admits_every_value, admits_no_value
from promptops.evals.subject import Subject
from promptops.evals.verdict import Refused, Unjudgeable, Verdict
from promptops.evals.wording import compared, shown, to_compare
from promptops.model.answer import Answer
from promptops.records import record


@assertion("equals")
@record(frozen=True, slots=True, kw_only=True)
class Equals:
    """The checked value is exactly this one.

    Strings are compared character by character. With `path`, any JSON value can be compared: 1
    equals 1.0, and true does not equal 1.

    Attributes:
        value: The expected value.

    Holds:
        messages: [{role: user, content: Where is my order?}]
        rendered: [{type: equals, role: user, value: Where is my order?}]

    Fails:
        messages: [{role: user, content: Where is my order?}]
        rendered: [{type: equals, role: user, value: Where is it?}]
    """

    value: Any

    def doubt(self, given: CheckedValues) -> Refused | None:
        return doubt_values((self.value,), given)

    def check(self, subject: Subject) -> Verdict:
        value = as_compared(subject, self.value)
        expected = shown(self.value)
        both_texts = isinstance(value, str) and isinstance(self.value, str)
        passed = same(value, self.value)
        return Verdict(
            passed=passed,
            expected=expected,
            opposite=f"anything but {expected}",
            where=subject.where,
            got=compared(self.value, value) if both_texts else shown(value),
            compared=None if passed else to_compare(self.value, value),
        )

    def judges_flaw(self, answer: Answer) -> bool:
        """Whether it is about an empty answer; also with `not-`."""
        return not answer.text and isinstance(self.value, str) and not self.value


def doubt_values(values: tuple[Any, ...], given: CheckedValues) -> Refused | None:
    """Why the compared value is always, or never, one of these; None if both can happen."""
    has_text = any(isinstance(value, str) for value in values)
    # A list of text parts is compared as a text.
    may_be_parts = has_text and not admits_no_value({"type": "array"}, given.shape)
    if may_be_parts or given.shape in (True, {"type": "string"}):
        return None
    expected = {"enum": list(values)}
    if admits_every_value(expected, given.shape):
        return Refused(
            "the compared value is always one of these", hint="write the one expected value"
        )
    if admits_no_value(expected, given.shape):
        return Refused("the compared value is never one of these: its type is different")
    return None


def as_compared(subject: Subject, expected: Any) -> Any:
    """The value to compare; raises Unjudgeable for a string that can never equal `wanted`."""
    if subject.is_message_text and not isinstance(expected, str):
        raise Unjudgeable(
            f"a string never equals {shown(expected)}: set `path`, or quote the value", "/value"
        )
    if isinstance(expected, str) and isinstance(subject.value, (list, tuple)):
        return subject.text
    return subject.value
