"""`channels.yaml`: the release of each channel; parsed, and edited without reformatting."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from promptops.errors import InputError
from promptops.json_pointer import escaped
from promptops.model.config import CHANNELS_FILE
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.runtime.loading.site import CANARY, CANARY_HINT, MISSHAPEN, CanaryRefused, pointer_of
from promptops.runtime.loading.source import Pointer, wrong_name
from promptops.source.document import Document, read_any
from promptops.source.values import plain_value

PATH = CHANNELS_FILE
HEAD = "# The release that each channel serves; see `git log` of this file for the history.\n"
_LOOK = f"run `promptops lint {PATH}` to see what is wrong"
_PLAIN = lazy_pattern(r"[A-Za-z][A-Za-z0-9._/-]*|[0-9]+|sha256:[0-9a-f]{64}")
_YAML_1_1_BOOLEANS = ("y", "n", "yes", "no", "on", "off")

_Edit = tuple[int, int, str]
"""Start offset, end offset, and the new text in between."""


def read_channels(data: bytes) -> Mapping[str, Pointer]:
    """The release of each channel, in the order of the file.

    Raises InputError for an invalid file or entry.
    """
    document = _document(data)
    return {name: _pointer(document, name, entry) for name, entry in _entries(document).items()}


def channel_entries(data: bytes) -> Mapping[str, Any]:
    """The entries of the file by channel, unchecked; raises InputError for an invalid file."""
    return _entries(_document(data))


def with_channel(data: bytes, name: str, pointer: Pointer) -> bytes:
    """The file in which one channel serves `pointer`; its digest must be known.

    Comments, order, other keys and line endings are unchanged. A new channel is added at the end.

    Raises InputError for an invalid file, or one whose layout can't be edited safely.
    """
    document = _document(data)
    found = _entries(document)
    values: dict[str, Any] = {
        "release": pointer.release,
        "bundle": f"sha256:{pointer.digest}",
        "serial": pointer.serial,
    }
    for other, entry in found.items():
        _pointer(document, other, entry)
    if name in found:
        text = _apply_edits(document.text, _edits(document, name, values))
    else:
        text = _appended(document.text or HEAD, name, values)
    expected = {**found, name: {**found.get(name, {}), **values}}
    again = read_any(PATH, text.encode())
    if again.problems or again.value != expected:
        place = document.place(f"/{escaped(name)}", True)
        hint = "write each channel as a block of lines"
        raise InputError(f"`{name}` can't be changed as it is written", where=str(place), hint=hint)
    return text.replace("\n", "\r\n" if b"\r\n" in data else "\n").encode()


def _document(data: bytes) -> Document:
    document = read_any(PATH, data)
    problem = next(iter(document.problems), None)
    if problem is not None and _has_content(document.text):
        where = str(problem.at) if isinstance(problem.at, Place) else PATH
        raise InputError(problem.message, where=where, hint=problem.hint)
    return document


def _has_content(text: str) -> bool:
    """Whether there is more than comments: YAML reads a file of comments as empty."""
    lines = (line.strip() for line in text.split("\n"))
    return any(line and not line.startswith("#") for line in lines)


def _entries(document: Document) -> Mapping[str, Any]:
    if document.value is not None and not isinstance(document.value, dict):
        raise InputError("expected a mapping from channels to releases", where=PATH, hint=_LOOK)
    return document.value or {}


def _pointer(document: Document, name: str, entry: Any) -> Pointer:
    problem = wrong_name(name)
    if problem is not None:
        message = f"`{name}` can't be the name of a channel: {problem}"
        raise InputError(message, where=PATH, hint="give it another name")
    try:
        return pointer_of(entry)
    except CanaryRefused as error:
        place = document.place(f"/{escaped(name)}/{CANARY}", True)
        raise InputError(str(error), where=str(place), hint=CANARY_HINT) from None
    except MISSHAPEN:
        message = f"`{name}` must set `release` and `serial`"
        raise InputError(message, where=PATH, hint=_LOOK) from None


def _edits(document: Document, name: str, values: Mapping[str, Any]) -> Iterator[_Edit]:
    at = f"/{escaped(name)}"
    for key, value in values.items():
        if key in document.value[name]:
            start, end = _offsets(document.text, document.place(f"{at}/{key}"))
            quote = document.text[start] if document.text[start] in "'\"" else ""
            yield start, end, _scalar(value, quote)
        else:
            yield _added_key(document, at, key, value)


def _added_key(document: Document, at: str, key: str, value: Any) -> _Edit:
    """Add a key after `release`: inside the braces, or on its own line."""
    text = document.text
    start, _ = _offsets(text, document.place(at))
    _, end = _offsets(text, document.place(f"{at}/release"))
    written = f"{key}: {_scalar(value)}"
    if text[start] == "{":
        return end, end, f", {written}"
    margin = " " * (document.place(f"{at}/release", True).column - 1)
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    return line_end, line_end, f"\n{margin}{written}"


def _appended(text: str, name: str, values: Mapping[str, Any]) -> str:
    lines = [f"{_scalar(name)}:", *(f"  {key}: {_scalar(value)}" for key, value in values.items())]
    separator = "" if text.endswith("\n") else "\n"
    return text + separator + "\n".join((*lines, ""))


def _scalar(value: Any, quote: str = "") -> str:
    """A YAML scalar that every YAML parser reads as the same value."""
    text = str(value)
    is_same = plain_value(text) == value and text.lower() not in _YAML_1_1_BOOLEANS
    if not is_same or not _PLAIN.fullmatch(text):
        return json.dumps(text, ensure_ascii=False)
    return f"{quote}{text}{quote}" if isinstance(value, str) else text


def _offsets(text: str, place: Place) -> tuple[int, int]:
    lines = text.split("\n")

    def offset(line: int, column: int) -> int:
        return sum(len(earlier) + 1 for earlier in lines[: line - 1]) + column - 1

    return offset(place.line, place.column), offset(place.end_line, place.end_column)


def _apply_edits(text: str, edits: Iterator[_Edit]) -> str:
    for start, end, written in sorted(edits, reverse=True):
        text = text[:start] + written + text[end:]
    return text
