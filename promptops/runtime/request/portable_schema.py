"""jsonschema with the interface of jsonschema-rs, for platforms without that package.

Keywords that could hang are replaced: RE2 matches patterns, and equal items are found by a key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from importlib import import_module
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, SchemaError, ValidationError
from jsonschema.validators import extend, validator_for
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]  # has no types
from referencing.exceptions import Unresolvable

from promptops.json_pointer import child, tokens, value_at
from promptops.records import record
from promptops.runtime.template.data import TooMuchWork

_FACT_NAMES: Mapping[str, str] = {
    "enum": "options",
    "const": "expected_value",
    "multipleOf": "multiple_of",
    "pattern": "pattern",
    "required": "property",
    "additionalProperties": "unexpected",
    "unevaluatedProperties": "unexpected",
    "not": "schema",
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), "limit"),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), "limit"),
    **dict.fromkeys(("minProperties", "maxProperties"), "limit"),
}
"""The names that jsonschema-rs uses in its errors for the value of a keyword."""

MAX_PARTS = 2_000
"""The largest number of parts of a schema; jsonschema checks them in about 0.5 s."""

_ALTERNATIVES = ("anyOf", "oneOf")


def portable_engine(schema: Any, *, formats: bool = False) -> PortableEngine:
    """Raises ValueError, with a reason of one line, for a schema that is invalid or could hang.

    With `formats`, the formats of strings are checked.
    """
    parts = list(islice(_parts(schema), MAX_PARTS + 1))
    if len(parts) > MAX_PARTS:
        raise ValueError(f"a schema of over {MAX_PARTS:,} parts needs {_NEEDED_ENGINE}")
    found = validator_for(schema, default=Draft202012Validator)
    try:
        found.check_schema(schema)
    except SchemaError as error:
        raise ValueError(error.message.partition("\n")[0]) from None
    checked: Any = extend(found, _KEYWORDS)  # type: ignore[no-untyped-call]  # its own
    checker = FormatChecker() if formats else None
    validator = checked(schema, registry=REGISTRY, format_checker=checker)
    for part in parts:
        _check_part(part, validator)
    return PortableEngine(validator, schema)


class PortableEngine:
    """A validator of jsonschema, with errors like those of jsonschema-rs."""

    def __init__(self, validator: Any, schema: Any) -> None:
        self._validator = validator
        self._schema = schema

    def is_valid(self, value: Any) -> bool:
        """Raises TooMuchWork for a schema that recurses without end at one value."""
        return next(self._errors(value), None) is None

    def iter_errors(self, value: Any) -> Iterator[PortableError]:
        """The errors one by one, in the order of the schema's keywords."""
        return (_error(error, self._schema) for error in self._errors(value))

    def _errors(self, value: Any) -> Iterator[ValidationError]:
        try:
            yield from self._validator.iter_errors(value)
        except RecursionError:
            raise TooMuchWork("it takes too long to check the value against its schema") from None
        except Unresolvable as error:
            raise ValueError(str(error)) from None


class ErrorKind:
    """The kind of an error, with its facts as attributes."""

    def __init__(self, name: str, facts: Mapping[str, Any]) -> None:
        self.name = name
        self._facts = facts

    def __getattr__(self, name: str) -> Any:
        try:
            return self._facts[name]
        except KeyError:
            raise AttributeError(name) from None

    def as_dict(self) -> dict[str, Any]:
        return dict(self._facts)


@record(frozen=True, slots=True, kw_only=True)
class PortableError:
    """One error, with the attributes of a jsonschema_rs.ValidationError."""

    kind: ErrorKind
    message: str
    instance: Any
    instance_path: list[str | int]
    schema_path: list[str | int]


def _error(error: ValidationError, schema: Any) -> PortableError:
    return PortableError(
        kind=_kind(error, schema),
        message=error.message,
        instance=error.instance,
        instance_path=list(error.absolute_path),
        schema_path=_located(schema, error.absolute_schema_path),
    )


def _kind(error: ValidationError, schema: Any) -> ErrorKind:
    name: Any = error.validator
    value: Any = error.validator_value
    if name is None:
        return ErrorKind("falseSchema", {})
    if name == "type":
        return ErrorKind(name, {"types": [value] if isinstance(value, str) else sorted(value)})
    if name == "dependentRequired":
        return ErrorKind("required", {"property": value})
    if name in _ALTERNATIVES:
        branches: list[list[PortableError]] = [[] for _ in value]
        for cause in error.context:
            branches[int(cause.schema_path[0])].append(_error(cause, schema))
        return ErrorKind(name, {"context": branches})
    return ErrorKind(str(name), {_FACT_NAMES[name]: value} if name in _FACT_NAMES else {})


def _located(schema: Any, path: Iterable[str | int]) -> list[str | int]:
    """The path of a keyword; the target of a local reference starts at the root."""
    found: list[str | int] = []
    here = schema
    for step in path:
        while isinstance(here, Mapping) and step not in here and "$ref" in here:
            pointer = str(here["$ref"]).partition("#")[2]
            found, here = [*tokens(pointer)], value_at(schema, pointer)
        found.append(step)
        here = child(here, str(step))
    return found


def _parts(schema: Any) -> Iterator[Mapping[str, Any]]:
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            yield part
            data = ("const", "default", "enum", "examples")
            waiting += [below for name, below in part.items() if name not in data]
        elif isinstance(part, list):
            waiting += part


def _check_part(part: Mapping[str, Any], validator: Any) -> None:
    """Raise ValueError for a part that would fail, or hang, when a value is checked."""
    patterns = part.get("patternProperties")
    names = [*patterns] if isinstance(patterns, Mapping) else []
    for pattern in (*names, part.get("pattern")):
        if isinstance(pattern, str):
            _compiled(pattern)
    if isinstance(part.get("$ref"), str):
        try:
            validator._resolver.lookup(part["$ref"])
        except Unresolvable as error:
            raise ValueError(f"`{error.ref}` is not found, and not fetched") from None


# Keywords that can't hang, with errors as jsonschema-rs has them

_NEEDED_ENGINE = "jsonschema-rs, which has no wheel for this platform"


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    re2: Any = import_module("re2")  # untyped: mypy would report it to users
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error:
        raise ValueError(f"the pattern `{pattern}` needs {_NEEDED_ENGINE}") from None


def _matches(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and not _compiled(pattern).search(value):
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
                if _compiled(pattern).search(name):
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
        if name not in known and not any(_compiled(pattern).search(name) for pattern in patterns)
    ]
    yield from _of_members(validator, part, value, others, "Additional")


def _of_members(
    validator: Any, part: Any, value: Any, names: list[str], kind: str
) -> Iterator[ValidationError]:
    """The errors of members to which no keyword for their names applies."""
    if part is False and names:
        message = f"{kind} properties are not allowed: {', '.join(names)}"
        yield ValidationError(message, validator_value=names)
    elif part is not False:
        for name in names:
            yield from validator.descend(value[name], part, path=name)


def _unevaluated(validator: Any, part: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(value, dict):
        return
    evaluated = _evaluated(validator, value, schema)
    others = [name for name in value if name not in evaluated]
    yield from _of_members(validator, part, value, others, "Unevaluated")


def _evaluated(validator: Any, value: dict[str, Any], schema: Any) -> set[str]:
    """The members that the other keywords of the schema evaluate."""
    if not isinstance(schema, Mapping):
        return set()
    patterns = schema.get("patternProperties", {})
    found = {name for name in value if any(_compiled(pattern).search(name) for pattern in patterns)}
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
    if unique and isinstance(value, list) and len(set(map(_json_key, value))) != len(value):
        yield ValidationError("the list has non-unique elements")


def _json_key(value: Any) -> str:
    """A key that is equal for values that are equal in JSON, such as 1 and 1.0."""
    return json.dumps(_with_equal_numbers(value), sort_keys=True)


def _with_equal_numbers(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _with_equal_numbers(item) for key, item in value.items()}
    return [_with_equal_numbers(item) for item in value] if isinstance(value, list) else value


_KEYWORDS: dict[str, Callable[..., Iterator[ValidationError]]] = {
    "pattern": _matches,
    "properties": _members,
    "patternProperties": _matching_members,
    "additionalProperties": _other_members,
    "unevaluatedProperties": _unevaluated,
    "required": _required,
    "dependentRequired": _required_beside,
    "uniqueItems": _unique,
}
