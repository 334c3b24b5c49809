"""Caches for function results with a size limit, so that memory use is bounded.

Each cache has its own size in bytes; the number of entries is set for the whole process.
"""

from __future__ import annotations

from collections.abc import Callable, Sized
from functools import wraps
from threading import Lock
from typing import Any, Protocol, TypeVar

V = TypeVar("V")

ENTRIES_OF_A_RUN = 4_096
"""The entries of each cache in a process that runs one command."""

ENTRIES_OF_A_SERVICE = 256
"""The same for a long-running process: each edit of a file leaves old templates in the cache."""


class Decorator(Protocol):
    """Adds a cache to a function of one string."""

    def __call__(self, function: Callable[[str], V], /) -> Callable[[str], V]: ...


class _Bound:
    entries = ENTRIES_OF_A_RUN


def limit_entries(entries: int) -> int:
    """Set how many results each cache of this process may hold; returns the previous number.

    A cache that holds more drops the oldest when it next stores one.
    """
    before, _Bound.entries = _Bound.entries, entries
    return before


def usual_bytes(source: str, result: object) -> int:
    """The size of a string with its result."""
    return 100 + 2 * len(source) + 150 * (len(result) if isinstance(result, Sized) else 0)


def cached_by_size(max_bytes: int, size: Callable[[str, Any], int] = usual_bytes) -> Decorator:
    """Cache results by their string; the oldest are dropped when all exceed a size in bytes.

    The size is an estimate, so results are also dropped when there are more than `limit_entries`
    allows.

    Exceptions are not cached. Can be shared between threads.
    """

    def decorate(function: Callable[[str], V]) -> Callable[[str], V]:
        known: dict[str, V] = {}
        sizes: dict[str, int] = {}
        lock = Lock()
        used = 0

        @wraps(function)
        def remembered(source: str) -> V:
            found: Any = known.get(source, known)
            if found is not known:
                result: V = found
                return result
            result = function(source)
            with lock:
                remember(source, result)
            return result

        def remember(source: str, result: V) -> None:
            nonlocal used
            used -= sizes.pop(source, 0)
            known.pop(source, None)
            known[source] = result
            sizes[source] = size(source, result)
            used += sizes[source]
            while (used > max_bytes or len(known) > _Bound.entries) and len(known) > 1:
                oldest = next(iter(known))
                del known[oldest]
                used -= sizes.pop(oldest)

        return remembered

    return decorate
