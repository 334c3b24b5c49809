"""Whether this process was too busy to measure latencies."""

from __future__ import annotations

import asyncio
from collections import deque

_TICK_S = 0.02
_NOTED_S = 0.002
_SHARE = 0.1


class Lateness:
    """How late the event loop ran its timers; `watch` must be running."""

    def __init__(self) -> None:
        self._due = asyncio.get_running_loop().time() + _TICK_S
        self._late: deque[tuple[float, float]] = deque(maxlen=10_000)

    async def watch(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            self._due = loop.time() + _TICK_S
            await asyncio.sleep(_TICK_S)
            now = loop.time()
            if now - self._due > _NOTED_S:
                self._late.append((now, now - self._due))

    def latency_s(self, start: float) -> float | None:
        """Seconds since `start`, or None if a tenth of them may be our own delay."""
        now = asyncio.get_running_loop().time()
        worst_s = max(now - self._due, 0.0)
        for at, late_s in reversed(self._late):
            if at < start:
                break
            worst_s = max(worst_s, late_s)
        return now - start if worst_s <= (now - start) * _SHARE else None
