"""answer-relevant."""

from __future__ import annotations

from promptops.evals.judge_replies import judge_question, judged_verdict
from promptops.evals.questions import Question
from promptops.evals.registry import assertion
from promptops.evals.retrieved_passages import named_inputs, question_of
from promptops.evals.subject import Subject
from promptops.evals.texts import not_blank
from promptops.evals.verdict import NamedPart, Verdict
from promptops.records import record


@assertion("answer-relevant", on=("answer",), judged=True)
@record(frozen=True, slots=True, kw_only=True)
class AnswerRelevant:
    """A model judges that the answer is about what was asked, and about all of it.

    Whether the answer is right does not matter; see `factual`, `grounded` and `supported`. This is
    a measure, like `llm-rubric`.

    Attributes:
        value: The name of the input with the question; without it, the conversation is used.

    Holds:
        inputs: {question: May I bring my dog?}
        answer: "No, dogs stay at home."
        replies: [{verdict: pass, reason: It answers the question.}]
        output: [{type: answer-relevant, value: question}]

    Fails:
        inputs: {question: May I bring my dog?}
        answer: The office opens at 8.
        replies: [{verdict: fail, reason: It is about opening hours.}]
        output: [{type: answer-relevant, value: question}]
    """

    value: str | None = None

    def __post_init__(self) -> None:
        if self.value is not None:
            not_blank(self.value)

    @property
    def named(self) -> tuple[NamedPart, ...]:
        return named_inputs(self.value, {})

    def asks(self, subject: Subject) -> tuple[Question, ...]:
        return (self._question(subject),)

    def check(self, subject: Subject) -> Verdict:
        return judged_verdict(
            subject,
            self._question(subject),
            expected="an answer to all that was asked",
            opposite="an answer that leaves out something that was asked",
        )

    def _question(self, subject: Subject) -> Question:
        inputs = {
            "criterion": "The answer is about what was asked, and covers all of it.",
            "output": subject.whole,
            "request": question_of(subject.record, self.value, "/value"),
        }
        return judge_question(subject.record, "answer-relevant", inputs)
