"""Parse inputs of a command line: `NAME=VALUE`, `NAME=@FILE`, or a JSON object."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from promptops.analysis.input_schemas import InputSchemas
from promptops.errors import InputError, UsageError, os_reason
from promptops.model.prompt import Schema

_TYPES: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    list: "array",
    dict: "object",
    type(None): "null",
}


def parse_inputs(schema: Schema, written: Sequence[str], directory: Path) -> dict[str, Any]:
    """Inputs by name, converted to a type that the input schema accepts, if possible.

    A value is parsed as JSON if that gives an accepted type; otherwise it stays a string, so `7`
    and `{}` are strings for a string input. The input check reports values that fit no type.

    Args:
        written: `NAME=VALUE`; `NAME=@FILE` reads the value from a file in UTF-8, and `NAME=@@TEXT`
            is a string that begins with `@`.
        directory: What the paths of files are relative to.

    Raises:
        UsageError: There is no `=`, or a name is given twice.
        InputError: A file can't be read.
    """
    schemas = InputSchemas(schema)
    found: dict[str, Any] = {}
    for argument in written:
        name, value = _given(schemas, argument, directory)
        if name in found:
            raise UsageError(f"`{name}` is given twice", hint="leave one out")
        found[name] = value
    return found


def read_input_object(file: str, directory: Path) -> dict[str, Any]:
    """Inputs by name from a file with a JSON object; raises InputError."""
    try:
        text = Path(directory, file).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError("not UTF-8", where=file) from None
    except OSError as error:
        raise InputError(f"can't be read: {os_reason(error)}", where=file) from None
    return parse_input_object(text, file)


def parse_input_object(text: str, where: str) -> dict[str, Any]:
    """Inputs by name from the text of a JSON object; raises InputError, also for equal names."""
    try:
        inputs = json.loads(text, object_pairs_hook=_distinct)
    except _Twice as twice:
        raise InputError(f"`{twice}` is given twice", where=where, hint="leave one out") from None
    except json.JSONDecodeError as error:
        at = f"{where}:{error.lineno}:{error.colno}"
        raise InputError("not JSON", where=at, hint=_OBJECT) from None
    except (ValueError, RecursionError):
        raise InputError("not JSON: a value is too large to read", where=where) from None
    if not isinstance(inputs, dict):
        raise InputError("not a JSON object", where=where, hint=_OBJECT)
    return inputs


_OBJECT = 'write {"NAME": VALUE}, or pass single inputs: -i NAME=VALUE'


class _Twice(Exception):
    """A key that an object has twice."""


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Twice(key)
        found[key] = value
    return found


def _given(schemas: InputSchemas, written: str, directory: Path) -> tuple[str, Any]:
    name, equals, value = written.partition("=")
    if not equals:
        raise UsageError(f"{written!r} has no value", hint="write --input NAME=VALUE")
    shape = schemas.at(name, ())
    types = shape.types if shape is not None else frozenset[str]()
    return name, _coerced(_text(value, directory), types)


def _text(value: str, directory: Path) -> str:
    if value.startswith("@@"):
        return value[1:]
    if not value.startswith("@"):
        return value
    hint = f"for text that begins with `@`, write `@{value}`"
    try:
        return Path(directory, value[1:]).read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise InputError("not UTF-8", where=value[1:]) from None
    except OSError as error:
        raise InputError(f"can't be read: {os_reason(error)}", where=value[1:], hint=hint) from None


def _coerced(text: str, types: frozenset[str]) -> Any:
    """Convert a value; `types` are those of JSON Schema, empty for any type."""
    for value in _json(text):
        if not types or _TYPES[type(value)] in types or "string" not in types:
            return value
    return text


def _json(text: str) -> Iterator[Any]:
    """The value if the text is JSON, else nothing."""
    try:
        yield json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
