"""Whether two JSON values are equal, because Python's `==` treats true and 1 as equal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def equal(one: Any, other: Any) -> bool:
    """1 and 1.0 are the same number; true and 1 are different values."""
    return bool(one == other) and _alike(one, other)


def _alike(one: Any, other: Any) -> bool:
    """Whether two values that Python treats as equal have no boolean in place of a number."""
    if isinstance(one, Mapping):
        return all(_alike(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple):
        return all(map(_alike, one, other))
    return isinstance(one, bool) is isinstance(other, bool)
