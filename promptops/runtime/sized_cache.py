"""Results of a function, remembered up to a size, so that no process grows with what it reads."""

from __future__ import annotations

from collections.abc import Callable, Sized
from functools import wraps
from threading import Lock
from typing import Any, Protocol, TypeVar

V = TypeVar("V")


class Decorator(Protocol):
    """Gives a function of one string a memory."""

    def __call__(self, function: Callable[[str], V], /) -> Callable[[str], V]: ...


def usual_bytes(source: str, result: object) -> int:
    """The size of a string with what was found in it."""
    return 100 + 2 * len(source) + 150 * (len(result) if isinstance(result, Sized) else 0)


def cached_by_size(max_bytes: int, size: Callable[[str, Any], int] = usual_bytes) -> Decorator:
    """Remember results by their string; the oldest are dropped when all exceed a size in bytes.

    What a function raises is not remembered. Safe to share between threads.
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
            while used > max_bytes and len(known) > 1:
                oldest = next(iter(known))
                del known[oldest]
                used -= sizes.pop(oldest)

        return remembered

    return decorate
