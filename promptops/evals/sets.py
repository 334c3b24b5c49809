"""Sets of assertions, judged together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from promptops.evals.assertion import Assertion
from promptops.evals.questions import Question
from promptops.evals.subject import Subject
from promptops.evals.verdict import Refused, Skipped, Undecided, Unjudgeable, Verdict


@dataclass(frozen=True, slots=True)
class Part:
    """What an assertion of a set says, or why it says nothing."""

    assertion: Assertion
    verdict: Verdict | None
    error: Unjudgeable | None

    @property
    def passed(self) -> bool:
        return self.verdict is not None and self.verdict.passed

    @property
    def failed(self) -> bool:
        return self.verdict is not None and not self.verdict.passed


def judged_parts(assertions: tuple[Assertion, ...], subject: Subject) -> Iterator[Part]:
    """What each assertion of a set says of the same record."""
    for index, assertion in enumerate(assertions):
        try:
            yield Part(assertion, assertion.judge(subject.record), None)
        except Unjudgeable as error:
            error.at = f"/value/{index}{error.at}"
            yield Part(assertion, None, error)


def gravest(parts: tuple[Part, ...]) -> Unjudgeable | None:
    """The error that says most of why parts of a set can't be judged: a mistake before an absence.

    None where all were judged.
    """
    errors = [part.error for part in parts if part.error is not None]
    return min(errors, key=_gravity, default=None)


def _gravity(error: Unjudgeable) -> int:
    return isinstance(error, Undecided) + isinstance(error, Skipped)


def questions(assertions: tuple[Assertion, ...], subject: Subject) -> tuple[Question, ...]:
    """What the assertions of a set ask; one that can't be judged asks nothing."""
    asked: list[Question] = []
    for assertion in assertions:
        try:
            asked += assertion.asks(subject.record)
        except Unjudgeable:
            continue
    return tuple(asked)


def check_set(assertions: tuple[Assertion, ...], threshold: float | None) -> None:
    """Raises Refused for a set of nothing, and for a threshold that all or none would reach."""
    if not assertions:
        raise Refused("an empty list asks for nothing", hint="say what must hold")
    check_threshold(threshold)


def check_threshold(threshold: float | None) -> None:
    """Raises Refused for a degree that everything reaches, or nothing can."""
    if threshold is not None and not 0 < threshold <= 1:
        message = f"expected a number above 0, at most 1, got {threshold:g}"
        raise Refused(message, at="/threshold")


def told(part: Part) -> str:
    """One assertion of a set in a reason."""
    said = part.verdict.reason if part.verdict else str(part.error)
    return f"{part.assertion.type}: {said}"
