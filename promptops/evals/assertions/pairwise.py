"""pairwise."""

from __future__ import annotations

from promptops.evals.judge_replies import conversation, judge_question, opinion
from promptops.evals.questions import Question
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.texts import not_blank
from promptops.evals.verdict import Skipped, Verdict
from promptops.evals.wording import shown
from promptops.records import record

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
