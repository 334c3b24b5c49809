"""Copy JSON data before a template receives it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from promptops.json_pointer import escaped

MAX_DATA_DEPTH = 100
MAX_DATA_ITEMS = 1_000_000
MAX_INTEGER_BITS = 4_096
MAX_EXACT_INTEGER = 2**53 - 1
"""Other languages do not read integers exactly beyond this limit, positive or negative."""

_MAX_DATA_BITS = 1_023  # the largest number that other programs can read
_AS_THEY_ARE = (bool, type(None))


class NotJson(Exception):
    """A value that is not JSON data.

    Attributes:
        pointer: JSON pointer to it.
        message: The problem: lower case, no full stop.
    """

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(message)
        self.pointer = pointer
        self.message = message


class TooMuchWork(ValueError):
    """Checking a value takes too long; the message is lower case, without a full stop."""


def json_copy(value: Any) -> Any:
    """A copy of JSON data that consists only of the standard types.

    A template never receives methods of the caller's objects, and the data can't change during
    rendering. Raises NotJson, also for a value that contains itself.
    """
    return Copier(_whole).of(value, 0)


def exact_copy(value: Any) -> Any:
    """Like `json_copy`, but rejects integers beyond 2^53, which other languages can't read."""
    return Copier(_exact).of(value, 0)


def exact_copier() -> Copier:
    """A function like `exact_copy` that counts the items of all its copies together."""
    return Copier(_exact)


class Copier:
    """Copies values.

    Attributes:
        left: How many items further copies may have.
    """

    __slots__ = ("left", "whole")

    def __init__(self, whole: Callable[[int], int]) -> None:
        self.whole = whole
        # A list that contains another list twice, and so on, is small but expands without end.
        self.left = MAX_DATA_ITEMS

    def of(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind is str:
            return value if value.isascii() else _text(value)
        if kind in _AS_THEY_ARE:
            return value
        if kind is int:
            return self.whole(value)
        if kind is dict or isinstance(value, Mapping):
            return self._object(value, depth)
        if isinstance(value, (list, tuple)):
            self._enter(value, depth)
            return [self._item(index, item, depth) for index, item in enumerate(value)]
        return self._scalar(value)

    def _enter(self, container: Any, depth: int) -> None:
        self.left -= len(container)
        if depth > MAX_DATA_DEPTH:
            raise NotJson("", "is nested too deep, or contains itself")
        if self.left < 0:
            raise NotJson("", f"has over {MAX_DATA_ITEMS:,} items")

    def _object(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        self._enter(value, depth)
        copied = {}
        for key, item in value.items():
            name = key if type(key) is str and key.isascii() else _key(key)
            # Most values of most inputs are plain text.
            plain = type(item) is str and item.isascii()
            copied[name] = item if plain else self._item(key, item, depth)
        return copied

    def _item(self, key: Any, item: Any, depth: int) -> Any:
        try:
            return self.of(item, depth + 1)
        except NotJson as error:
            raise NotJson(f"/{escaped(key)}{error.pointer}", error.message) from None

    def _scalar(self, value: Any) -> Any:
        """Strings and numbers as plain types, also for subclasses, such as a string enum."""
        if isinstance(value, str):
            return _text(value)
        if isinstance(value, int):
            return self.whole(int.__int__(value))
        if isinstance(value, float):
            return _finite(float.__float__(value))
        raise NotJson("", f"is {type(value).__name__}, which is not JSON data")


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise NotJson("", f"has a key of type {type(key).__name__} instead of a string")
    return _text(key)


def _text(value: str) -> str:
    plain = str.__str__(value)
    try:
        plain.encode()
    except UnicodeEncodeError:
        raise NotJson("", "contains half of a surrogate pair, which is not valid text") from None
    return plain


def _whole(value: int) -> int:
    if value.bit_length() > _MAX_DATA_BITS:
        raise NotJson("", "is a number of over 308 digits")
    return value


def _exact(value: int) -> int:
    if -MAX_EXACT_INTEGER <= value <= MAX_EXACT_INTEGER:
        return value
    _whole(value)
    message = f"is an integer beyond {MAX_EXACT_INTEGER}, which other languages can't read exactly"
    raise NotJson("", f"{message}: write it as a string")


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise NotJson("", f"is {value}, which is not a JSON number")
    return value
