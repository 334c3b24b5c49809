"""Texts that an answer contains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from promptops.evals.checked_values import CheckedValues
from promptops.evals.patterns import MAX_STEPS, compiled, matches_every_text, searchable_by
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import Refused, Span, Verdict
from promptops.evals.wording import (
    compared,
    line_of,
    listed,
    no_blank,
    no_white_space,
    not_empty,
    not_empty_texts,
    searchable,
    sendable,
    shown,
    to_compare,
    without,
)
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

    def occurrences(self, subject: Subject) -> Iterator[Span]:
        return _occurrences(subject.text, (self.value,))


def _occurrences(text: str, values: Iterable[str]) -> Iterator[Span]:
    for value in values:
        at = text.find(value)
        while at >= 0:
            yield at, at + len(value)
            at = text.find(value, at + len(value))


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

    def occurrences(self, subject: Subject) -> Iterator[Span]:
        return _occurrences(subject.text, self.value)


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

    def occurrences(self, subject: Subject) -> Iterator[Span]:
        return _occurrences(subject.text, self.value)


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

    def occurrences(self, subject: Subject) -> Iterator[Span]:
        text = subject.text.casefold()
        return _occurrences(text, (self.value.casefold(),) * (len(text) == len(subject.text)))


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

    def occurrences(self, subject: Subject) -> Iterator[Span]:
        if subject.text.startswith(self.value):
            yield 0, len(self.value)


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

    def occurrences(self, subject: Subject) -> Iterator[Span]:
        program, text = compiled(self.value), sendable(subject.text)
        # As long as `check` may take, for all matches together.
        most = max(1, MAX_STEPS // (program.programsize * (len(text) + 1)))
        for match in islice(program.finditer(text), most):
            if match.end() > match.start():
                yield match.start(), match.end()
