"""factual."""

from __future__ import annotations

from promptops.evals.judge_replies import (
    conversation,
    judge_question,
    judged_verdict,
    reference,
)
from promptops.evals.questions import Question
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.texts import not_blank
from promptops.evals.verdict import Verdict
from promptops.evals.wording import shown
from promptops.records import record


@assertion("factual", on=("answer",), judged=True)
@record(frozen=True, slots=True, kw_only=True)
class Factual:
    """A model judges that the answer agrees with a reference.

    The answer must give the requested facts, in any words, and contradict none of them. This is a
    measure, like `llm-rubric`.

    Attributes:
        value: The reference; without it, the case's `expected` is used.

    Holds:
        expected: The warranty lasts three years.
        answer: You are covered for 36 months.
        replies: [{verdict: pass, reason: 36 months are three years.}]
        output: [{type: factual}]

    Fails:
        answer: You are covered for a year.
        replies: [{verdict: fail, reason: The reference says three years.}]
        output: [{type: factual, value: The warranty lasts three years.}]
    """

    value: str | None = None

    def __post_init__(self) -> None:
        if self.value is not None:
            not_blank(self.value)

    def asks(self, subject: Subject) -> tuple[Question, ...]:
        return (self._question(subject),)

    def check(self, subject: Subject) -> Verdict:
        right = shown(reference(subject.record, self.value))
        return judged_verdict(
            subject,
            self._question(subject),
            expected=f"agreement with {right}",
            opposite=f"disagreement with {right}",
        )

    def _question(self, subject: Subject) -> Question:
        inputs = {
            "criterion": "The answer gives the facts of the reference that were asked for, and "
            "contradicts none of them.",
            "reference": reference(subject.record, self.value),
            "output": subject.whole,
            "request": conversation(subject.record),
        }
        return judge_question(subject.record, "factual", inputs)
