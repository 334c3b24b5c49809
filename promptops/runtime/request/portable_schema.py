"""jsonschema with the interface of jsonschema-rs, for platforms without that package.

Keywords that could hang are replaced (`portable_keywords`): RE2 matches patterns, and equal items
are found by a key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, SchemaError, ValidationError
from jsonschema.validators import extend, validator_for
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]
from referencing.exceptions import Unresolvable

from promptops.json_pointer import child, tokens, value_at
from promptops.records import record
from promptops.runtime.request.portable_keywords import KEYWORDS, NEEDED, compiled
from promptops.runtime.template.data import TooMuchWork

_FACTS: Mapping[str, str] = {
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
        raise ValueError(f"a schema of over {MAX_PARTS:,} parts needs {NEEDED}")
    found = validator_for(schema, default=Draft202012Validator)
    try:
        found.check_schema(schema)
    except SchemaError as error:
        raise ValueError(error.message.partition("\n")[0]) from None
    checked: Any = extend(found, KEYWORDS)  # type: ignore[no-untyped-call]
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
    return ErrorKind(str(name), {_FACTS[name]: value} if name in _FACTS else {})


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
            compiled(pattern)
    if isinstance(part.get("$ref"), str):
        try:
            validator._resolver.lookup(part["$ref"])
        except Unresolvable as error:
            raise ValueError(f"`{error.ref}` is not found, and not fetched") from None
