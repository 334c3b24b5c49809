"""llm-rubric."""

from __future__ import annotations

from promptops.evals.judge_replies import conversation, judge_question, judged_verdict
from promptops.evals.questions import Question
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.texts import not_blank
from promptops.evals.verdict import Verdict
from promptops.evals.wording import shown
from promptops.records import record


@assertion("llm-rubric", on=("answer",), judged=True)
@record(frozen=True, slots=True, kw_only=True)
class LlmRubric:
    """A model judges that the answer meets a criterion.

    This is a measure, in the score `quality` unless another one is named. With `must: true` it is a
    contract; then the judge has to agree with its anchors. `evaluation.judge` of the prompt names
    the judge: the id of one of your prompts, or a model for the built-in judge. Without it, the
    built-in judge uses the model that gave the answer.

    Attributes:
        value: The criterion, as a statement about the answer.

    Holds:
        answer: Hold the reset button for ten seconds.
        replies: [{verdict: pass, reason: It gives one concrete step.}]
        output: [{type: llm-rubric, value: The reply gives one concrete step.}]

    Fails:
        answer: Have you tried to fix it?
        replies: [{verdict: fail, reason: It only asks back.}]
        output: [{type: llm-rubric, value: The reply gives one concrete step.}]
    """

    value: str

    def __post_init__(self) -> None:
        not_blank(self.value)

    def asks(self, subject: Subject) -> tuple[Question, ...]:
        return (self._question(subject),)

    def check(self, subject: Subject) -> Verdict:
        return judged_verdict(
            subject,
            self._question(subject),
            expected=f"{shown(self.value)} to be true",
            opposite=f"{shown(self.value)} to be untrue",
        )

    def _question(self, subject: Subject) -> Question:
        inputs = {
            "criterion": self.value,
            "output": subject.whole,
            "request": conversation(subject.record),
        }
        return judge_question(subject.record, "rubric", inputs)
