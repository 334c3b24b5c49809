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
    left = MAX_NODES

    def plain(each: Any, depth: int) -> bool:
        nonlocal left
        left -= 1
        if left < 0 or depth > MAX_DEPTH:
            return False
        kind = type(each)
        if kind is list:
            return all(plain(item, depth + 1) for item in each)
        if kind is dict:
            return all(type(name) is str and _is_unicode(name) for name in each) and all(
                plain(item, depth + 1) for item in each.values()
            )
        return _is_scalar(kind, each)

    return plain(value, 0)


def _is_scalar(kind: type, value: Any) -> bool:
    if kind is str:
        return _is_unicode(value)
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
