"""The bundle of a ref in memory, refreshed by one thread at a time.

A caller who has a snapshot never waits for the next one: whoever finds it old starts a thread that
queries the source and ends. No thread stays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from threading import Event, Lock, Thread
from time import monotonic

from promptops.errors import IntegrityError, PromptopsError, TransportError, UsageError
from promptops.records import record
from promptops.runtime.bundle.bundle import Bundle
from promptops.runtime.loading.polling import Polling
from promptops.runtime.loading.resolver import RefResolver

HERE_S = 60.0
"""A source on this machine may have work to do, but it does not hang."""
FAILED_S = 60.0
"""So long, at most, a source on another machine that had nothing is not asked again."""


class Snapshot:
    """The bundle that one ref means; can be shared between threads."""

    __slots__ = (
        *("_asked_at", "_asking", "_bundle", "_clock", "_failure", "_lock", "_polling"),
        *("_resolver", "_said"),
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
        self._asked_at = -math.inf
        self._asking: _Asking | None = None
        self._failure: _Failure | None = None
        self._said = ""
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
                most for FAILED_S or as long as the source asks clients to wait.
            timeout_s: Seconds that a remote source may take.

        Raises:
            PromptopsError: The source returns no bundle, and none is cached.
        """
        bundle = self._bundle
        if bundle is None:
            return self._first(refresh_s, timeout_s)
        if self._asked_at + self._polling.wait_s(refresh_s) <= self._clock():
            self._ask(timeout_s)
        return bundle

    def forked(self) -> None:
        """Reset in a forked process, which lacks the thread that held the lock or queried."""
        self._lock = Lock()
        self._asking = None
        self._polling.restart()

    def _first(self, refresh_s: float, timeout_s: float) -> Bundle:
        """Wait for the answer of the source, together with all other waiting threads."""
        failure = self._failure
        if failure is not None and self._holds(failure, refresh_s, timeout_s):
            raise failure.error.with_traceback(None)
        outcome = self._ask(timeout_s).outcome()
        if isinstance(outcome, Bundle):
            return outcome
        kept = self._kept() if isinstance(outcome, TransportError | IntegrityError) else None
        if kept is None:
            if self._resolver.remote:
                self._failure = _Failure(outcome, self._clock(), timeout_s)
            raise outcome
        self._say(outcome, kept)
        return kept

    def _holds(self, failure: _Failure, refresh_s: float, timeout_s: float) -> bool:
        """Whether the source need not be queried again; with a longer timeout it may be."""
        wait_s = self._polling.hold_s(min(refresh_s, FAILED_S))
        return timeout_s <= failure.timeout_s and self._clock() < failure.at + wait_s

    def _kept(self) -> Bundle | None:
        with self._lock:
            if self._bundle is None:
                self._bundle = self._resolver.last_good()
            return self._bundle

    def _ask(self, timeout_s: float) -> _Asking:
        """Start a query of the source unless one is running; a hanging query is abandoned."""
        with self._lock:
            asking, hangs = self._asking, None
            if asking is not None and not asking.over:
                return asking
            if asking is not None and self._bundle is not None:
                hangs = self._bundle
                hangs.stale = True
                self._polling.failed()
            self._asked_at = self._clock()
            until = monotonic() + (timeout_s if self._resolver.remote else HERE_S)
            asking = self._asking = _Asking(self, self._resolver, self._bundle, until)
        if hangs is not None:
            self._say(asking.too_late(), hangs)
        asking.start()
        return asking

    def landed(self, asking: _Asking, outcome: Bundle | Exception) -> None:
        """Take over the answer, unless the query was abandoned."""
        with self._lock:
            if self._asking is not asking:
                return
            self._asking = None
            kept = self._bundle
            if isinstance(outcome, Bundle):
                if kept is not None or self._failure is not None:
                    self._polling.succeeded()
                outcome.stale = False
                self._bundle, self._said, self._failure = outcome, "", None
                self._asked_at = math.inf if self._resolver.fixed else self._clock()
            else:
                self._polling.failed(getattr(outcome, "retry_after_s", 0.0))
            if isinstance(outcome, UsageError):
                kept = self._bundle = None  # it is gone: who comes next asks, and is told
            elif isinstance(outcome, Exception) and kept is not None:
                kept.stale = True
        if kept is not None and isinstance(outcome, Exception):
            self._say(outcome, kept)

    def _say(self, error: Exception, kept: Bundle) -> None:
        """Log once for each reason, until the source works again."""
        text = _told(error)
        if text != self._said:
            self._said = text
            from logging import getLogger

            name = kept.release or f"sha256:{kept.digest}"
            getLogger("promptops").warning("%s; %r stays in use", text, name)


@record(frozen=True, slots=True)
class _Failure:
    """A failed query of a source; `at` is on the clock of the snapshot."""

    error: Exception
    at: float
    timeout_s: float


class _Asking:
    """One query of the source, in a thread for which nobody has to wait."""

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
        except RuntimeError:  # there are too many, or the process is ending
            self._run()

    def outcome(self) -> Bundle | Exception:
        """Wait for the answer of the source, at most until the deadline."""
        self._done.wait(max(0.0, self._until - monotonic()))
        if self._outcome is None:
            return self.too_late()
        if self._thread.is_alive():  # nobody who forks after this should find it
            self._thread.join()
        return self._outcome

    def too_late(self) -> TransportError:
        return TransportError("no answer in time", where=self._resolver.where)

    def _run(self) -> None:
        try:
            self._outcome = self._resolver.ask(self._current, self._until)
        except Exception as error:  # noqa: BLE001  # of another thread: it is raised where one waits
            self._outcome = error
        self._snapshot.landed(self, self._outcome)
        self._done.set()


def _told(error: Exception) -> str:
    where = getattr(error, "where", None)
    message = error.message if isinstance(error, PromptopsError) else repr(error)
    return f"{where}: {message}" if where else message
