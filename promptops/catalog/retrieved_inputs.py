"""Inputs of test cases that `evaluation.retrieve` returned, from the recordings of the prompt."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any

from promptops.model.answer import Recording
from promptops.model.prompt import Case, Prompt
from promptops.plurals import plural, series
from promptops.records import replace
from promptops.runtime.request.canonical import canonical_json
from promptops.source.plain_data import is_plain

_PREFIX = "retrieve "
_SHOWN = 3


def recorded_as(name: str) -> str:
    """The judge of the recordings of an input; ids of prompts contain no space."""
    return f"{_PREFIX}{name}"


def retrieved_name(judge: str) -> str | None:
    """The inverse: the input that a recording contains; None for an answer of a model."""
    return judge.removeprefix(_PREFIX) if judge.startswith(_PREFIX) else None


def functions_of(prompt: Prompt) -> Mapping[str, str]:
    """From each retrieved input to its function, `FILE:FUNCTION`, as written."""
    return prompt.evaluation.get("retrieve") or {}


def call_digest(function: str, inputs: Mapping[str, Any]) -> str:
    """The key of a recorded call, in place of the digest of a request.

    Raises ValueError and RecursionError for inputs that are not JSON.
    """
    return sha256(canonical_json(["retrieve", function, dict(inputs)]).encode()).hexdigest()


def wanted_inputs(prompt: Prompt, case: Case) -> Iterator[tuple[str, str]]:
    """The inputs that a case does not give itself, each with its function."""
    return (each for each in functions_of(prompt).items() if each[0] not in case.own_inputs)


def with_recorded_inputs(prompt: Prompt, recordings: Iterable[Recording]) -> Prompt:
    """The prompt whose cases have the recorded inputs."""
    known = {
        (recording.judge, recording.request): recording.answer.text
        for recording in recordings
        if retrieved_name(recording.judge) is not None
    }
    return replace(prompt, cases=tuple(_filled(prompt, case, known) for case in prompt.cases))


def _filled(prompt: Prompt, case: Case, known: Mapping[tuple[str, str], str]) -> Case:
    values: dict[str, Any] = {}
    missing: list[str] = []
    for name, function in wanted_inputs(prompt, case):
        try:
            digest = call_digest(function, case.own_inputs)
            values[name] = recorded_value(known[recorded_as(name), digest])
        except (KeyError, ValueError, RecursionError):
            missing.append(name)
    return with_inputs(replace(case, unrecorded=tuple(missing)), values)


def recorded_value(text: str) -> Any:
    """The value in a recording; raises ValueError and RecursionError for a damaged one."""
    value = json.loads(text)
    if not is_plain(value):
        raise ValueError("not JSON data, or too much of it")
    return value


def with_inputs(case: Case, values: Mapping[str, Any]) -> Case:
    """The case with more retrieved inputs."""
    return replace(
        case,
        inputs={**case.inputs, **values},
        retrieved=tuple(dict.fromkeys((*case.retrieved, *values))),
        unrecorded=tuple(name for name in case.unrecorded if name not in values),
    )


def unrecorded_reason(case: Case) -> str:
    """Why a case without recordings of its retrieved inputs can't be rendered."""
    names = series([f"`{name}`" for name in case.unrecorded], "and", _SHOWN)
    number = len(case.unrecorded)
    verb = "is" if number == 1 else "are"
    return f"the retrieved {plural(number, 'input')} {names} {verb} not recorded"
