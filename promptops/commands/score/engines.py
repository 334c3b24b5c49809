"""Where parts are scored: in processes of this machine, or on a Dask cluster."""

from __future__ import annotations

import logging
import os
import signal
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from itertools import islice
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, Any

from promptops.commands.score.options import ScoreOptions
from promptops.commands.score.part import Pack, score_part
from promptops.commands.score.sums import Partial
from promptops.errors import InputError, TransportError, UsageError
from promptops.model.distribution import NAME, install_command, version
from promptops.model.score import Part
from promptops.records import record, replace
from promptops.source.traffic.files import STANDARD_INPUT, is_url

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor


_PARTS_PER_PROCESS = 2
"""Parts that each process has, the running one included."""


def run_in_processes(parts: Iterable[Part], pack: Pack, options: ScoreOptions) -> Iterator[Partial]:
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
                for part in islice(parts, _PARTS_PER_PROCESS * processes - len(running)):
                    unfinished.append(part)
                    running[_submitted_part(pool, part)] = part
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
                partial = _submitted_part(pool, part).result()
            except BrokenProcessPool:
                span = f"the bytes {part.start:,} to {part.end:,}"
                message = f"a process died twice while it scored {span}"
                hint = "it may need more memory than there is; use fewer processes: --processes 1"
                raise InputError(message, where=part.path, hint=hint) from None
            yield partial


def _submitted_part(pool: ProcessPoolExecutor, part: Part) -> Future[Partial]:
    """A part to be scored; a process that this starts is not interrupted, not even while it starts.

    An interruption is for the first process to answer.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.submit(_score_in_process, part)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _pool(pack: Pack, processes: int) -> Iterator[ProcessPoolExecutor]:
    """New processes; they end at once if the caller is interrupted."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import active_children, get_context

    before = set(active_children())
    pool = ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_begin_process, initargs=(pack,)
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
class _Process:
    """What a process knows."""

    pack: Pack | None = None


_THIS_PROCESS = _Process()


def _begin_process(pack: Pack) -> None:
    """Keep the pack for all parts that a new process scores."""
    _THIS_PROCESS.pack = pack


def _score_in_process(part: Part) -> Partial:
    assert _THIS_PROCESS.pack is not None
    return score_part(part, _THIS_PROCESS.pack)


# Score parts on a Dask cluster; the results are those of one machine, byte for byte.

ANSWER_S = 10.0
"""How long the scheduler and the workers have to answer."""

NO_WORKER_S = 60.0
"""How long a cluster may be without a worker, since one that died may be started again."""

PARTS_IN_FLIGHT = 4
"""For each worker, so that partial results don't fill the memory of this process."""

RETRIES = 3
_WAIT_S = 2.0
_CLUSTER_EXAMPLE = "write --cluster tcp://HOST:8786"


def run_on_cluster(parts: Iterable[Part], pack: Pack, options: ScoreOptions) -> Iterator[Partial]:
    """The sums of each part, in the order of the parts.

    The workers read the files themselves. The parts of a worker that dies are scored by the others.

    Raises UsageError if `distributed` is not installed, the address is missing or wrong, or a
    worker has another version of promptops; TransportError if the cluster can't be reached, loses
    all workers, or loses workers again and again at the same part; and what `score_part` raises.
    """
    if not options.cluster:
        raise UsageError(
            "the engine `dask` needs the address of a cluster",
            hint=_CLUSTER_EXAMPLE,
        )
    if STANDARD_INPUT in options.paths:
        raise UsageError(
            "the workers of a cluster can't read standard input",
            hint="write the samples to a file that all workers can read",
        )
    with _connected(options.cluster) as client, _lost_connection(options.cluster):
        _refuse_other_versions(client)
        yield from _scored_on_cluster(client, parts, pack, options.cluster)


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """A client of a cluster with at least one worker."""
    client = _client(address)
    try:
        try:
            client.wait_for_workers(1, timeout=ANSWER_S)
        except TimeoutError:
            raise _no_workers(address) from None
        yield client
    finally:
        with suppress(OSError):
            client.close(timeout=ANSWER_S)


def _client(address: str) -> Any:
    try:
        from distributed import Client
        from distributed.comm import get_address_host_port
    except ImportError as error:
        raise UsageError(
            f"the engine `dask` needs the package `distributed`: {error}",
            hint=install_command("cluster"),
        ) from None
    for name in ("distributed", "distributed.client"):  # it reports each attempt to connect
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        get_address_host_port(address)
    except ValueError as error:
        message = f"{address!r} is not the address of a cluster: {error}"
        raise UsageError(message, hint=_CLUSTER_EXAMPLE) from None
    _refuse_without_certificate(address)
    started: Future[Any] = Future()

    def start() -> None:
        try:
            started.set_result(Client(address, timeout=ANSWER_S, set_as_default=False))
        except OSError as error:
            started.set_exception(_unreachable(address, str(error)))

    # Its own limit does not end the wait for a server that accepts and never answers.
    Thread(target=start, daemon=True).start()
    try:
        return started.result(timeout=ANSWER_S + _WAIT_S)
    except TimeoutError:
        raise _unreachable(address, "no answer") from None


def _refuse_without_certificate(address: str) -> None:
    """Raise UsageError for an address with TLS, unless Dask's configuration has certificates."""
    from distributed import Security

    if not address.startswith("tls://"):
        return
    if Security().get_connection_args("client").get("ssl_context") is None:
        raise UsageError(
            "the configuration of Dask has no certificates for `tls://`",
            where=address,
            hint="set distributed.comm.tls: https://distributed.dask.org/en/stable/tls.html",
        )


@contextmanager
def _lost_connection(address: str) -> Iterator[None]:
    from distributed.client import FutureCancelledError

    try:
        yield
    except (OSError, CancelledError, FutureCancelledError):
        raise TransportError(
            "the connection to the cluster was lost",
            where=address,
            hint="start the cluster again, then run the same command: nothing was written",
        ) from None


def _refuse_other_versions(client: Any) -> None:
    """Raises UsageError; a function of the standard library works without promptops."""
    from importlib.metadata import version as installed

    found = client.run(installed, NAME, on_error="return", callback_timeout=ANSWER_S)
    for address, theirs in sorted(found.items()):
        if theirs != version():
            raise _other_version(address, theirs if isinstance(theirs, str) else "")


def _scored_on_cluster(
    client: Any, parts: Iterable[Part], pack: Pack, cluster: str
) -> Iterator[Partial]:
    left = iter(parts)
    shipped = _submitted_task(client, _same, pack)
    futures: deque[tuple[Part, Any]] = deque()
    workers = max(_workers(client), 1)
    while True:
        for part in islice(left, max(workers * PARTS_IN_FLIGHT - len(futures), 0)):
            task = _submitted_task(client, _score_on_worker, _for_workers(part), shipped, version())
            futures.append((part, task))
        if not futures:
            return
        part, future = futures.popleft()
        partial = _result(client, part, future, cluster)
        partial.part = part
        yield partial
        workers = max(_workers(client), 1)


def _same(pack: Pack) -> Pack:
    """The pack as the result of a task, which is repeated if all workers that have it die."""
    return pack


def _score_on_worker(part: Part, pack: Pack, wanted: str) -> Partial:
    """On a worker, which may have joined after the versions were compared."""
    if version() != wanted:
        raise _other_version("", version())
    return score_part(part, pack)


def _for_workers(part: Part) -> Part:
    """With an absolute path: workers run in other folders."""
    if is_url(part.location):
        return part
    return replace(part, location=os.path.abspath(part.location))


def _submitted_task(client: Any, function: Any, *arguments: Any) -> Any:
    with warnings.catch_warnings():  # of a pack of some megabytes
        warnings.simplefilter("ignore")
        return client.submit(function, *arguments, pure=False, retries=RETRIES)


def _workers(client: Any) -> int:
    return len(client.sync(client.scheduler.ncores, callback_timeout=ANSWER_S))


def _result(client: Any, part: Part, future: Any, cluster: str) -> Partial:
    from distributed import KilledWorker

    _wait(client, future, cluster)
    try:
        partial: Partial = future.result()
    except KilledWorker:
        raise TransportError(
            f"{RETRIES + 1} workers died while they scored {_named(part)}",
            where=cluster,
            hint="read the log of a worker; it may have too little memory",
        ) from None
    except InputError as error:
        if error.hint is None:
            error.hint = "the workers read the files: use an object store, or a folder all have"
        raise
    return partial


def _wait(client: Any, future: Any, cluster: str) -> None:
    """Until the future is done; raises TransportError if there is no worker for too long."""
    from distributed import wait

    until = None
    while True:
        try:
            with client.as_current():
                wait([future], timeout=_WAIT_S)
        except TimeoutError:
            until = None if _workers(client) else until or monotonic() + NO_WORKER_S
            if until and monotonic() > until:
                raise _no_workers(cluster) from None
        else:
            return


def _named(part: Part) -> str:
    return part.path if part.gzip else f"{part.path} from byte {part.start:,} to {part.end:,}"


def _unreachable(address: str, reason: str) -> TransportError:
    return TransportError(
        f"the cluster can't be reached: {reason}",
        where=address,
        hint="is its scheduler running at this address? try `tcp://HOST:8786`",
    )


def _no_workers(address: str) -> TransportError:
    return TransportError(
        "the cluster has no worker", where=address, hint=f"start one: dask worker {address}"
    )


def _other_version(worker: str, theirs: str) -> UsageError:
    has = f"git-promptops {theirs}" if theirs else "no git-promptops"
    return UsageError(
        f"a worker has {has}, and this machine has {version()}",
        where=worker,
        hint="install the same version on all workers, so that all samples are scored alike",
    )


# Where parts are scored: an engine is a function of parts.

Engine = Callable[[Iterable[Part], Pack, ScoreOptions], Iterator[Partial]]
"""Scores parts: yields the sums of each part once, in any order, as soon as they are known."""

ENGINES: Mapping[str, Engine] = {"local": run_in_processes, "dask": run_on_cluster}
"""The engines by the value of `--engine`."""
