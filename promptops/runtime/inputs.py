"""The door for what callers pass: defaults applied, then checked against the inputs' schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from promptops.model.prompt import Schema
from promptops.records import record, replace
from promptops.runtime.data import NotJson, escaped, json_copy
from promptops.runtime.defaults import defaults_of
from promptops.runtime.nearest import MAX_LOOKUPS, nearest_name
from promptops.runtime.schema_check import MAX_ERRORS, Error, message_of, shortened, validator
from promptops.runtime.schema_work import TooMuchWork


@record(frozen=True, slots=True)
class InputProblem:
    """One thing that is wrong with the inputs.

    Attributes:
        pointer: JSON pointer into the inputs: of the wrong value, or of what lacks one.
        key: The pointer's key is what is wrong, rather than its value.
    """

    pointer: str
    message: str
    hint: str | None = None
    key: bool = False


REFUSED = (InputProblem("", "the inputs are refused, whatever they hold"),)


class Inputs:
    """The inputs' schema, made ready once."""

    def __init__(self, schema: Schema) -> None:
        """Raises ValueError where the schema is none, or refers to what is not in it."""
        self._validator = validator(schema)
        self._properties: Mapping[str, Any] = schema.get("properties") or {}
        self._aliases = {
            str(alias): name
            for name, property_ in self._properties.items()
            if isinstance(property_, Mapping)
            for alias in property_.get("x-aliases") or ()
        }
        self._defaults = defaults_of(schema)

    def accept(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[InputProblem, ...]]:
        """The inputs as the templates see them, and what is wrong with them."""
        try:
            inputs: dict[str, Any] = json_copy(given)
        except NotJson as error:
            return {}, (InputProblem(error.pointer, _named(error.pointer, error.message)),)
        if type(inputs) is not dict:
            return {}, (InputProblem("", "the inputs must be an object with a value by name"),)
        for alias in self._aliases:
            if alias in inputs:
                inputs.setdefault(self._aliases[alias], inputs.pop(alias))
        try:
            if self._defaults is not None:
                self._defaults.fill(inputs)
            fits = self._validator.is_valid(inputs)
            return inputs, () if fits else _limited(self._problems(inputs)) or REFUSED
        except TooMuchWork as error:
            return inputs, (InputProblem("", str(error)),)
        except NotJson as error:
            message = (
                f"the default{f' at {error.pointer}' if error.pointer else ''} {error.message}"
            )
            return inputs, (InputProblem("", message),)

    def _problems(self, inputs: dict[str, Any]) -> Iterator[InputProblem]:
        names = [*self._properties, *self._aliases] if len(inputs) <= MAX_LOOKUPS else []
        for error in self._validator.errors(inputs):
            if error.kind.name == "falseSchema" and not error.instance_path:
                # A closed schema without properties: it names the value, and not where it stands.
                yield from (_unexpected("", key, names) for key in inputs)
            else:
                yield from _explained(error, names)


def _limited(problems: Iterator[InputProblem]) -> tuple[InputProblem, ...]:
    """The first problems, each with a message of limited length."""
    return tuple(
        replace(problem, message=shortened(problem.message))
        for problem in islice(problems, MAX_ERRORS)
    )


def _explained(error: Error, names: list[str]) -> Iterator[InputProblem]:
    pointer = "".join(f"/{escaped(step)}" for step in error.instance_path)
    kind, facts = error.kind.name, error.kind.as_dict()
    sentence = _SENTENCES.get(kind)
    if kind == "required":
        missing = f"{_dotted(pointer)}.{facts['property']}".lstrip(".")
        yield InputProblem(pointer, f"`{missing}` is missing")
    elif kind in ("additionalProperties", "unevaluatedProperties"):
        for key in facts["unexpected"]:
            yield _unexpected(pointer, key, names)
    elif sentence is None:
        yield InputProblem(pointer, _named(pointer, _shortened(f"is wrong: {message_of(error)}")))
    else:
        yield InputProblem(pointer, _named(pointer, sentence(facts, error.instance)))


def _shortened(sentence: str) -> str:
    """A message may quote all of a long value."""
    return shortened(sentence, 200)


def _unexpected(pointer: str, key: str, names: list[str]) -> InputProblem:
    near = nearest_name(key, names) if not pointer else None
    what = "an input" if not pointer else f"a key of `{_dotted(pointer)}`"
    hint = f"did you mean `{near}`?" if near is not None else None
    return InputProblem(f"{pointer}/{escaped(key)}", f"`{key}` is not {what}", hint, key=True)


_MAX_OPTIONS = 200
"""Of an `enum`: more don't fit into a message."""

_TYPES = {"string": "text", "object": "an object", "array": "a list", "null": "null"}
_TYPES |= {"integer": "a whole number", "number": "a number", "boolean": "true or false"}


def _of_type(value: Any) -> str:
    kinds = {bool: "boolean", str: "string", int: "number", float: "number", list: "array"}
    return _TYPES[kinds.get(type(value), "null" if value is None else "object")]


_SENTENCES: dict[str, Callable[[Mapping[str, Any], Any], str]] = {
    "type": lambda facts, value: (
        f"must be {' or '.join(_TYPES[t] for t in facts['types'])}, not {_of_type(value)}"
    ),
    "enum": lambda facts, value: f"must be one of {_listed(facts['options'])}",
    "const": lambda facts, value: f"must be {_listed([facts['expected_value']])}",
    "minLength": lambda facts, value: (
        f"must have at least {_counted(facts['limit'], 'character')}, not {len(value)}"
    ),
    "maxLength": lambda facts, value: (
        f"must have at most {_counted(facts['limit'], 'character')}, not {len(value)}"
    ),
    "pattern": lambda facts, value: (
        f"must match `{facts['pattern']}`"
        if "pattern" in facts
        else "takes too long to be matched against its pattern"
    ),
    "minItems": lambda facts, value: (
        f"must have at least {_counted(facts['limit'], 'item')}, not {len(value)}"
    ),
    "maxItems": lambda facts, value: (
        f"must have at most {_counted(facts['limit'], 'item')}, not {len(value)}"
    ),
    "uniqueItems": lambda facts, value: "must not hold the same item twice",
    "minimum": lambda facts, value: f"must be at least {facts['limit']}, not {value}",
    "maximum": lambda facts, value: f"must be at most {facts['limit']}, not {value}",
    "exclusiveMinimum": lambda facts, value: f"must be over {facts['limit']}, not {value}",
    "exclusiveMaximum": lambda facts, value: f"must be under {facts['limit']}, not {value}",
    "multipleOf": lambda facts, value: (
        f"must be a multiple of {facts['multiple_of']:g}, not {value}"
    ),
    "falseSchema": lambda facts, value: "is allowed no value",
}


def _counted(limit: int, what: str) -> str:
    return f"{limit} {what}" if limit == 1 else f"{limit:,} {what}s"


def _listed(options: Any) -> str:
    first = options[:_MAX_OPTIONS]
    texts = [o if isinstance(o, str) else json.dumps(o, ensure_ascii=False) for o in first]
    return _shortened(", ".join(f"`{text}`" for text in texts))


def _named(pointer: str, sentence: str) -> str:
    name = _dotted(pointer)
    return f"`{name}` {sentence}" if name else sentence


def _dotted(pointer: str) -> str:
    return ".".join(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
