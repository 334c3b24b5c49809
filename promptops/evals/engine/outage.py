"""Give up a server that answers nothing, so that a run does not wait for each of its requests."""

from __future__ import annotations

from math import inf

from promptops.evals.engine.ask import Patience
from promptops.evals.providers import Failure

_UNANSWERED = frozenset({"rate", "server", "connection", "timeout"})


class Outage:
    """Consecutive failed tries; times are the event loop's."""

    def __init__(self, patience: Patience, at_once: int) -> None:
        """Given up when so many requests could have used up their tries concurrently."""
        self._most = at_once * patience.tries
        self._longest_s = patience.total_s
        self._in_a_row = 0
        self._answered_at = -inf
        self._reason = ""

    def answered(self, now: float) -> None:
        """A try got a response, even a rejection of the request."""
        self._in_a_row = 0
        self._answered_at = now
        self._reason = ""

    def failed(self, failure: Failure, now: float) -> None:
        """A try got no response. A server that has answered before gets time to recover."""
        if failure.kind not in _UNANSWERED:
            self.answered(now)
            return
        self._in_a_row += 1
        long = now - self._answered_at >= self._longest_s
        if self._in_a_row >= self._most and long and not self._reason:
            # The number of tries would tell cases apart that lack an answer for the same reason.
            self._reason = failure.message

    def check(self) -> None:
        """Raise Failure if another try is pointless."""
        if self._reason:
            raise Failure(message=self._reason, kind="server")
