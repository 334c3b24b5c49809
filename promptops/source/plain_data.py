"""Whether a value is JSON data that every program can read, and not too much of it."""

from __future__ import annotations

from typing import Any

from promptops.runtime.template.data import MAX_EXACT_INTEGER

MAX_DEPTH = 50
MAX_NODES = 20_000
"""Items in one value; a list that appears in many places counts each time."""


def is_plain(value: Any) -> bool:
    """Whether it is JSON data of the standard types, with numbers that every program can read."""
    nodes, level = 0, [value]
    for _depth in range(MAX_DEPTH + 1):
        nodes += len(level)
        inner = _inside(level) if nodes <= MAX_NODES else None
        if not inner:
            return inner is not None
        level = inner
    return False


def _inside(level: list[Any]) -> list[Any] | None:
    """The items of the lists and objects among some values; None if a value is not plain."""
    inner: list[Any] = []
    for item in level:
        kind = type(item)
        if kind is str:
            if not (item.isascii() or _is_unicode(item)):
                return None
        elif kind is dict or kind is list:
            if kind is dict and not _has_plain_names(item):
                return None
            inner.extend(item if kind is list else item.values())
            if len(inner) > MAX_NODES:  # a list that contains another one many times
                return None
        elif not _is_scalar(kind, item):
            return None
    return inner


def _has_plain_names(value: dict[Any, Any]) -> bool:
    return set(map(type, value)) <= _STRING and _is_unicode("".join(value))


_STRING = frozenset((str,))


def _is_scalar(kind: type, value: Any) -> bool:
    if kind is int or kind is float:
        return bool(-MAX_EXACT_INTEGER <= value <= MAX_EXACT_INTEGER)
    return kind is bool or value is None


def _is_unicode(text: str) -> bool:
    """Whether it contains no half of a surrogate pair."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False
