"""Keywords of JSON Schema for jsonschema that can't hang, with errors as jsonschema-rs has them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any

from jsonschema import ValidationError

NEEDED = "jsonschema-rs, which has no wheel for this platform"


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Any:
    re2: Any = import_module("re2")  # untyped: mypy would report it to users
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error:
        raise ValueError(f"the pattern `{pattern}` needs {NEEDED}") from None


def _matches(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and not compiled(pattern).search(value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _members(
    validator: Any, properties: Mapping[str, Any], value: Any, _schema: Any
) -> Iterator[ValidationError]:
    for name in (
        [known for known in properties if known in value] if isinstance(value, dict) else ()
    ):
        if properties[name] is False:
            yield ValidationError(
                f"False schema does not allow {value[name]!r}",
                validator="falseSchema",
                path=(name,),
                schema_path=(name,),
                instance=value[name],
            )
        else:
            yield from validator.descend(value[name], properties[name], name, name)


def _matching_members(
    validator: Any, patterns: Mapping[str, Any], value: Any, _schema: Any
) -> Iterator[ValidationError]:
    if isinstance(value, dict):
        for pattern, part in patterns.items():
            for name, member in value.items():
                if compiled(pattern).search(name):
                    yield from validator.descend(member, part, path=name, schema_path=pattern)


def _other_members(
    validator: Any, part: Any, value: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not isinstance(value, dict):
        return
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    others = [
        name
        for name in value
        if name not in known and not any(compiled(pattern).search(name) for pattern in patterns)
    ]
    if part is False and others:
        message = f"Additional properties are not allowed: {', '.join(others)}"
        yield ValidationError(message, validator_value=others)
    elif part is not False:
        for name in others:
            yield from validator.descend(value[name], part, path=name)


def _unevaluated(validator: Any, part: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(value, dict):
        return
    evaluated = _evaluated(validator, value, schema)
    others = [name for name in value if name not in evaluated]
    if part is False and others:
        message = f"Unevaluated properties are not allowed: {', '.join(others)}"
        yield ValidationError(message, validator_value=others)
    elif part is not False:
        for name in others:
            yield from validator.descend(value[name], part, path=name)


def _evaluated(validator: Any, value: dict[str, Any], schema: Any) -> set[str]:
    """The members that the other keywords of the schema evaluate."""
    if not isinstance(schema, Mapping):
        return set()
    patterns = schema.get("patternProperties", {})
    found = {name for name in value if any(compiled(pattern).search(name) for pattern in patterns)}
    found |= schema.get("properties", {}).keys() & value.keys()
    if "additionalProperties" in schema:
        return {*value}
    if "$ref" in schema:
        there = validator._resolver.lookup(schema["$ref"])
        below = validator.evolve(schema=there.contents, _resolver=there.resolver)
        found |= _evaluated_below(below, value)
    for part in _beside(validator, value, schema):
        found |= _evaluated_below(validator.evolve(schema=part), value)
    return found


def _evaluated_below(validator: Any, value: dict[str, Any]) -> set[str]:
    schema = validator.schema
    if isinstance(schema, Mapping) and "unevaluatedProperties" in schema:
        return {*value}
    return _evaluated(validator, value, schema)


def _beside(validator: Any, value: dict[str, Any], schema: Mapping[str, Any]) -> Iterator[Any]:
    """The schemas that apply to the same value and that it matches."""
    parts = [part for name in ("allOf", "anyOf", "oneOf") for part in schema.get(name, ())]
    dependent = schema.get("dependentSchemas", {})
    parts += [part for name, part in dependent.items() if name in value]
    if "if" in schema:
        holds = validator.evolve(schema=schema["if"]).is_valid(value)
        parts += [schema["if"]] if holds else []
        parts += [schema[name] for name in ["then" if holds else "else"] if name in schema]
    for part in parts:
        if validator.evolve(schema=part).is_valid(value):
            yield part


def _required(_validator: Any, names: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, dict):
        for name in (required for required in names if required not in value):
            yield ValidationError(f"{name!r} is a required property", validator_value=name)


def _required_beside(
    validator: Any, names: Mapping[str, Any], value: Any, schema: Any
) -> Iterator[ValidationError]:
    if isinstance(value, dict):
        for name in (known for known in names if known in value):
            yield from _required(validator, names[name], value, schema)


def _unique(_validator: Any, unique: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if unique and isinstance(value, list) and len(set(map(_key, value))) != len(value):
        yield ValidationError("the list has non-unique elements")


def _key(value: Any) -> str:
    """A key that is equal for values that are equal in JSON, such as 1 and 1.0."""
    return json.dumps(_even(value), sort_keys=True)


def _even(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _even(item) for key, item in value.items()}
    return [_even(item) for item in value] if isinstance(value, list) else value


KEYWORDS: dict[str, Callable[..., Iterator[ValidationError]]] = {
    "pattern": _matches,
    "properties": _members,
    "patternProperties": _matching_members,
    "additionalProperties": _other_members,
    "unevaluatedProperties": _unevaluated,
    "required": _required,
    "dependentRequired": _required_beside,
    "uniqueItems": _unique,
}
