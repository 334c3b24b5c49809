"""The bundle of a ref in memory, refreshed by one thread at a time.

A caller who has a snapshot never waits for the next one: a caller that finds it old starts a thread
that queries the source and ends.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from threading import Event, Lock, Thread
from time import monotonic

from promptops.errors import IntegrityError, NotFound, PromptopsError, TransportError, UsageError
from promptops.records import record
from promptops.runtime.bundle.bundle import Bundle
from promptops.runtime.loading.bundle_file import BundleFile
from promptops.runtime.loading.resolver import RefResolver
from promptops.runtime.loading.source import PACKAGE_PREFIX, BundleSource, shown

LOCAL_QUERY_S = 60.0
"""The time limit for a source on this machine, which may have work to do."""
MAX_FAILURE_S = 60.0
"""The longest time without a query after a remote source had no bundle."""


class Snapshot:
    """The bundle that one ref means; can be shared between threads."""

    __slots__ = (
        *("_bundle", "_clock", "_failure", "_last_warning", "_lock", "_polling", "_queried_at"),
        *("_query", "_resolver"),
    )

    def __init__(
        self,
        resolver: RefResolver,
        polling: Polling | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`clock` returns seconds, and decides when the source is queried again."""
        self._resolver = resolver
        self._polling = polling or Polling()
        self._clock = clock
        self._bundle: Bundle | None = None
        self._queried_at = -math.inf
        self._query: _Query | None = None
        self._failure: _Failure | None = None
        self._last_warning = ""
        self._lock = Lock()

    @property
    def ready(self) -> bool:
        """Whether `get` returns at once."""
        return self._bundle is not None

    def get(self, refresh_s: float, timeout_s: float) -> Bundle:
        """The bundle; at once if it was loaded before.

        Args:
            refresh_s: The age in seconds after which the source is queried again, with the jitter
                of `Polling`. A failure of a remote source is remembered for the same time, but at
                most for MAX_FAILURE_S or as long as the source asks clients to wait.
            timeout_s: Seconds that a remote source may take.

        Raises:
            PromptopsError: The source returns no bundle, and none is cached.
        """
        bundle = self._bundle
        if bundle is None:
            return self._first(refresh_s, timeout_s)
        if self._queried_at + self._polling.wait_s(refresh_s) <= self._clock():
            self._start_query(timeout_s)
        return bundle

    def forked(self) -> None:
        """Reset in a forked process, which lacks the thread that held the lock or queried."""
        self._lock = Lock()
        self._query = None
        self._polling.restart()

    def _first(self, refresh_s: float, timeout_s: float) -> Bundle:
        """Wait for the answer of the source, together with all other waiting threads."""
        failure = self._failure
        if failure is not None and self._holds(failure, refresh_s, timeout_s):
            raise failure.error.with_traceback(None)
        outcome = self._start_query(timeout_s).outcome()
        if isinstance(outcome, Bundle):
            return outcome
        last_good = (
            self._last_good() if isinstance(outcome, TransportError | IntegrityError) else None
        )
        if last_good is None:
            if self._resolver.remote:
                self._failure = _Failure(outcome, self._clock(), timeout_s)
            raise outcome
        self._warn(outcome, last_good)
        return last_good

    def _holds(self, failure: _Failure, refresh_s: float, timeout_s: float) -> bool:
        """Whether the source need not be queried again; with a longer timeout it may be."""
        wait_s = self._polling.hold_s(min(refresh_s, MAX_FAILURE_S))
        return timeout_s <= failure.timeout_s and self._clock() < failure.at + wait_s

    def _last_good(self) -> Bundle | None:
        with self._lock:
            if self._bundle is None:
                self._bundle = self._resolver.last_good()
            return self._bundle

    def _start_query(self, timeout_s: float) -> _Query:
        """Start a query of the source unless one is running; a hanging query is abandoned."""
        with self._lock:
            query, hangs = self._query, None
            if query is not None and not query.over:
                return query
            if query is not None and self._bundle is not None:
                hangs = self._bundle
                hangs.stale = True
                self._polling.failed()
            self._queried_at = self._clock()
            until = monotonic() + (timeout_s if self._resolver.remote else LOCAL_QUERY_S)
            query = self._query = _Query(self, self._resolver, self._bundle, until)
        if hangs is not None:
            self._warn(query.too_late(), hangs)
        query.start()
        return query

    def finish(self, query: _Query, outcome: Bundle | Exception) -> None:
        """Take over the answer, unless the query was abandoned."""
        with self._lock:
            if self._query is not query:
                return
            self._query = None
            last_good = self._bundle
            if isinstance(outcome, Bundle):
                if last_good is not None or self._failure is not None:
                    self._polling.succeeded()
                outcome.stale = False
                self._bundle, self._last_warning, self._failure = outcome, "", None
                self._queried_at = math.inf if self._resolver.fixed else self._clock()
            else:
                self._polling.failed(getattr(outcome, "retry_after_s", 0.0))
            if isinstance(outcome, UsageError):
                # It no longer exists: the next caller queries again, and gets the error.
                last_good = self._bundle = None
            elif isinstance(outcome, Exception) and last_good is not None:
                last_good.stale = True
        if last_good is not None and isinstance(outcome, Exception):
            self._warn(outcome, last_good)

    def _warn(self, error: Exception, last_good: Bundle) -> None:
        """Log once for each reason, until the source works again."""
        where = getattr(error, "where", None)
        message = error.message if isinstance(error, PromptopsError) else repr(error)
        text = f"{where}: {message}" if where else message
        if text != self._last_warning:
            self._last_warning = text
            from logging import getLogger

            name = last_good.release or f"sha256:{last_good.digest}"
            getLogger("promptops").warning("%s; %r stays in use", text, name)


@record(frozen=True, slots=True)
class _Failure:
    """A failed query of a source; `at` is on the clock of the snapshot."""

    error: Exception
    at: float
    timeout_s: float


class _Query:
    """One query of the source, in a thread of its own."""

    def __init__(
        self, snapshot: Snapshot, resolver: RefResolver, current: Bundle | None, until: float
    ) -> None:
        self._snapshot = snapshot
        self._resolver = resolver
        self._current = current
        self._until = until
        self._outcome: Bundle | Exception | None = None
        self._done = Event()
        self._thread = Thread(target=self._run, name="promptops", daemon=True)

    @property
    def over(self) -> bool:
        """The deadline has passed."""
        return monotonic() >= self._until

    def start(self) -> None:
        try:
            self._thread.start()
        except RuntimeError:  # too many threads, or the process is ending
            self._run()

    def outcome(self) -> Bundle | Exception:
        """Wait for the answer of the source, at most until the deadline."""
        self._done.wait(max(0.0, self._until - monotonic()))
        if self._outcome is None:
            return self.too_late()
        if self._thread.is_alive():  # a later fork must not copy a running thread
            self._thread.join()
        return self._outcome

    def too_late(self) -> TransportError:
        return TransportError("no answer in time", where=self._resolver.where)

    def _run(self) -> None:
        try:
            self._outcome = self._resolver.ask(self._current, self._until)
        except Exception as error:  # noqa: BLE001  # raised again in the waiting thread
            self._outcome = error
        self._snapshot.finish(self, self._outcome)
        self._done.set()


# When to query a source again: with jitter, so that replicas do not all do so at once

JITTER = 0.2
"""The jitter: a wait differs from the interval by up to this share."""

MAX_BACKOFF = 10
"""The longest wait after failures, in intervals."""

MAX_RETRY_AFTER_S = 3600.0
"""The longest wait that a source can require."""


def _random_share() -> float:
    """A random number of at least 0 and below 1, independent of the application's seeds."""
    return int.from_bytes(os.urandom(6), "big") / 2**48


class Polling:
    """How long to wait before a source is queried again."""

    __slots__ = ("_failures", "_hold", "_intervals", "_random", "_retry_after_s")

    def __init__(self, random: Callable[[], float] = _random_share) -> None:
        """`random` returns numbers of at least 0 and below 1."""
        self._random = random
        self._failures = 0
        self._hold = 1.0
        self._retry_after_s = 0.0
        self.restart()

    def wait_s(self, interval_s: float) -> float:
        """Seconds to wait after the last answer, for a source with this polling interval.

        The first wait is a random part of the interval, since many replicas start together. After
        each failure the wait doubles, up to MAX_BACKOFF intervals.
        """
        return max(self._intervals * interval_s, self._retry_after_s)

    def hold_s(self, interval_s: float) -> float:
        """Seconds to wait after a failure, for a program that has no bundle in the meantime.

        At most the interval, unless the source asks clients to wait longer.
        """
        return max(self._hold * interval_s, self._retry_after_s)

    def restart(self) -> None:
        """Reset in a forked process, so that siblings do not query at the same time."""
        self._intervals = self._random()

    def succeeded(self) -> None:
        if self._failures:
            self._failures, self._retry_after_s = 0, 0.0
        self._intervals = self._spread()

    def failed(self, retry_after_s: float = 0.0) -> None:
        """Record a failure; `retry_after_s`: for how long the source asks clients to wait."""
        self._failures += 1
        self._intervals = min(2**self._failures, MAX_BACKOFF) * self._spread()
        self._hold = 1 - JITTER * self._random()
        longest = min(max(retry_after_s, 0.0), MAX_RETRY_AFTER_S)
        self._retry_after_s = longest * (1 + JITTER * self._random())

    def _spread(self) -> float:
        return 1 - JITTER + 2 * JITTER * self._random()


# Recognise the kind of a source and open it.

_KINDS = "a folder, a bundle, https://…, git+https://…, git+ssh://…, git+file://… or pkg:NAME"


def opened(where: str, git: Callable[[str], BundleSource]) -> BundleSource:
    """The source; `git` opens local and remote repositories.

    Raises UsageError for a string that names no kind of source, NotFound if the source does not
    exist.
    """
    if where.startswith(PACKAGE_PREFIX):
        from promptops.runtime.loading.site import package_path

        return _at(str(package_path(where.removeprefix(PACKAGE_PREFIX))), git)
    scheme, is_address, _ = where.partition("://")
    if not is_address:
        return _at(_absolute(where), git)
    if scheme in ("https", "http"):
        from promptops.runtime.loading.site import site_at

        return site_at(where)
    if scheme.startswith("git+"):
        return git(where)
    raise UsageError(f"{shown(where)!r} is not a source", hint=f"a source is {_KINDS}")


def named_source(
    source: str | os.PathLike[str] | None, here: Callable[[], str | os.PathLike[str]]
) -> str:
    """The given source, otherwise PROMPTOPS_SOURCE, otherwise the repository around a folder.

    `here` returns the absolute path of that folder. Raises UsageError if there is no source.
    """
    named = source or os.environ.get("PROMPTOPS_SOURCE")
    if named:
        return os.fspath(named)
    around = os.fspath(here())
    folder, above = around, os.path.dirname(around)
    while not os.path.exists(os.path.join(folder, ".git")):
        if above == folder:
            hint = "pass `source=`, or set PROMPTOPS_SOURCE"
            message = "no source is given, and there is no git repository here"
            raise UsageError(message, where=around, hint=hint)
        folder, above = above, os.path.dirname(above)
    return folder


def _absolute(path: str) -> str:
    """An absolute path that keeps `..`, because the folder before it may be a link."""
    if os.pardir not in path:
        return os.path.abspath(path)
    from pathlib import Path

    return str(Path(path).absolute())


def _at(path: str, git: Callable[[str], BundleSource]) -> BundleSource:
    if os.path.isfile(path):
        return BundleFile(path)
    if os.path.isdir(path):
        from pathlib import Path

        from promptops.runtime.loading.site import is_site, site_folder

        return site_folder(Path(path)) if is_site(Path(path)) else git(path)
    hint = f"a source is {_KINDS}; check that it exists and can be read"
    raise NotFound("there is no such source", where=shown(path), hint=hint)
