"""starts-with."""

from __future__ import annotations

from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.texts import not_empty
from promptops.evals.verdict import Verdict
from promptops.evals.wording import compared, shown, to_compare
from promptops.records import record


@assertion("starts-with")
@record(frozen=True, slots=True, kw_only=True)
class StartsWith:
    """The checked text starts with a string.

    Attributes:
        value: The string; every space and newline counts.

    Holds:
        messages: [{role: system, content: You write SQL for analysts.}]
        rendered: [{type: starts-with, role: system, value: You write}]

    Fails:
        messages: [{role: system, content: Hello! You write SQL for analysts.}]
        rendered: [{type: starts-with, role: system, value: You write}]
    """

    value: str

    def __post_init__(self) -> None:
        not_empty(self.value)

    def check(self, subject: Subject) -> Verdict:
        text = subject.text
        passed = text.startswith(self.value)
        begin = f"{shown(self.value)} at the beginning"
        return Verdict(
            passed=passed,
            expected=begin,
            opposite=f"no {begin}",
            where=subject.where,
            got=shown(text) if passed else compared(self.value, text),
            compared=None if passed else to_compare(self.value, text[: len(self.value)]),
        )
