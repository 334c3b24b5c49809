"""Questions to judges, and the evaluation of their replies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, TypeVar

from promptops.evals.subject import Record, Subject, as_json, text_of
from promptops.evals.verdict import (
    BUILT_IN,
    NoReply,
    Opinion,
    Question,
    Reply,
    Undecided,
    Unheard,
    Verdict,
    judge_name,
)
from promptops.evals.wording import listed, not_blank, sendable, shown
from promptops.patterns import lazy_pattern

R = TypeVar("R", bound=Reply)

PASSES: Mapping[str, float] = {"pass": 1.0, "fail": 0.0}
TEMPLATE = "one or two sentences that quote what decides"
"""The reason in the example of a reply that built-in judges get; small models repeat it."""

_CLOSING = lazy_pattern(r"[<＜﹤](?=[\s\u200b-\u200f\u2060\ufeff]*[/／])")


def judge_question(record: Record, built_in: str, inputs: Mapping[str, str]) -> Question:
    """A question to the judge that the prompt's `evaluation` names, otherwise to a built-in one.

    Untrusted text can't close the delimiters around it. If no model is named, a built-in judge uses
    the model that answered.
    """
    harmless = {name: sendable(_CLOSING.sub("&lt;", text)) for name, text in inputs.items()}
    if isinstance(record.judge, str):
        return Question(kind="judge", judge=record.judge, inputs=harmless)
    model = record.request.model if record.judge is None else record.judge
    named = {key: str(value) for key, value in model.items()}
    return Question(kind="judge", judge=f"{BUILT_IN}{built_in}", model=named, inputs=harmless)


def opinion(record: Record, question: Question, scale: Mapping[str, float]) -> tuple[float, str]:
    """The degree to which a judge agrees, 0 to 1, and its reason; raises Undecided.

    `scale` maps each verdict to its degree.
    """
    reply_ = reply(record, question, Opinion)
    if reply_.reason.strip(" .") == TEMPLATE:
        raise Undecided(f"{_who(question)} repeated the template of its reply")
    if reply_.verdict is None:
        if reply_.score is None:
            raise Undecided(f"{_who(question)} gave no verdict")
        return reply_.score, reply_.reason
    if reply_.verdict not in scale:
        verdicts = listed(tuple(scale), "or")
        message = f"{_who(question)} gave the verdict {shown(reply_.verdict)}, expected {verdicts}"
        raise Undecided(message)
    return scale[reply_.verdict], reply_.reason


class JudgedAnswer(ABC):
    """An assertion that asks a judge one question about an answer, to pass or to fail it.

    Attributes:
        value: What the assertion names; None if it can be left out.
        built_in: The name of the judge that is used if the prompt names none.
    """

    __slots__ = ()

    value: str | None
    built_in: ClassVar[str]

    def __post_init__(self) -> None:
        if self.value is not None:
            not_blank(self.value)

    @abstractmethod
    def inputs(self, subject: Subject) -> Mapping[str, str]:
        """The inputs of the judge beside the answer; raises Unjudgeable."""

    @abstractmethod
    def wanted(self, subject: Subject) -> tuple[str, str]:
        """What is expected of the answer, and the opposite, in words."""

    def asks(self, subject: Subject) -> tuple[Question, ...]:
        inputs = {"output": subject.whole, **self.inputs(subject)}
        return (judge_question(subject.record, self.built_in, inputs),)

    def check(self, subject: Subject) -> Verdict:
        expected, opposite = self.wanted(subject)
        degree, reason = opinion(subject.record, self.asks(subject)[0], PASSES)
        return Verdict(
            passed=degree >= 0.5,
            expected=expected,
            opposite=opposite,
            where=subject.where,
            got=f"the judge's {shown(reason)}",
            degree=degree,
        )


def reply(record: Record, question: Question, kind: type[R]) -> R:
    """The reply to a question; raises Undecided without one of this kind."""
    found = record.beside.replies.get(question.key)
    if isinstance(found, kind):
        return found
    if isinstance(found, NoReply):
        raise Unheard(f"{_who(question)} gave no answer: {found.reason}", found.lack)
    raise Undecided(f"{_who(question)} was not called")


def conversation(record: Record) -> str:
    """The messages of the request without system messages, each with its role."""
    turns = [m for m in record.messages if m.get("role") not in ("system", "developer")]
    return "\n\n".join(f"{turn.get('role')}: {text_of(turn.get('content'))}" for turn in turns)


def reference(record: Record, value: str | None) -> str:
    """The reference for an answer: the assertion's own text, otherwise the case's `expected`."""
    if value is not None:
        return value
    expected = record.names.get("expected")
    if expected in (None, "", [], {}):
        raise Undecided("there is nothing to compare with: set `value`, or the case's `expected`")
    return expected if isinstance(expected, str) else as_json(expected)


def _who(question: Question) -> str:
    if question.kind != "judge":
        return f"the {question.kind} endpoint"
    return judge_name(question.judge)
