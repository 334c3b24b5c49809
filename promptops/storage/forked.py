"""Work in several forked processes, which share what was read so far."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

_Result = TypeVar("_Result")

FORK_FROM = 400
"""The number of prompts from which a second process is faster."""

ITEMS_AT_ONCE = 100
"""Items that a process handles before it replies; an interrupted run waits for them."""

COLLECT_AFTER = 10_000_000
"""New objects before a forked process collects garbage.

A usual prompt leaves 1,700 new objects. With a limit of 100,000, linting 3,000 prompts took a fifth
more time.
"""

_INHERITED: Callable[[Sequence[str]], Any] | None = None
"""What forked processes do: it can't be pickled, and need not be."""


def cores() -> int:
    """The number of cores that this process may use; unknown on macOS."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_processes(
    work: Callable[[Sequence[str]], _Result],
    items: Sequence[str],
    *,
    prepare: Callable[[], None],
    processes: int = 0,
) -> Iterator[_Result]:
    """The results of `work` for parts of the items, in order; in this process if there are few.

    Raises the first exception of `work`. Only for a command: an application may have threads, which
    a fork does not survive.

    Args:
        work: It must need no child process and no file that is open; its results are pickled.
        prepare: Called before other processes are created.
        processes: The most processes; 0 for the number of cores.
    """
    processes = processes or cores()
    pool = None
    if processes > 1 and len(items) >= FORK_FROM:
        prepare()
        pool = _pool(work, processes)
    if pool is None:
        yield work(items)
        return
    starts = range(0, len(items), ITEMS_AT_ONCE)
    try:
        yield from pool.map(_work, (items[start : start + ITEMS_AT_ONCE] for start in starts))
    finally:
        pool.shutdown(cancel_futures=True)
        _inherit(None)


def _pool(work: Callable[[Sequence[str]], Any], processes: int) -> Any:
    """A pool; None if there is no shared memory, or no writable folder for semaphores."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    _inherit(work)
    try:
        return ProcessPoolExecutor(
            processes, mp_context=get_context("fork"), initializer=_begin_process
        )
    except OSError:
        _inherit(None)
        return None


def _inherit(work: Callable[[Sequence[str]], Any] | None) -> None:
    global _INHERITED  # noqa: PLW0603  # what a fork shares can only be found by name
    _INHERITED = work


def _begin_process() -> None:
    """Ignore interruptions, which the first process handles, and rarely collect garbage."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(COLLECT_AFTER)


def _work(items: Sequence[str]) -> Any:
    assert _INHERITED is not None
    return _INHERITED(items)
