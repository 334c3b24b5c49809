"""Excludes work that takes minutes or hours, however busy the machine is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ends_soon(cpu_s: float = 20.0) -> Iterator[None]:
    """Assert that the block takes less processor time than this.

    It is a safety net: work that hangs, or grows with the square of a megabyte, exceeds it; a
    busy machine does not. So it is ten times what the block takes, or more.
    """
    started_s = time.process_time()
    yield
    assert time.process_time() - started_s < cpu_s
