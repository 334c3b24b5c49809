"""contains-all."""

from __future__ import annotations

from promptops.evals.checked_values import CheckedValues
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.texts import no_blank, not_empty_texts, searchable
from promptops.evals.verdict import Refused, Verdict
from promptops.evals.wording import listed, shown
from promptops.records import record


@assertion("contains-all")
@record(frozen=True, slots=True, kw_only=True)
class ContainsAll:
    """The checked text contains all of several strings.

    The order does not matter. With `not-`, at least one of them is missing; to forbid each of
    them, use `not-contains-any`.

    Attributes:
        value: The strings.

    Holds:
        messages: [{role: system, content: "Known issues: KI-7, KI-12."}]
        rendered: [{type: contains-all, role: system, value: [KI-12, KI-7]}]

    Fails:
        messages: [{role: system, content: "Known issues: KI-7."}]
        rendered: [{type: contains-all, role: system, value: [KI-12, KI-7]}]
    """

    value: tuple[str, ...]

    def __post_init__(self) -> None:
        not_empty_texts(self.value)

    def doubt(self, given: CheckedValues) -> Refused | None:
        return no_blank(self.value)

    def check(self, subject: Subject) -> Verdict:
        text = searchable(subject.text, self.value, subject.record.work)
        missing = tuple(value for value in self.value if value not in text)
        expected = listed(self.value, "and")
        got = f"{shown(text)} without {listed(missing, 'and')}" if missing else "all"
        return Verdict(
            passed=not missing,
            expected=expected,
            opposite=f"not all of {expected}",
            where=subject.where,
            got=got,
        )
