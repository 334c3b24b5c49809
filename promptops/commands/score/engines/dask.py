"""Score parts on a Dask cluster; the results are those of one machine, byte for byte."""

from __future__ import annotations

import logging
import os
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from itertools import islice
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, Any

from promptops.commands.score.part import score_part
from promptops.errors import InputError, TransportError, UsageError
from promptops.model.distribution import NAME, install_command, version
from promptops.records import replace
from promptops.source.traffic.files import STANDARD_INPUT, is_url

if TYPE_CHECKING:
    from promptops.commands.score.options import ScoreOptions
    from promptops.commands.score.pack import Pack
    from promptops.commands.score.sums import Partial
    from promptops.model.sample import Part

ANSWER_S = 10.0
"""How long the scheduler and the workers have to answer."""

NO_WORKER_S = 60.0
"""How long a cluster may be without a worker, since one that died may be started again."""

PARTS_IN_FLIGHT = 4
"""For each worker, so that partial results don't fill the memory of this process."""

RETRIES = 3
_CHECK_S = 2.0
_EXAMPLE = "write --cluster tcp://HOST:8786"


def run(parts: Iterable[Part], pack: Pack, options: ScoreOptions) -> Iterator[Partial]:
    """The sums of each part, in the order of the parts.

    The workers read the files themselves. The parts of a worker that dies are scored by the others.

    Raises UsageError if `distributed` is not installed, the address is missing or wrong, or a
    worker has another version of promptops; TransportError if the cluster can't be reached, loses
    all workers, or loses workers again and again at the same part; and what `score_part` raises.
    """
    if not options.cluster:
        raise UsageError(
            "the engine `dask` needs the address of a cluster",
            hint=_EXAMPLE,
        )
    if STANDARD_INPUT in options.paths:
        raise UsageError(
            "the workers of a cluster can't read standard input",
            hint="write the samples to a file that all workers can read",
        )
    with _connected(options.cluster) as client, _lost_connection(options.cluster):
        _refuse_other_versions(client)
        yield from _scored(client, parts, pack, options.cluster)


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
        raise UsageError(message, hint=_EXAMPLE) from None
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
        return started.result(timeout=ANSWER_S + _CHECK_S)
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


def _scored(client: Any, parts: Iterable[Part], pack: Pack, cluster: str) -> Iterator[Partial]:
    left = iter(parts)
    shipped = _submit(client, _same, pack)
    futures: deque[tuple[Part, Any]] = deque()
    workers = max(_workers(client), 1)
    while True:
        for part in islice(left, max(workers * PARTS_IN_FLIGHT - len(futures), 0)):
            task = _submit(client, _score, _for_workers(part), shipped, version())
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


def _score(part: Part, pack: Pack, wanted: str) -> Partial:
    """On a worker, which may have joined after the versions were compared."""
    if version() != wanted:
        raise _other_version("", version())
    return score_part(part, pack)


def _for_workers(part: Part) -> Part:
    """With an absolute path: workers run in other folders."""
    if is_url(part.location):
        return part
    return replace(part, location=os.path.abspath(part.location))


def _submit(client: Any, function: Any, *arguments: Any) -> Any:
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
                wait([future], timeout=_CHECK_S)
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
