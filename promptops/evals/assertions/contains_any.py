"""contains-any."""

from __future__ import annotations

from promptops.evals.checked_values import CheckedValues
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.texts import no_white_space, not_empty_texts, searchable
from promptops.evals.verdict import Refused, Verdict
from promptops.evals.wording import line_of, listed, shown
from promptops.records import record


@assertion("contains-any")
@record(frozen=True, slots=True, kw_only=True)
class ContainsAny:
    """The checked text contains at least one of several strings.

    With `not-`, it contains none of them.

    Attributes:
        value: The strings.

    Holds:
        messages: [{role: system, content: Answer in German.}]
        rendered: [{type: contains-any, role: system, value: [English, German]}]

    Fails:
        messages: [{role: system, content: Answer in Danish.}]
        rendered: [{type: contains-any, role: system, value: [English, German]}]
    """

    value: tuple[str, ...]

    def __post_init__(self) -> None:
        not_empty_texts(self.value)

    def doubt(self, given: CheckedValues) -> Refused | None:
        return None if given.negated else no_white_space(self.value)

    def check(self, subject: Subject) -> Verdict:
        text = searchable(subject.text, self.value, subject.record.work)
        at = next((text.find(value) for value in self.value if value in text), -1)
        return Verdict(
            passed=at >= 0,
            expected=listed(self.value, "or"),
            opposite=f"none of {listed(self.value, 'and')}",
            where=subject.where,
            got=line_of(text, at) if at >= 0 else shown(text),
        )
