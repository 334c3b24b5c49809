"""The early end of a run: by a limit, or by Ctrl-C."""

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
    """Once closed, requests stop waiting for their turn; those already sent continue."""

    def __init__(self) -> None:
        self._reason: str | None = None
        self._closed = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []

    def close(self, reason: str) -> None:
        """Later reasons are ignored."""
        if self._reason is None:
            self._reason = reason
            self._closed.set()
            for listener in self._listeners:
                listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` at the end."""
        self._listeners.append(listener)

    def check(self) -> None:
        """Raise Closed after the end."""
        if self._reason is not None:
            raise Closed(self._reason)

    async def sleep(self, seconds: float) -> None:
        """Raises Closed as soon as the end comes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closed.wait()
        self.check()


class Interrupt:
    """The first press ends a run in an orderly way, the second at once.

    Use it in the thread of the event loop only.
    """

    def __init__(self) -> None:
        self._left: list[Callable[[], None]] = []

    def arm(self, first: Callable[[], None], second: Callable[[], None]) -> None:
        """Set the action of each press."""
        self._left = [first, second]

    def press(self) -> None:
        """Run the next action, if one is left."""
        if self._left:
            self._left.pop(0)()
