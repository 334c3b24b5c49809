"""regex."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.texts import sendable
from promptops.evals.verdict import Refused, Verdict
from promptops.evals.wording import line_of, shown

MAX_LENGTH = 1_000
_EVERYTHING = "".join(map(chr, range(256))) * 8
_ANY_TEXTS = ("", "\n", _EVERYTHING, _EVERYTHING[::-1])


@assertion("regex")
@dataclass(frozen=True, slots=True, kw_only=True)
class Regex:
    """A pattern matches somewhere in what is looked at.

    Patterns are RE2's, which can't hang: no look-ahead, no back-references. `^` and `$` are the
    ends of the text, with `(?m)` those of each line; `.` matches a newline with `(?s)`.

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
        pattern = _compiled(self.value)
        if all(pattern.search(text) for text in _ANY_TEXTS):
            raise Refused("the pattern matches every text", hint="say what must stand there")

    def check(self, subject: Subject) -> Verdict:
        match = _compiled(self.value).search(sendable(subject.text))
        return Verdict(
            passed=match is not None,
            expected=f"a match of {shown(self.value)}",
            opposite=f"no match of {shown(self.value)}",
            where=subject.where,
            got=line_of(subject.text, match.start()) if match else shown(subject.text),
        )


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    import re2

    if len(pattern) > MAX_LENGTH:
        raise Refused(f"the pattern has over {MAX_LENGTH:,} characters")
    options = re2.Options()
    options.log_errors = False  # they would go to stderr past us
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise Refused(f"the pattern can't be used: {_said(error)}") from None


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
