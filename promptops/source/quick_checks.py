"""Functions shared by the generated checks in `source/generated/`, which can only accept.

A check reports only that a value certainly is valid. All other values are decided and explained by
jsonschema-rs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], bool]

MAX_DEPTH = 50
MAX_NODES = 20_000
"""Items in one value; a list that appears in many places counts each time."""
MAX_EXACT_INTEGER = 2**53 - 1


def always(_value: Any) -> bool:
    """The check of a value that may be anything."""
    return True


def never(_value: Any) -> bool:
    """The check of a value that must be absent."""
    return False


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


def members(value: dict[str, Any], known: Mapping[str, Check], other: Check) -> bool:
    """Whether all members of an object are valid: known names by their check, others by `other`."""
    return all(known.get(name, other)(item) for name, item in value.items())


def members_or_own(value: dict[str, Any], known: Mapping[str, Check], other: Check) -> bool:
    """The same, but names that begin with `x-` belong to the user."""
    return all(
        known.get(name, always if name.startswith("x-") else other)(item)
        for name, item in value.items()
    )


def distinct(value: list[Any]) -> bool:
    """Whether no item appears twice; certain for strings only."""
    return all(type(item) is str for item in value) and len(set(value)) == len(value)


def same(value: Any, option: Any) -> bool:
    """Whether two scalars are the same JSON value; 1 and true are not."""
    return type(value) is type(option) and value == option
