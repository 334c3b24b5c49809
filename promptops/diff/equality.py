"""Whether two JSON values are the same, for which Python's `==` takes true for 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def equal(one: Any, other: Any) -> bool:
    """1 and 1.0 are the same number; true and 1 are not the same value."""
    return bool(one == other) and _alike(one, other)


def _alike(one: Any, other: Any) -> bool:
    """Of two values that Python takes for equal: no truth value stands beside a number."""
    if isinstance(one, Mapping):
        return all(_alike(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple):
        return all(map(_alike, one, other))
    return isinstance(one, bool) is isinstance(other, bool)
