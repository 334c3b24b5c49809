"""regex."""

from __future__ import annotations

from promptops.evals.checked_values import CheckedValues
from promptops.evals.patterns import (
    compiled,
    matches_every_answer,
    matches_every_text,
    matches_no_text,
    searchable_by,
)
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.texts import sendable
from promptops.evals.verdict import Refused, Verdict
from promptops.evals.wording import line_of, shown
from promptops.records import record


@assertion("regex")
@record(frozen=True, slots=True, kw_only=True)
class Regex:
    """A pattern matches somewhere in the checked text.

    The syntax is RE2, which always runs in linear time: no look-ahead and no back-references. `^`
    and `$` match at the ends of the text, with `(?m)` at the ends of each line; `.` matches a
    newline with `(?s)`. `\\b`, `\\w` and `\\d` know only ASCII: `\\bcafé\\b` does not match in `un
    café noir`; `\\pL` is any letter.

    Attributes:
        value: The pattern.

    Holds:
        messages: [{role: user, content: "Order A-1042 came broken."}]
        rendered: [{type: regex, role: user, value: 'A-\\d{4}'}]

    Fails:
        messages: [{role: user, content: "Order 1042 came broken."}]
        rendered: [{type: regex, role: user, value: 'A-\\d{4}'}]
    """

    value: str

    def __post_init__(self) -> None:
        compiled(self.value)
        if matches_every_text(self.value):
            raise Refused("the pattern matches every string", hint="write the required text")
        if matches_no_text(self.value):
            raise Refused(
                "the pattern matches no string", hint="test it on a string that it should match"
            )

    def doubt(self, given: CheckedValues) -> Refused | None:
        if given.negated or not matches_every_answer(self.value):
            return None
        hint = "to require any text, write `word-count: {min: 1}`"
        return Refused("the pattern matches every string that is not blank", hint=hint)

    def check(self, subject: Subject) -> Verdict:
        text = sendable(subject.text)
        match = searchable_by(self.value, text, "/value", subject.record.work).search(text)
        return Verdict(
            passed=match is not None,
            expected=f"a match of {shown(self.value)}",
            opposite=f"no match of {shown(self.value)}",
            where=subject.where,
            got=line_of(subject.text, match.start()) if match else shown(subject.text),
        )
