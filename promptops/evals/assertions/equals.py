"""equals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from promptops.evals.comparison import to_compare
from promptops.evals.json_values import same
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import Unjudgeable, Verdict
from promptops.evals.wording import compared, shown


@assertion("equals")
@dataclass(frozen=True, slots=True, kw_only=True)
class Equals:
    """What is looked at is exactly this.

    Text character by character; at a `path` any JSON value, where 1 is 1.0 and true is not 1.

    Attributes:
        value: What it is.

    Holds:
        messages: [{role: user, content: Where is my order?}]
        rendered: [{type: equals, role: user, value: Where is my order?}]

    Fails:
        messages: [{role: user, content: Where is my order?}]
        rendered: [{type: equals, role: user, value: Where is it?}]
    """

    value: Any

    def check(self, subject: Subject) -> Verdict:
        value = as_compared(subject, self.value)
        wanted = shown(self.value)
        both_texts = isinstance(value, str) and isinstance(self.value, str)
        passed = same(value, self.value)
        return Verdict(
            passed=passed,
            expected=wanted,
            opposite=f"anything but {wanted}",
            where=subject.where,
            got=compared(self.value, value) if both_texts else shown(value),
            compared=None if passed else to_compare(self.value, value),
        )


def as_compared(subject: Subject, wanted: Any) -> Any:
    """What is looked at; raises Unjudgeable where it is a text and can't ever be what is wanted."""
    if subject.is_message_text and not isinstance(wanted, str):
        raise Unjudgeable(f"a text is never {shown(wanted)}: name a `path`, or quote it", "/value")
    if isinstance(wanted, str) and isinstance(subject.value, (list, tuple)):
        return subject.text
    return subject.value
