"""Equality of JSON values; Python's `==` treats true and 1 as equal."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any


def equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal: 1 and 1.0 are, true and 1 are not."""
    return bool(one == other) and _alike(one, other)


def lookup_key(value: Any) -> Hashable:
    """A key that is the same for equal values; values with the same key may differ in booleans."""
    if isinstance(value, Mapping):
        return frozenset((key, lookup_key(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(lookup_key, value))
    return value if isinstance(value, Hashable) else repr(value)


def _alike(one: Any, other: Any) -> bool:
    """Whether two values that are equal in Python have booleans in the same places."""
    if isinstance(one, Mapping):
        return all(_alike(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple):
        return all(map(_alike, one, other))
    return isinstance(one, bool) is isinstance(other, bool)
