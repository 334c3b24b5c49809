"""Ctrl-C, once and twice."""

from __future__ import annotations

from collections.abc import Callable


class Interrupt:
    """The first press ends a run in order, the second at once.

    Only to be used in the thread of the event loop.
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
