"""Questions to judges, the evaluation of their replies, and the passages that a retriever found."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, ClassVar, TypeVar

from promptops.evals.subject import Record, Subject, as_json, text_of
from promptops.evals.verdict import (
    BUILT_IN,
    NamedPart,
    NoReply,
    Opinion,
    Question,
    Refused,
    Reply,
    Skipped,
    Undecided,
    Unheard,
    Unjudgeable,
    Verdict,
    judge_name,
)
from promptops.evals.wording import listed, not_blank, sendable, shown
from promptops.json_pointer import escaped
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.explain import type_name
from promptops.suggestions import did_you_mean

_HIGHEST_GRADE = 100
"""The gain of a passage is 2 to the power of its grade."""

_SHOWN = 5

_KINDS: Mapping[str, tuple[type, str]] = {
    "k": (int, "a whole number of at least 1"),
    "id": (str, "the key of a passage's id"),
    "pattern": (str, "an RE2 pattern with one group"),
    "none": (bool, "true or false"),
    "question": (str, "the name of an input"),
}


@record(frozen=True, slots=True)
class Passage:
    """A passage as the input contains it.

    Attributes:
        text: The whole passage: a string as it is, a mapping as JSON.
    """

    id: str
    text: str


def checked_arguments(arguments: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Raises Refused for an unknown argument, or one of a wrong type."""
    for key, value in arguments.items():
        at = f"/arguments/{escaped(str(key))}"
        if key not in known:
            hint = did_you_mean(str(key), known) or f"known here: {', '.join(known)}"
            raise Refused(f"`{key}` is not a key of `arguments`", hint=hint, at=at)
        kind, expected = _KINDS[key]
        fits = isinstance(value, kind) and isinstance(value, bool) == (kind is bool)
        if not fits or (kind is not bool and not value) or (kind is int and value < 1):
            raise Refused(f"expected {expected}, got {type_name(value)}", at=at)


class ReadsInputs:
    """An assertion that names an input of the case in `value`, and may in `arguments.question`."""

    __slots__ = ()

    value: str | None

    @property
    def named(self) -> tuple[NamedPart, ...]:
        """The inputs that it names."""
        question = getattr(self, "arguments", {}).get("question")
        written = ((self.value, "/value"), (question, "/arguments/question"))
        return tuple(NamedPart("input", name, at) for name, at in written if name)


def input_of(record: Record, name: str, at: str = "/value") -> Any:
    """The value of an input of the case; raises Unjudgeable if it is missing."""
    inputs = record.names["inputs"]
    if name not in inputs:
        hint = did_you_mean(name, inputs)
        raise Unjudgeable(f"the case has no input `{name}`" + (f": {hint}" if hint else ""), at)
    return inputs[name]


def question_of(record: Record, name: str | None, at: str) -> str:
    """The question that a case asks: an input, or without a name the conversation.

    Raises Unjudgeable if the case has no such input.
    """
    if name is None:
        return conversation(record)
    value = input_of(record, name, at)
    return value if isinstance(value, str) else as_json(value)


_OF_A_PASSAGE = 10_000  # in units of CaseWork


def passages_of(record: Record, name: str, arguments: Mapping[str, Any]) -> tuple[Passage, ...]:
    """The first `k` passages of an input, best first; an id that occurs again is left out.

    Raises Unjudgeable for an input that is not a list of passages.
    """
    value = input_of(record, name)
    if not isinstance(value, (list, tuple)):
        raise Unjudgeable(
            f"expected a list of passages in `{name}`, got {type_name(value)}", "/value"
        )
    record.work.count(_OF_A_PASSAGE * len(value))
    key = arguments.get("id", "id")
    found: dict[str, Passage] = {}
    for index, item in enumerate(value):
        passage = _passage(item, key, f"/{index} of `{name}`")
        found.setdefault(passage.id, passage)
    return tuple(found.values())[: arguments.get("k")]


def _passage(item: Any, key: str, where: str) -> Passage:
    """A passage is a mapping with an id, or a string or number that is the id itself."""
    if not isinstance(item, Mapping):
        return Passage(_id(item, where), str(item))
    if key not in item:
        keys = ", ".join(sorted(map(str, item))[:_SHOWN])
        hint = did_you_mean(key, map(str, item)) or (f"its keys: {keys}" if keys else "it is empty")
        message = f"the passage {where} has no `{key}`: {hint}"
        raise Unjudgeable(message, "/arguments/id" if key != "id" else "/value")
    return Passage(_id(item[key], where), as_json(item))


def _id(value: Any, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        raise Unjudgeable(f"expected an id at {where}, got {type_name(value)}")
    return str(value)


def grades_of(record: Record) -> Mapping[str, float]:
    """The relevant passages of the case, each with its grade above 0, from `expected.relevant`.

    Raises Undecided if the case has no labels or wrong ones, which is not the fault of the answer
    or the retriever, and Skipped if they name no relevant passage.
    """
    expected = record.names.get("expected")
    labels = expected.get("relevant") if isinstance(expected, Mapping) else None
    if labels is None:
        raise Undecided(
            "the case does not name its relevant passages: write `expected: {relevant: [ID, …]}`"
        )
    try:
        grades = {name: grade for name, grade in _labels(labels) if grade}
    except Unjudgeable as error:
        raise Undecided(error.message) from None
    if not grades:
        raise Skipped("no passage is relevant to this case")
    return grades


def _labels(labels: Any) -> Iterator[tuple[str, float]]:
    if isinstance(labels, Mapping):
        for name, grade in labels.items():
            number = isinstance(grade, (int, float)) and not isinstance(grade, bool)
            if not number or not isfinite(grade) or not 0 <= grade <= _HIGHEST_GRADE:
                expected = f"a grade from 0 to {_HIGHEST_GRADE}"
                where = f"/expected/relevant/{escaped(str(name))}"
                raise Unjudgeable(f"expected {expected} at {where}, got {type_name(grade)}")
            yield str(name), grade
    elif isinstance(labels, (list, tuple)):
        for index, name in enumerate(labels):
            yield _id(name, f"/expected/relevant/{index}"), 1.0
    else:
        wanted = "a list of ids, or a mapping from ids to grades"
        raise Unjudgeable(f"expected {wanted} at /expected/relevant, got {type_name(labels)}")


def listed_ids(ids: tuple[str, ...]) -> str:
    """Ids in a reason."""
    return listed(ids, "and") if ids else "no passage"


# Questions to judges, and the evaluation of their replies.

R = TypeVar("R", bound=Reply)

PASSES: Mapping[str, float] = {"pass": 1.0, "fail": 0.0}
TEMPLATE = "one or two sentences that quote what decides"
"""The reason in the example of a reply that built-in judges get; small models repeat it."""

_CLOSING = lazy_pattern(r"[<＜﹤](?=[\s\u200b-\u200f\u2060\ufeff]*[/／])")


def within_tags(text: str) -> str:
    """A text that can't close the tags around it, and that can be sent."""
    return sendable(_CLOSING.sub("&lt;", text))


def judge_question(record: Record, built_in: str, inputs: Mapping[str, str]) -> Question:
    """A question to the judge that the prompt's `evaluation` names, otherwise to a built-in one.

    Untrusted text can't close the delimiters around it. If no model is named, a built-in judge uses
    the model that answered.
    """
    harmless = {name: within_tags(text) for name, text in inputs.items()}
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
