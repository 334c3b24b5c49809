"""Passages that a retriever found, in an input of the case, and the labels of relevant ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from promptops.evals.judge_replies import conversation
from promptops.evals.subject import Record, as_json
from promptops.evals.verdict import NamedPart, Refused, Skipped, Undecided, Unjudgeable
from promptops.evals.wording import listed
from promptops.json_pointer import escaped
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


def named_inputs(value: str | None, arguments: Mapping[str, Any]) -> tuple[NamedPart, ...]:
    """The inputs that an assertion names in `value` and in `arguments.question`."""
    written = ((value, "/value"), (arguments.get("question"), "/arguments/question"))
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
