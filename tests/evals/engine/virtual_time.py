"""An event loop whose clock jumps to whatever is due next, so that no test waits."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self.now


class _Selector(selectors.SelectSelector):
    def __init__(self, loop: _Loop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        events = super().select(0)
        if not events:
            assert timeout is not None, "everything waits, and nothing will ever happen"
            self._loop.now += max(timeout, 0.0)
        return events


def at_once(coroutine: Coroutine[Any, Any, T]) -> tuple[T, float]:
    """The result, and how many seconds it would have taken."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        result = runner.run(coroutine)
        return result, runner.get_loop().time()
