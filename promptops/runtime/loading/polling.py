"""When to query a source again: with jitter, so that replicas do not all do so at once."""

from __future__ import annotations

import os
from collections.abc import Callable

SPREAD = 0.2
"""The jitter: a wait differs from the interval by up to this share."""

MAX_BACKOFF = 10
"""The longest wait after failures, in intervals."""

MAX_RETRY_AFTER_S = 3600.0
"""The longest wait that a source can require."""


def random_share() -> float:
    """A random number of at least 0 and below 1, independent of the application's seeds."""
    return int.from_bytes(os.urandom(6), "big") / 2**48


class Polling:
    """How long to wait before a source is queried again."""

    __slots__ = ("_failures", "_hold", "_intervals", "_random", "_retry_after_s")

    def __init__(self, random: Callable[[], float] = random_share) -> None:
        """`random` returns numbers of at least 0 and below 1."""
        self._random = random
        self._failures = 0
        self._hold = 1.0
        self._retry_after_s = 0.0
        self.restart()

    def wait_s(self, interval_s: float) -> float:
        """Seconds to wait after the last answer, for a source with this polling interval.

        The first wait is a random part of the interval, since many replicas start together. After
        each failure the wait doubles, up to MAX_BACKOFF intervals.
        """
        return max(self._intervals * interval_s, self._retry_after_s)

    def hold_s(self, interval_s: float) -> float:
        """Seconds to wait after a failure, for a program that has no bundle in the meantime.

        At most the interval, unless the source asks clients to wait longer.
        """
        return max(self._hold * interval_s, self._retry_after_s)

    def restart(self) -> None:
        """Reset in a forked process, so that siblings do not query at the same time."""
        self._intervals = self._random()

    def succeeded(self) -> None:
        if self._failures:
            self._failures, self._retry_after_s = 0, 0.0
        self._intervals = self._spread()

    def failed(self, retry_after_s: float = 0.0) -> None:
        """Record a failure; `retry_after_s`: for how long the source asks clients to wait."""
        self._failures += 1
        self._intervals = min(2**self._failures, MAX_BACKOFF) * self._spread()
        self._hold = 1 - SPREAD * self._random()
        longest = min(max(retry_after_s, 0.0), MAX_RETRY_AFTER_S)
        self._retry_after_s = longest * (1 + SPREAD * self._random())

    def _spread(self) -> float:
        return 1 - SPREAD + 2 * SPREAD * self._random()
