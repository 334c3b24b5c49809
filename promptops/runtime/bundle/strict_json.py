"""Strict reading of untrusted JSON, with typed access to its values."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from promptops.patterns import lazy_pattern
from promptops.runtime.request.json_text import json_writer

T = TypeVar("T")

MAX_DEPTH = 200
"""Bundles are far below this limit: YAML and JSON Schemas are at most 50 deep."""
MAX_DIGITS = 400

_HALF_A_PAIR = lazy_pattern(r"(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]")
"""Canonical JSON never escapes characters beyond 16 bits, so an escaped half stands alone."""


class Misshapen(ValueError):
    """The data is not JSON, or JSON of another shape than expected."""


def read_json(data: bytes | str) -> Any:
    """Parse one JSON value: UTF-8, no duplicate keys, no number that other languages can't read.

    Raises Misshapen.
    """
    try:
        text = data if isinstance(data, str) else data.decode()
        value = _DECODER.decode(text)
    except (ValueError, RecursionError):
        raise Misshapen("this is not JSON") from None
    if "\\u" in text and _HALF_A_PAIR.search(text):
        raise Misshapen("half of a surrogate pair")
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_deep(value):
        raise Misshapen("nested too deep")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Misshapen("a key occurs twice")
    return found


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise Misshapen("a number of too many digits")
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise Misshapen("a number that is too large")
    return number


def _no_number(name: str) -> float:
    raise Misshapen(f"{name} is not a number")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole, parse_float=_fraction, parse_constant=_no_number
)


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            below
            for container in level
            for below in (container.values() if type(container) is dict else container)
            if type(below) in (dict, list)
        ]
        if not level:
            return False
    return True


class Fields:
    """A JSON object with typed access to its values.

    Each method raises Misshapen for a value of another type. For an optional value, a missing key
    means None.
    """

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        if type(value) is not dict:
            raise Misshapen("no object")
        self._value: dict[str, Any] = value

    def __contains__(self, name: str) -> bool:
        return name in self._value

    def __iter__(self) -> Iterator[str]:
        return iter(self._value)

    def text(self, name: str, default: str | None = None) -> str:
        return _typed(self._value.get(name, default), str)

    def optional_text(self, name: str) -> str | None:
        return self.text(name) if name in self._value else None

    def text_or_none(self, name: str) -> str | None:
        """A string, or null."""
        return self.text(name) if self._value.get(name, "") is not None else None

    def object(self, name: str) -> dict[str, Any]:
        """An object with any content."""
        return _typed(self._value.get(name), dict)

    def optional_number(self, name: str) -> int | None:
        return _typed(self._value[name], int) if name in self._value else None

    def flag(self, name: str) -> bool:
        return _typed(self._value.get(name, False), bool)

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(_typed(item, str) for item in self.items(name))

    def items(self, name: str) -> list[Any]:
        """A list; empty if it is missing."""
        return _typed(self._value.get(name, []), list)

    def objects(self, name: str, read: Callable[[Fields], T]) -> tuple[T, ...]:
        """The objects of a list, each converted by `read`."""
        return tuple(read(Fields(item)) for item in self.items(name))

    def one_of(self, name: str, known: tuple[T, ...], default: T | None = None) -> T:
        found = self._value.get(name, default)
        if found not in known:
            raise Misshapen(f"{name!r} is not one of {known}")
        return known[known.index(found)]

    def inner(self, name: str) -> Fields:
        """A nested object; empty if it is missing."""
        return Fields(self._value.get(name, {}))

    def json_value(self, name: str) -> Any:
        """JSON data that is stored as a string of JSON; None if it is missing."""
        return read_json(self.text(name)) if name in self._value else None

    def json_object(self, name: str) -> dict[str, Any]:
        """Like `json_value`, for an object; empty if it is missing."""
        return _typed(self.json_value(name), dict) if name in self._value else {}

    def json_objects(self, name: str) -> tuple[dict[str, Any], ...]:
        """Like `json_value`, for a list of objects."""
        found = _typed(self.json_value(name), list) if name in self._value else []
        return tuple(_typed(item, dict) for item in found)

    def optional_object(self, name: str) -> dict[str, Any] | None:
        return self.json_object(name) if name in self._value else None


def _typed(value: Any, kind: type[T]) -> T:
    if type(value) is not kind:
        raise Misshapen(f"not a {kind.__name__}")
    return value


def json_string(value: Any) -> str:
    """JSON data as a string of JSON, to preserve the order of keys and the spelling of numbers.

    A model fills in a schema in the order of its keys, and a template prints 1.0 and 1 differently;
    canonical JSON would sort the keys and write both numbers the same way.

    Raises ValueError for a value that is not JSON.
    """
    return _write(value)


_write = json_writer(sort_keys=False, allow_nan=False)
