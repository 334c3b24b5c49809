"""Messages about invalid inputs; imported only for inputs that do not match their schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from promptops.json_pointer import escaped, pointer_to
from promptops.model.prompt import Schema
from promptops.plurals import counted, some
from promptops.records import replace
from promptops.runtime.request.inputs import InputProblem, dotted, sentence_about
from promptops.runtime.request.schema_check import (
    MAX_ERRORS,
    Error,
    Validator,
    message_of,
    shortened,
)
from promptops.suggestions import MAX_LOOKUPS, LimitedLookups

Near = Callable[[str], str | None]
"""From an unknown name to a hint with the nearest input, if there is one."""

REFUSED = (InputProblem("", "the schema rejects all inputs"),)


def input_problems(
    validator: Validator, inputs: dict[str, Any], names: list[str], lookups: LimitedLookups
) -> tuple[InputProblem, ...]:
    """The first problems of invalid inputs, each with a message of limited length.

    `names` are the inputs that the schema declares, `lookups` finds the nearest of them. Raises
    TooMuchWork.
    """
    known = names if len(inputs) <= MAX_LOOKUPS else []

    def near(key: str) -> str | None:
        return lookups.did_you_mean(key, known) if known else None

    return (
        tuple(
            replace(problem, message=shortened(problem.message))
            for problem in islice(_problems(validator, inputs, near), MAX_ERRORS)
        )
        or REFUSED
    )


def hint_about(problems: Sequence[InputProblem], schema: Schema) -> str | None:
    """The fix for the first problem that has one, or the names of all inputs if one is unknown."""
    hint = next((problem.hint for problem in problems if problem.hint), None)
    is_unknown = any(problem.key and problem.pointer.count("/") == 1 for problem in problems)
    if hint or not is_unknown:
        return hint
    names = [f"`{name}`" for name in schema.get("properties") or ()]
    if not names:
        return "the prompt has no inputs"
    return f"the {'inputs are' if names[1:] else 'only input is'} {some(names, _MAX_NAMES)}"


_MAX_NAMES = 10


def _problems(validator: Validator, inputs: dict[str, Any], near: Near) -> Iterator[InputProblem]:
    for error in validator.errors(inputs):
        if error.kind.name == "falseSchema" and not error.instance_path:
            # A closed schema without properties: the error names the value, but not its key.
            yield from (_unexpected("", key, near) for key in inputs)
        else:
            yield from _explained(error, near)


def _explained(error: Error, near: Near) -> Iterator[InputProblem]:
    pointer = pointer_to(error.instance_path)
    kind, facts = error.kind.name, error.kind.as_dict()
    sentence = _SENTENCES.get(kind)
    if kind == "required":
        key = facts["property"]
        name = f"{dotted(pointer)}.{key}".lstrip(".")
        yield InputProblem(pointer, f"`{name}` is missing", missing=key)
    elif kind in ("additionalProperties", "unevaluatedProperties"):
        for key in facts["unexpected"]:
            yield _unexpected(pointer, key, near)
    elif sentence is None:
        yield InputProblem(
            pointer, sentence_about(pointer, _shortened(f"is wrong: {message_of(error)}"))
        )
    else:
        yield InputProblem(pointer, sentence_about(pointer, sentence(facts, error.instance)))


def _shortened(sentence: str) -> str:
    """Limits the length, because a message may quote a long value."""
    return shortened(sentence, 200)


def _unexpected(pointer: str, key: str, near: Near) -> InputProblem:
    hint = near(key) if not pointer else None
    what = "an input" if not pointer else f"a key of `{dotted(pointer)}`"
    return InputProblem(f"{pointer}/{escaped(key)}", f"`{key}` is not {what}", hint, key=True)


_MAX_OPTIONS = 200
"""Options of an `enum` in a message; more don't fit."""

TYPE_PHRASES = {"string": "a string", "object": "an object", "array": "a list", "null": "null"}
TYPE_PHRASES |= {"integer": "a whole number", "number": "a number", "boolean": "true or false"}


def _of_type(value: Any) -> str:
    kinds = {bool: "boolean", str: "string", int: "number", float: "number", list: "array"}
    return TYPE_PHRASES[kinds.get(type(value), "null" if value is None else "object")]


_SENTENCES: dict[str, Callable[[Mapping[str, Any], Any], str]] = {
    "type": lambda facts, value: (
        f"must be {' or '.join(TYPE_PHRASES[t] for t in facts['types'])}, not {_of_type(value)}"
    ),
    "enum": lambda facts, value: (
        f"must be one of {_listed(facts['options'])}"
        if facts["options"]
        else "can have no value: its `enum` is empty"
    ),
    "const": lambda facts, value: f"must be {_listed([facts['expected_value']])}",
    "minLength": lambda facts, value: (
        f"must have at least {counted(facts['limit'], 'character')}, not {len(value)}"
    ),
    "maxLength": lambda facts, value: (
        f"must have at most {counted(facts['limit'], 'character')}, not {len(value)}"
    ),
    "pattern": lambda facts, value: (
        f"must match `{facts['pattern']}`"
        if "pattern" in facts
        else "takes too long to match against its pattern"
    ),
    "minItems": lambda facts, value: (
        f"must have at least {counted(facts['limit'], 'item')}, not {len(value)}"
    ),
    "maxItems": lambda facts, value: (
        f"must have at most {counted(facts['limit'], 'item')}, not {len(value)}"
    ),
    "uniqueItems": lambda facts, value: "must not contain the same item twice",
    "minimum": lambda facts, value: f"must be at least {facts['limit']}, not {value}",
    "maximum": lambda facts, value: f"must be at most {facts['limit']}, not {value}",
    "exclusiveMinimum": lambda facts, value: f"must be over {facts['limit']}, not {value}",
    "exclusiveMaximum": lambda facts, value: f"must be under {facts['limit']}, not {value}",
    "multipleOf": lambda facts, value: (
        f"must be a multiple of {facts['multiple_of']:g}, not {value}"
    ),
    "falseSchema": lambda facts, value: "must be omitted: its schema accepts no value",
}


def _listed(options: Any) -> str:
    first = options[:_MAX_OPTIONS]
    texts = [o if isinstance(o, str) else json.dumps(o, ensure_ascii=False) for o in first]
    return _shortened(", ".join(f"`{text}`" for text in texts))
