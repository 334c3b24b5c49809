"""all."""

from __future__ import annotations

from promptops.counting import counted
from promptops.evals.assertion import Assertion
from promptops.evals.assertion_sets import (
    PartResult,
    check_limits,
    check_set,
    gravest,
    judged_parts,
    questions,
    told,
)
from promptops.evals.given import Given
from promptops.evals.questions import Question
from promptops.evals.registry import assertion
from promptops.evals.similarity import doubt_threshold
from promptops.evals.subject import Subject
from promptops.evals.verdict import Refused, Undecided, Verdict
from promptops.records import record


@assertion("all", narrowed_by=(), sets=("value",))
@record(frozen=True, slots=True, kw_only=True)
class AllOf:
    """All assertions of a set pass, or enough of them.

    In a score it counts by degree: the mean of its parts, weighted by `weight`. A set that contains
    an assertion judged by a model is a measure, like `llm-rubric`.

    Attributes:
        value: The assertions; each may have its own `weight`, `path` or `role`.
        threshold: The lowest degree that passes, 0.05 to 1; without it, every assertion must pass.

    Holds:
        answer: Hold the button for ten seconds.
        output:
          - {type: all, value: [{type: contains, value: button}, {type: max-chars, value: 80}]}

    Fails:
        answer: Restart it.
        output:
          - {type: all, value: [{type: contains, value: button}, {type: max-chars, value: 80}]}
    """

    value: tuple[Assertion, ...]
    threshold: float | None = None

    def __post_init__(self) -> None:
        check_set(self.value, self.threshold)
        if self.threshold is None:
            check_limits(self.value, all)

    def doubt(self, given: Given) -> Refused | None:
        return None if self.threshold is None else doubt_threshold(self.threshold, given)

    @property
    def parts(self) -> tuple[Assertion, ...]:
        return self.value

    def asks(self, subject: Subject) -> tuple[Question, ...]:
        return questions(self.value, subject)

    def check(self, subject: Subject) -> Verdict:
        judged = tuple(judged_parts(self.value, subject))
        failed = [part for part in judged if part.failed]
        error = gravest(judged)
        # One that fails decides, even where another has no say yet; a mistake is never hidden.
        decided = self.threshold is None and failed and isinstance(error, Undecided)
        if error is not None and not decided:
            raise error
        degree = _degree(judged)
        passed = not failed if self.threshold is None else degree >= self.threshold
        wanted = _wanted(len(self.value), self.threshold)
        graded = [f"{degree:.2f}"] if self.threshold is not None else []
        return Verdict(
            passed=passed,
            expected=wanted,
            opposite=f"less than {wanted}",
            where="to hold",
            got="; ".join([*graded, *map(told, failed)]) or "all",
            degree=degree,
        )


def _degree(judged: tuple[PartResult, ...]) -> float:
    """The mean by weight; rounded, because sums of tenths can be off by the last digit."""
    shares = [(part.assertion.weight, part.verdict.share) for part in judged if part.verdict]
    total = sum(weight * share for weight, share in shares)
    return min(round(total / sum(weight for weight, _ in shares), 9), 1.0)


def _wanted(count: int, threshold: float | None) -> str:
    if threshold is not None:
        return f"{threshold:g} of {counted(count, 'assertion')}, by weight,"
    return "the assertion" if count == 1 else f"all {count} assertions"
