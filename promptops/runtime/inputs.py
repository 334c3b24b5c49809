"""The door for what callers pass: defaults applied, then checked against the inputs' schema."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from promptops.model.prompt import Schema
from promptops.runtime.values import NotJson, json_copy


@dataclass(frozen=True, slots=True)
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


class Inputs:
    """The inputs' schema, made ready once."""

    def __init__(self, schema: Schema) -> None:
        """Raises ValueError where the schema is none, or refers to what is not in it."""
        self._schema = schema
        self._properties: Mapping[str, Any] = schema.get("properties") or {}
        self._aliases = {
            alias: name
            for name, property_ in self._properties.items()
            if isinstance(property_, Mapping)
            for alias in property_.get("x-aliases") or ()
        }
        self._has_defaults = '"default"' in repr(schema).replace("'", '"')
        self._validator = validator(schema)

    def accept(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[InputProblem, ...]]:
        """The inputs as the templates see them, and what is wrong with them."""
        try:
            inputs: dict[str, Any] = json_copy(given)
        except NotJson as error:
            return {}, (InputProblem(error.pointer, _named(error.pointer, error.message)),)
        for alias in self._aliases.keys() & inputs.keys():
            inputs.setdefault(self._aliases[alias], inputs.pop(alias))
        if self._has_defaults:
            _fill(self._schema, inputs, self._schema, 0)
        if self._validator.is_valid(inputs):
            return inputs, ()
        return inputs, tuple(self._problems(inputs))

    def _problems(self, inputs: dict[str, Any]) -> Iterator[InputProblem]:
        for error in self._validator.iter_errors(inputs):
            yield from _explained(error, [*self._properties, *self._aliases])


def validator(schema: Schema) -> Any:
    """A validator that fetches nothing and whose patterns can't hang.

    Raises ValueError with jsonschema-rs's sentence.
    """
    import jsonschema_rs

    try:
        return jsonschema_rs.validator_for(
            dict(schema),
            retriever=_refuse,
            pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=100_000),
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        raise ValueError(str(error).partition("\n")[0]) from None


def _refuse(address: str) -> Any:
    raise ValueError(f"`{address}` is not fetched")


def _fill(schema: Any, value: Any, root: Schema, depth: int) -> None:
    """Put defaults where an object lacks a property, in place, and go on below."""
    schema = _followed(schema, root)
    if not isinstance(schema, Mapping) or depth > 50:
        return
    if isinstance(value, dict):
        for name, property_ in (schema.get("properties") or {}).items():
            resolved = _followed(property_, root)
            if name not in value and isinstance(resolved, Mapping) and "default" in resolved:
                value[name] = copy.deepcopy(resolved["default"])
            if name in value:
                _fill(resolved, value[name], root, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _fill(schema.get("items"), item, root, depth + 1)


def _followed(schema: Any, root: Schema) -> Any:
    """What a local `$ref` means; what stands beside it wins."""
    for _ in range(20):
        target = schema.get("$ref") if isinstance(schema, Mapping) else None
        if not isinstance(target, str) or not target.startswith("#/"):
            return schema
        found: Any = root
        for step in target[2:].split("/"):
            key = step.replace("~1", "/").replace("~0", "~")
            found = found.get(key) if isinstance(found, Mapping) else None
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**found, **beside} if isinstance(found, Mapping) else None
    return schema


def _explained(error: Any, names: list[str]) -> Iterator[InputProblem]:
    pointer = "".join(f"/{_escaped(step)}" for step in error.instance_path)
    facts = error.kind.as_dict()
    sentence = _SENTENCES.get(facts["name"])
    if facts["name"] == "required":
        missing = f"{_dotted(pointer)}.{facts['property']}".lstrip(".")
        yield InputProblem(pointer, f"`{missing}` is missing")
    elif facts["name"] in ("additionalProperties", "unevaluatedProperties"):
        for key in facts["unexpected"]:
            yield _unexpected(pointer, key, names)
    elif sentence is None:
        yield InputProblem(pointer, _named(pointer, str(error.message)))
    else:
        yield InputProblem(pointer, _named(pointer, sentence(facts, error.instance)))


def _unexpected(pointer: str, key: str, names: list[str]) -> InputProblem:
    near = get_close_matches(key, names, 1) if not pointer else []
    what = "an input" if not pointer else f"a key of `{_dotted(pointer)}`"
    hint = f"did you mean `{near[0]}`?" if near else None
    return InputProblem(f"{pointer}/{_escaped(key)}", f"`{key}` is not {what}", hint, key=True)


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
    "minLength": lambda facts, value: (
        f"must have at least {facts['limit']} characters, not {len(value)}"
    ),
    "maxLength": lambda facts, value: (
        f"must have at most {facts['limit']} characters, not {len(value)}"
    ),
    "minItems": lambda facts, value: f"must have at least {facts['limit']} items, not {len(value)}",
    "maxItems": lambda facts, value: f"must have at most {facts['limit']} items, not {len(value)}",
    "minimum": lambda facts, value: f"must be at least {facts['limit']}, not {value}",
    "maximum": lambda facts, value: f"must be at most {facts['limit']}, not {value}",
}


def _listed(options: Any) -> str:
    return ", ".join(f"`{option}`" for option in options)


def _named(pointer: str, sentence: str) -> str:
    name = _dotted(pointer)
    return f"`{name}` {sentence}" if name else sentence


def _dotted(pointer: str) -> str:
    return ".".join(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def _escaped(step: Any) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")
