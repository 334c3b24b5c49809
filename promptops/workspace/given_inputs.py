"""Parse inputs of a command line: `NAME=VALUE`, `NAME=@FILE`, or a JSON object."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from promptops.analysis.input_schemas import InputSchemas
from promptops.errors import InputError, UsageError, os_reason
from promptops.model.prompt import ForEach, MediaPart, Message, Prompt, Schema
from promptops.runtime.request.media import is_media, media_type_of_path, no_media

_TYPES: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    list: "array",
    dict: "object",
    type(None): "null",
}


def parse_inputs(
    schema: Schema, written: Sequence[str], directory: Path, media: Collection[str] = ()
) -> dict[str, Any]:
    """Inputs by name, converted to a type that the input schema accepts, if possible.

    A value is parsed as JSON if that gives an accepted type; otherwise it stays a string, so `7`
    and `{}` are strings for a string input. The input check reports values that fit no type.

    Args:
        written: `NAME=VALUE`; `NAME=@FILE` reads the value from a file in UTF-8, and `NAME=@@TEXT`
            is a string that begins with `@`.
        directory: What the paths of files are relative to.
        media: Inputs that are images, sounds or documents: the bytes of a file become base64, and
            a value must be base64, a `data:` URL or an address.

    Raises:
        UsageError: There is no `=`, or a name is given twice.
        InputError: A file can't be read, or the value of an input of `media` is something else.
    """
    schemas = InputSchemas(schema)
    found: dict[str, Any] = {}
    for argument in written:
        name, value = _given(schemas, argument, directory, media)
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


def media_inputs(prompt: Prompt) -> frozenset[str]:
    """The inputs that are images, sounds or documents of the messages."""
    turns = (turn.messages if isinstance(turn, ForEach) else (turn,) for turn in prompt.messages)
    messages = (each for turn in turns for each in turn if isinstance(each, Message))
    parts = (part for message in messages for part in message.parts)
    return frozenset(
        part.value for part in parts if isinstance(part, MediaPart) and part.origin == "input"
    )


def _given(
    schemas: InputSchemas, written: str, directory: Path, media: Collection[str]
) -> tuple[str, Any]:
    name, equals, value = written.partition("=")
    if not equals:
        raise UsageError(f"{written!r} has no value", hint="write --input NAME=VALUE")
    shape = schemas.at(name, ())
    if name in media:
        declared = (way.keyword_values("contentMediaType") for way in (shape.ways if shape else ()))
        return name, _media(name, value, directory, {kind for kinds in declared for kind in kinds})
    types = shape.types if shape is not None else frozenset[str]()
    try:
        return name, _coerced(_text(value, directory), types)
    except _NotText:
        if shape is None or not shape.declared:  # the input check reports the unknown name
            return name, value
        raise


def _media(name: str, value: str, directory: Path, declared: Collection[str]) -> str:
    """The base64 of a file, with its media type where the schema declares another one, or none."""
    if not value.startswith("@") or value.startswith("@@"):
        if value and not is_media(value):
            raise InputError(no_media(name), hint=f"for a file, write -i {name}=@FILE")
        return value
    data = base64.b64encode(_bytes(value[1:], directory)).decode()
    kind = media_type_of_path(value[1:])
    return data if kind is None or kind in declared else f"data:{kind};base64,{data}"


def _text(value: str, directory: Path) -> str:
    if value.startswith("@@"):
        return value[1:]
    if not value.startswith("@"):
        return value
    hint = f"for text that begins with `@`, write `@{value}`"
    try:
        return _bytes(value[1:], directory, hint).decode("utf-8")
    except UnicodeDecodeError:
        raise _NotText("not UTF-8", where=value[1:]) from None


class _NotText(InputError):
    """A file whose bytes are not text."""


def _bytes(file: str, directory: Path, hint: str | None = None) -> bytes:
    try:
        return Path(directory, file).read_bytes()
    except OSError as error:
        raise InputError(f"can't be read: {os_reason(error)}", where=file, hint=hint) from None


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
