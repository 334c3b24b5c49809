"""The end of a run before all is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress


class Closed(Exception):
    """Nothing more is sent, for this reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Closing:
    """Once closed, whoever waits for a turn stops waiting; what is under way is not touched."""

    def __init__(self) -> None:
        self._reason: str | None = None
        self._closed = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []

    def close(self, reason: str) -> None:
        """The first reason is the one that counts."""
        if self._reason is None:
            self._reason = reason
            self._closed.set()
            for listener in self._listeners:
                listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` at the end."""
        self._listeners.append(listener)

    def check(self) -> None:
        """Raise Closed at the end."""
        if self._reason is not None:
            raise Closed(self._reason)

    async def sleep(self, seconds: float) -> None:
        """Raises Closed as soon as the end comes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closed.wait()
        self.check()
