"""Parse inputs of a command line: `NAME=VALUE` or `NAME=@FILE`."""

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
        UsageError: There is no `=`.
        InputError: A file can't be read.
    """
    schemas = InputSchemas(schema)
    return dict(_given(schemas, argument, directory) for argument in written)


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
