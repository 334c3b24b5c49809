"""icontains."""

from __future__ import annotations

from promptops.evals.checked_values import CheckedValues
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.texts import no_blank, not_empty
from promptops.evals.verdict import Refused, Verdict
from promptops.evals.wording import line_of, shown
from promptops.records import record


@assertion("icontains")
@record(frozen=True, slots=True, kw_only=True)
class IContains:
    """The checked text contains a string, ignoring case.

    Case is ignored in all scripts: `Straße` contains `STRASSE`.

    Attributes:
        value: The string.

    Holds:
        messages: [{role: system, content: You write SQL for analysts.}]
        rendered: [{type: icontains, role: system, value: sql}]

    Fails:
        messages: [{role: system, content: You write SQL for analysts.}]
        rendered: [{type: icontains, role: system, value: python}]
    """

    value: str

    def __post_init__(self) -> None:
        not_empty(self.value)

    def doubt(self, given: CheckedValues) -> Refused | None:
        return None if given.negated else no_blank((self.value,))

    def check(self, subject: Subject) -> Verdict:
        value, text = self.value.casefold(), subject.text.casefold()
        at = text.find(value)
        # If folding keeps the length, offsets in both texts are the same.
        as_is = subject.text if len(text) == len(subject.text) else text
        expected = f"{shown(self.value)} in any case"
        return Verdict(
            passed=at >= 0,
            expected=expected,
            opposite=f"no {expected}",
            where=subject.where,
            got=line_of(as_is, at) if at >= 0 else shown(subject.text),
        )
