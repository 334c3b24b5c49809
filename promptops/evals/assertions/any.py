"""any."""

from __future__ import annotations

from promptops.counting import counted
from promptops.evals.assertion import Assertion
from promptops.evals.assertion_sets import (
    check_limits,
    check_set,
    gravest,
    judged_parts,
    questions,
    told,
)
from promptops.evals.questions import Question
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import Verdict
from promptops.records import record


@assertion("any", narrowed_by=(), sets=("value",))
@record(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """At least one assertion of a set passes.

    If one passes, it does not matter that another could not be checked. In a score it counts by
    degree: the highest of its parts. A set that contains an assertion judged by a model is a
    measure, like `llm-rubric`.

    Attributes:
        value: The assertions; each may have its own `path` or `role`.

    Holds:
        answer: I am not sure.
        output:
          - {type: any, value: [{type: contains, value: reset}, {type: contains, value: sure}]}

    Fails:
        answer: Restart it.
        output:
          - {type: any, value: [{type: contains, value: reset}, {type: contains, value: sure}]}
    """

    value: tuple[Assertion, ...]

    def __post_init__(self) -> None:
        check_set(self.value, None)
        check_limits(self.value, any)

    @property
    def parts(self) -> tuple[Assertion, ...]:
        return self.value

    def asks(self, subject: Subject) -> tuple[Question, ...]:
        return questions(self.value, subject)

    def check(self, subject: Subject) -> Verdict:
        judged = tuple(judged_parts(self.value, subject))
        held = [part for part in judged if part.passed]
        error = gravest(judged)
        if error is not None and not held:
            raise error
        wanted = f"any of {counted(len(self.value), 'assertion')}"
        return Verdict(
            passed=bool(held),
            expected=wanted,
            opposite=f"none of {counted(len(self.value), 'assertion')}",
            where="to hold",
            got="; ".join(map(told, held or judged)),
            degree=max(part.verdict.share for part in judged if part.verdict),
        )
