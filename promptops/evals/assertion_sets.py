"""Sets of assertions that are checked together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from math import isfinite
from statistics import mean
from typing import Any

from promptops.evals.checked_values import LEAST_THRESHOLD, CheckedValues
from promptops.evals.parse import Assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import Question, Refused, Skipped, Undecided, Unjudgeable, Verdict
from promptops.records import record


@record(frozen=True, slots=True)
class PartResult:
    """The result of an assertion in a set, or why it has none."""

    assertion: Assertion
    verdict: Verdict | None
    error: Unjudgeable | None

    @property
    def passed(self) -> bool:
        return self.verdict is not None and self.verdict.passed

    @property
    def failed(self) -> bool:
        return self.verdict is not None and not self.verdict.passed


def part_results(assertions: tuple[Assertion, ...], subject: Subject) -> Iterator[PartResult]:
    """The result of each assertion of a set for the same record."""
    for index, assertion in enumerate(assertions):
        try:
            yield PartResult(assertion, assertion.judge(subject.record), None)
        except Unjudgeable as error:
            error.at = f"/value/{index}{error.at}"
            yield PartResult(assertion, None, error)


def gravest_error(parts: tuple[PartResult, ...]) -> Unjudgeable | None:
    """The most important error of the parts that can't be checked: mistakes come first.

    None if all were checked.
    """
    errors = [part.error for part in parts if part.error is not None]
    return min(errors, key=_gravity, default=None)


def _gravity(error: Unjudgeable) -> int:
    return isinstance(error, Undecided) + isinstance(error, Skipped)


def part_questions(assertions: tuple[Assertion, ...], subject: Subject) -> tuple[Question, ...]:
    """The questions of the assertions in a set; one that can't be checked has none."""
    found: list[Question] = []
    for assertion in assertions:
        try:
            found += assertion.asks(subject.record)
        except Unjudgeable:
            continue
    return tuple(found)


def check_set(assertions: tuple[Assertion, ...], threshold: float | None) -> None:
    """Raises Refused for a set that always passes or always fails.

    That is an empty set, one with an assertion and its opposite, one whose limits accept every
    value or none, and one whose threshold is always or never reached.
    """
    if not assertions:
        raise Refused(
            "the list is empty: nothing is checked", hint="list the assertions that must pass"
        )
    check_threshold(threshold)
    for index, later in enumerate(assertions):
        if any(_is_opposite(earlier, later) for earlier in assertions[:index]):
            message = f"`{later.type}` is the opposite of another assertion of this set"
            raise Refused(message, hint="keep one of them", at=f"/value/{index}")


def check_limits(assertions: tuple[Assertion, ...], combine: Combine) -> None:
    """Raises Refused if limits on the same measure accept every value, or none.

    Args:
        combine: `any` or `all`, as the set is.
    """
    for limits in _limits(assertions):
        ends = sorted({0.0, *(end for range_, _ in limits for end in range_ if isfinite(end))})
        points = [*ends, *map(mean, pairwise(ends)), ends[-1] + 1]
        holds = {
            combine((low <= point <= high) is not negated for (low, high), negated in limits)
            for point in points
        }
        if combine is any and holds == {True}:
            raise Refused(
                "every value is within at least one of these limits", hint="keep one of them"
            )
        if combine is all and holds == {False}:
            raise Refused("no value is within all of these limits", hint="keep one of them")


Combine = Callable[[Iterable[bool]], bool]


def _limits(assertions: tuple[Assertion, ...]) -> Iterable[list[tuple[tuple[float, float], bool]]]:
    """By measure, the range in which each assertion holds, and whether it is negated."""
    found: dict[Any, list[tuple[tuple[float, float], bool]]] = {}
    for assertion in assertions:
        limits = getattr(assertion.check, "limits", None)
        if limits is not None:
            measure = type(assertion.check), assertion.path, assertion.role, _text(assertion)
            found.setdefault(measure, []).append((limits, assertion.negated))
    return found.values()


def _is_opposite(one: Assertion, other: Assertion) -> bool:
    """Whether they are the same except for a `not-`."""
    return (
        one.negated is not other.negated
        and one.check == other.check
        and (one.path, one.role, _text(one)) == (other.path, other.role, _text(other))
    )


def _text(assertion: Assertion) -> str | None:
    return assertion.transform.text if assertion.transform else None


def check_threshold(threshold: float | None) -> None:
    """Raises Refused for a degree that is always reached, or never."""
    if threshold is not None and not 0 < threshold <= 1:
        message = f"expected a number above 0, at most 1, got {threshold:g}"
        raise Refused(message, at="/threshold")


def doubt_threshold(threshold: float, given: CheckedValues) -> Refused | None:
    """Refused for a threshold that unrelated texts reach; otherwise None."""
    if given.negated or threshold >= LEAST_THRESHOLD:
        return None
    message = f"nearly every string reaches {threshold:g}"
    return Refused(message, hint=f"use {LEAST_THRESHOLD:g} or more", at="/threshold")


def part_reason(part: PartResult) -> str:
    """One assertion of a set in a reason."""
    reason = part.verdict.reason if part.verdict else str(part.error)
    return f"{part.assertion.type}: {reason}"
