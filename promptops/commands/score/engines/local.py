"""Score parts in processes of this machine."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from promptops.commands.score.options import ScoreOptions
from promptops.commands.score.pack import Pack
from promptops.commands.score.part import score_part
from promptops.commands.score.sums import Partial
from promptops.errors import InputError
from promptops.model.sample import Part
from promptops.records import record

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

_QUEUED = 2
"""Parts that each process has, the running one included."""


def run(parts: Iterable[Part], pack: Pack, options: ScoreOptions) -> Iterator[Partial]:
    """The sums of each part, in any order.

    Parts of processes that died are scored again once, one after the other. Raises InputError,
    with the part, if a process dies again.
    """
    processes = options.processes or os.cpu_count() or 1
    if processes == 1:
        yield from (score_part(part, pack) for part in parts)
        return
    left = iter(parts)
    while True:
        unfinished: list[Part] = []
        yield from _until_a_process_dies(left, unfinished, pack, processes)
        if not unfinished:
            return
        yield from _again(unfinished, pack)


def _until_a_process_dies(
    parts: Iterator[Part], unfinished: list[Part], pack: Pack, processes: int
) -> Iterator[Partial]:
    """The sums of the parts; if a process dies, `unfinished` gets the parts in progress."""
    from concurrent.futures import FIRST_COMPLETED, wait
    from concurrent.futures.process import BrokenProcessPool

    with _pool(pack, processes) as pool:
        running: dict[Future[Partial], Part] = {}
        while True:
            try:
                for part in islice(parts, _QUEUED * processes - len(running)):
                    unfinished.append(part)
                    running[_submitted(pool, part)] = part
                    unfinished.pop()
                if not running:
                    return
                done = wait(running, return_when=FIRST_COMPLETED).done
                for future in done:
                    partial = future.result()
                    del running[future]
                    yield partial
            except BrokenProcessPool:
                unfinished += running.values()
                return


def _again(unfinished: list[Part], pack: Pack) -> Iterator[Partial]:
    """Each part alone, so that the one that ends its process is known."""
    from concurrent.futures.process import BrokenProcessPool

    with _pool(pack, 1) as pool:
        for part in unfinished:
            try:
                partial = _submitted(pool, part).result()
            except BrokenProcessPool:
                raise _died(part) from None
            yield partial


def _died(part: Part) -> InputError:
    return InputError(
        f"a process died twice while it scored the bytes {part.start:,} to {part.end:,}",
        where=part.path,
        hint="it may need more memory than there is; use fewer processes: --processes 1",
    )


def _submitted(pool: ProcessPoolExecutor, part: Part) -> Future[Partial]:
    """A part to be scored; a process that this starts is not interrupted, not even while it starts.

    An interruption is for the first process to answer.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.submit(_score, part)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _pool(pack: Pack, processes: int) -> Iterator[ProcessPoolExecutor]:
    """New processes; they end at once if the caller is interrupted."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import active_children, get_context

    before = set(active_children())
    pool = ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_begin, initargs=(pack,)
    )
    try:
        yield pool
    except BaseException:
        for child in set(active_children()) - before:
            child.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@record(slots=True)
class _Worker:
    """What a process knows."""

    pack: Pack | None = None


_WORKER = _Worker()


def _begin(pack: Pack) -> None:
    """Keep the pack for all parts that a new process scores."""
    _WORKER.pack = pack


def _score(part: Part) -> Partial:
    assert _WORKER.pack is not None
    return score_part(part, _WORKER.pack)
