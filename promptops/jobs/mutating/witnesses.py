"""Answers that only a broken prompt allows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from promptops.analysis.schemas.inclusion import SchemaDifference
from promptops.evals.json_values import NOTHING, parsed
from promptops.jobs.mutating.edits import Witness
from promptops.json_pointer import tokens, with_part
from promptops.model.answer import Answer
from promptops.model.prompt import Schema
from promptops.records import replace
from promptops.runtime.request.schema_check import validator

Path = tuple[str | int, ...]
"""The way to a part of a JSON value."""


def schema_witness(found: SchemaDifference, weaker: Schema, schema: Schema) -> Witness:
    """A recorded answer with the differing part of the witness; else the witness itself."""
    lazy: list[Any] = []

    def proves(value: Any) -> bool:
        if not lazy:
            lazy.extend((validator(weaker), validator(schema)))
        try:
            return lazy[0].is_valid(value) and not lazy[1].is_valid(value)
        except ValueError:
            return False

    def witness(answer: Answer | None) -> Answer | None:
        recorded = parsed(answer.text) if answer is not None else NOTHING
        candidates = _merged(recorded, found) if recorded is not NOTHING else iter(())
        value = next(filter(proves, candidates), found.witness)
        return _with_text(answer, json.dumps(value, ensure_ascii=False))

    return witness


def _with_text(answer: Answer | None, text: str) -> Answer:
    return Answer(text=text) if answer is None else replace(answer, text=text)


def _merged(recorded: Any, found: SchemaDifference) -> Iterator[Any]:
    """The recorded value with one part replaced as in the witness, wherever that is possible."""
    for path in _paths(found.witness, tokens(found.pointer)):
        part = _part(found.witness, path)
        for at in _paths(recorded, tokens(found.pointer)):
            if found.keyword == "required" and isinstance(_part(recorded, at), Mapping):
                yield with_part(recorded, at, _without(_part(recorded, at), found.name))
            yield with_part(recorded, at, part)


def _paths(value: Any, schema_steps: list[str], at: Path = ()) -> Iterator[Path]:
    """The parts of a value that a pointer into its schema describes."""
    if not schema_steps:
        yield at
    elif schema_steps[0] == "properties" and len(schema_steps) > 1:
        name = schema_steps[1]
        if isinstance(value, Mapping) and name in value:
            yield from _paths(value[name], schema_steps[2:], (*at, name))
    elif schema_steps[0] == "items" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _paths(item, schema_steps[1:], (*at, index))
    elif schema_steps[0] in ("anyOf", "oneOf", "allOf") and len(schema_steps) > 1:
        yield from _paths(value, schema_steps[2:], at)


def _part(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def _without(value: Mapping[str, Any], name: str | None) -> dict[str, Any]:
    return {key: part for key, part in value.items() if key != name}


def call_witness(tool: str, argument: str | None = None) -> Witness:
    """A recorded answer without the calls of a tool, or without an argument of them.

    None for an answer without such a call.
    """

    def witness(answer: Answer | None) -> Answer | None:
        calls = answer.tool_calls if answer is not None else ()
        changed = tuple(_changed_calls(calls, tool, argument))
        if answer is None or changed == calls:
            return None
        return replace(answer, tool_calls=changed)

    return witness


def _changed_calls(
    calls: tuple[Mapping[str, Any], ...], tool: str, argument: str | None
) -> Iterator[Mapping[str, Any]]:
    for call in calls:
        arguments = call.get("arguments")
        if call.get("name") != tool:
            yield call
        elif argument is not None:
            changed = isinstance(arguments, Mapping) and _without(arguments, argument)
            yield call if changed is False else {**call, "arguments": changed}
