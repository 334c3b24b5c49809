"""grounded."""

from __future__ import annotations

from promptops.evals.judge_replies import conversation, judge_question, judged_verdict
from promptops.evals.questions import Question
from promptops.evals.record import Record
from promptops.evals.registry import assertion
from promptops.evals.retrieved_passages import input_of
from promptops.evals.subject import Subject, as_json
from promptops.evals.texts import not_blank
from promptops.evals.verdict import NamedPart, Unjudgeable, Verdict
from promptops.evals.wording import shown
from promptops.records import record


@assertion("grounded", on=("answer",), judged=True)
@record(frozen=True, slots=True, kw_only=True)
class Grounded:
    """A model judges that the context supports every statement of the answer.

    A true statement that is not in the context fails, too. This is a measure, like `llm-rubric`.

    Attributes:
        value: The name of the input that contains the context; a value other than a string is
            passed to the judge as JSON.

    Holds:
        inputs: {passages: The hub pairs with up to eight cameras.}
        answer: Eight cameras at most.
        replies: [{verdict: pass, reason: The context says eight.}]
        output: [{type: grounded, value: passages}]

    Fails:
        inputs: {passages: The hub pairs with up to eight cameras.}
        answer: Eight cameras, and two doorbells.
        replies: [{verdict: fail, reason: The context has no doorbells.}]
        output: [{type: grounded, value: passages}]
    """

    value: str

    def __post_init__(self) -> None:
        not_blank(self.value)

    @property
    def named(self) -> tuple[NamedPart, ...]:
        return (NamedPart("input", self.value, "/value"),)

    def asks(self, subject: Subject) -> tuple[Question, ...]:
        return (self._question(subject),)

    def check(self, subject: Subject) -> Verdict:
        return judged_verdict(
            subject,
            self._question(subject),
            expected=f"only facts from the input {shown(self.value)}",
            opposite=f"a fact that is not in the input {shown(self.value)}",
        )

    def _question(self, subject: Subject) -> Question:
        inputs = {
            "criterion": "All that the answer states as a fact stands in the context, or follows "
            "from it directly.",
            "context": self._context(subject.record),
            "output": subject.whole,
            "request": conversation(subject.record),
        }
        return judge_question(subject.record, "grounded", inputs)

    def _context(self, record: Record) -> str:
        context = input_of(record, self.value)
        if not context:
            raise Unjudgeable(f"the input `{self.value}` is empty", "/value")
        return context if isinstance(context, str) else as_json(context)
