"""abstains."""

from __future__ import annotations

from promptops.evals.judge_replies import judge_question, judged_verdict
from promptops.evals.questions import Question
from promptops.evals.registry import assertion
from promptops.evals.retrieved_passages import named_inputs, question_of
from promptops.evals.subject import Subject
from promptops.evals.texts import not_blank
from promptops.evals.verdict import NamedPart, Verdict
from promptops.records import record


@assertion("abstains", on=("answer",), judged=True)
@record(frozen=True, slots=True, kw_only=True)
class Abstains:
    """A model judges that the answer states that the context lacks the answer.

    An answer that states this and then answers anyway fails, too. Use it for questions that the
    passages do not answer, and `not-abstains` for those that they do. This is a measure, like
    `llm-rubric`. It differs from `refuses`, which searches for the phrases of a model that can't or
    won't comply.

    Attributes:
        value: The name of the input with the question; without it, the conversation is used.

    Holds:
        inputs: {question: May I bring my dog?}
        answer: The handbook does not mention dogs.
        replies: [{verdict: pass, reason: It names what is missing.}]
        output: [{type: abstains, value: question}]

    Fails:
        inputs: {question: May I bring my dog?}
        answer: The handbook does not mention dogs. Dogs are usually welcome.
        replies: [{verdict: fail, reason: It answers after all.}]
        output: [{type: abstains, value: question}]
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
            expected="an answer that only states that the context lacks it",
            opposite="an answer from the context",
        )

    def _question(self, subject: Subject) -> Question:
        inputs = {
            "criterion": "The answer states that the context does not contain what was asked, and "
            "states no answer instead.",
            "output": subject.whole,
            "request": question_of(subject.record, self.value, "/value"),
        }
        return judge_question(subject.record, "abstains", inputs)
