"""context-relevant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.evals.assertion_sets import check_threshold
from promptops.evals.judge_replies import PASSES, judge_question, opinion
from promptops.evals.questions import Question
from promptops.evals.registry import assertion
from promptops.evals.retrieved_passages import (
    checked_arguments,
    listed_ids,
    named_inputs,
    passages_of,
    question_of,
)
from promptops.evals.subject import Subject
from promptops.evals.texts import not_blank
from promptops.evals.verdict import NamedPart, Verdict
from promptops.evals.wording import shown
from promptops.plurals import counted
from promptops.records import field, record


@assertion("context-relevant", on=("answer",), narrowed_by=(), judged=True)
@record(frozen=True, slots=True, kw_only=True)
class ContextRelevant:
    """A model judges that the returned passages help to answer the question.

    The judge gets one question for each passage. The degree is the share of passages that help, and
    0 if nothing was returned. It needs no labels, unlike `precision`. This is a measure, like
    `llm-rubric`.

    Attributes:
        value: The name of the input that contains the passages, best first.
        threshold: The lowest share that passes; with `not-`, any lower one.
        arguments: `question`, the name of the input with the question, without it the conversation;
            `k`, the number of passages to judge; `id`, the key of the id in a passage.

    Holds:
        inputs: {question: How many days?, passages: [{id: P1, text: Everyone has 28 days.}]}
        answer: 28 days.
        replies: [{verdict: pass, reason: It states the number of days.}]
        output: [{type: context-relevant, value: passages, arguments: {question: question}}]

    Fails:
        inputs: {question: How many days?, passages: [{id: P1, text: Dogs are welcome.}]}
        answer: 28 days.
        replies: [{verdict: fail, reason: It is about dogs.}]
        output: [{type: context-relevant, value: passages, arguments: {question: question}}]
    """

    value: str
    threshold: float = 0.5
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        not_blank(self.value)
        check_threshold(self.threshold)
        checked_arguments(self.arguments, ("k", "id", "question"))

    @property
    def named(self) -> tuple[NamedPart, ...]:
        return named_inputs(self.value, self.arguments)

    def asks(self, subject: Subject) -> tuple[Question, ...]:
        return tuple(self._questions(subject).values())

    def check(self, subject: Subject) -> Verdict:
        found = {
            name: opinion(subject.record, question, PASSES)[0]
            for name, question in self._questions(subject).items()
        }
        useless = tuple(name for name, degree in found.items() if degree < 0.5)
        degree = 1 - len(useless) / len(found) if found else 0.0
        return Verdict(
            passed=degree >= self.threshold,
            expected=f"a share of at least {self.threshold:g} of passages that help to answer",
            opposite=f"a share below {self.threshold:g} of passages that help to answer",
            where=f"in the input {shown(self.value)}",
            got=f"{len(found) - len(useless)} of {counted(len(found), 'passage')}"
            + (f", without {listed_ids(useless)}" if useless else ""),
            degree=degree,
        )

    def _questions(self, subject: Subject) -> dict[str, Question]:
        """The question about each passage, by its id."""
        asked = question_of(subject.record, self.arguments.get("question"), "/arguments/question")
        criterion = "The passage helps to answer what was asked."
        shared = {"criterion": criterion, "request": asked}
        passages = passages_of(subject.record, self.value, self.arguments)
        return {
            passage.id: judge_question(
                subject.record, "context-relevant", {**shared, "output": passage.text}
            )
            for passage in passages
        }
