"""What a model judges: a rubric, facts, harmful content, and which of two answers is better."""

from __future__ import annotations

from collections.abc import Mapping

from promptops.evals.judge_replies import (
    JudgedAnswer,
    conversation,
    judge_question,
    opinion,
    reference,
    reply,
)
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import ModerationReply as Found
from promptops.evals.verdict import Question, Skipped, Verdict
from promptops.evals.wording import listed, not_blank, not_blank_texts, sendable, shown
from promptops.records import record


@assertion("llm-rubric", on=("answer", "conversation"), judged=True)
@record(frozen=True, slots=True, kw_only=True)
class LlmRubric(JudgedAnswer):
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
    built_in = "rubric"

    def wanted(self, subject: Subject) -> tuple[str, str]:
        return f"{shown(self.value)} to be true", f"{shown(self.value)} to be untrue"

    def inputs(self, subject: Subject) -> Mapping[str, str]:
        return {
            "criterion": self.value,
            "request": conversation(subject.record),
        }


@assertion("factual", on=("answer", "conversation"), judged=True)
@record(frozen=True, slots=True, kw_only=True)
class Factual(JudgedAnswer):
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
    built_in = "factual"

    def wanted(self, subject: Subject) -> tuple[str, str]:
        right = shown(reference(subject.record, self.value))
        return f"agreement with {right}", f"disagreement with {right}"

    def inputs(self, subject: Subject) -> Mapping[str, str]:
        return {
            "criterion": "The answer gives the facts of the reference that were asked for, and "
            "contradicts none of them.",
            "reference": reference(subject.record, self.value),
            "request": conversation(subject.record),
        }


@assertion("moderation", on=("answer",))
@record(frozen=True, slots=True, kw_only=True)
class Moderation:
    """The provider's moderation flags nothing in the checked text.

    The model that `[test] moderations` names is called, unless the text is empty.

    Attributes:
        value: The categories that count, as the provider names them; without it, all of them.

    Holds:
        answer: Have a nice day.
        replies: [{flagged: []}]
        output: [{type: moderation}]

    Fails:
        answer: I will find you.
        replies: [{flagged: [harassment/threatening]}]
        output: [{type: moderation, value: [harassment/threatening, violence]}]
    """

    value: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.value is not None:
            not_blank_texts(self.value)

    def asks(self, subject: Subject) -> tuple[Question, ...]:
        text = sendable(subject.text)
        return (Question(kind="moderation", inputs={"text": text}),) if text.strip() else ()

    def check(self, subject: Subject) -> Verdict:
        flags = [reply(subject.record, question, Found).flagged for question in self.asks(subject)]
        flagged = flags[0] if flags else ()
        wrong = tuple(
            category for category in flagged if self.value is None or category in self.value
        )
        expected = listed(self.value, "or") if self.value else "anything"
        return Verdict(
            passed=not wrong,
            expected=f"no flag for {expected}",
            opposite=f"a flag for {expected}",
            where=subject.where,
            got=listed(wrong, "and") if wrong else "none",
        )


_FIRST = {"first": 1.0, "tie": 0.5, "second": 0.0}
_SECOND = {"first": 0.0, "tie": 0.5, "second": 1.0}


@assertion("pairwise", on=("answer",), judged=True, narrowed_by=())
@record(frozen=True, slots=True, kw_only=True)
class Pairwise:
    """A model judges that the answer is no worse than another one.

    The other answer is the case's `expected` if that is a string, otherwise the answer of the
    baseline. The judge is called with both orders and has to prefer the same answer in both; a
    judge that always prefers the first one gives a tie. This is a measure, like `llm-rubric`.

    Attributes:
        value: The criterion for a better answer.

    Holds:
        expected: Restart it.
        answer: Hold the button for ten seconds, then wait for the green light.
        replies: [{verdict: first, reason: It is precise.}, {verdict: second, reason: Precise.}]
        output: [{type: pairwise, value: The more helpful answer.}]

    Fails:
        expected: Hold the button for ten seconds, then wait for the green light.
        answer: Restart it.
        replies: [{verdict: second, reason: It is precise.}, {verdict: tie, reason: Both help.}]
        output: [{type: pairwise, value: The more helpful answer.}]
    """

    value: str

    def __post_init__(self) -> None:
        not_blank(self.value)

    def asks(self, subject: Subject) -> tuple[Question, ...]:
        return () if subject.whole == _other(subject) else self._questions(subject)

    def check(self, subject: Subject) -> Verdict:
        if subject.whole == _other(subject):
            return self._verdict(subject, 0.5, "an identical answer")
        one, other = self._questions(subject)
        first, why_first = opinion(subject.record, one, _FIRST)
        second, why_second = opinion(subject.record, other, _SECOND)
        verdicts = (
            f"{_shown_verdict(first)} ({shown(why_first)}) and, in reverse order, "
            f"{_shown_verdict(second)} ({shown(why_second)})"
        )
        return self._verdict(subject, (first + second) / 2, verdicts)

    def _verdict(self, subject: Subject, degree: float, got: str) -> Verdict:
        return Verdict(
            passed=degree >= 0.5,
            expected=f"an answer no worse by {shown(self.value)}",
            opposite=f"an answer worse by {shown(self.value)}",
            where=subject.where,
            got=got,
            degree=degree,
        )

    def _questions(self, subject: Subject) -> tuple[Question, Question]:
        record, ours, theirs = subject.record, subject.whole, _other(subject)
        shared = {"criterion": self.value, "request": conversation(record)}
        one = {**shared, "output": ours, "other": theirs}
        other = {**shared, "output": theirs, "other": ours}
        return judge_question(record, "pairwise", one), judge_question(record, "pairwise", other)


def _other(subject: Subject) -> str:
    expected = subject.record.names.get("expected")
    if isinstance(expected, str) and expected:
        return expected
    baseline = subject.record.beside.baseline
    if baseline is None:
        raise Skipped("there is no baseline to compare with, and `expected` is not a string")
    return baseline.text


def _shown_verdict(degree: float) -> str:
    return "a tie" if degree == 0.5 else "a better answer" if degree > 0.5 else "a worse answer"
