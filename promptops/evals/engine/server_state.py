"""The state of a server: its remaining rate limit, and whether it is down."""

from __future__ import annotations

from collections import deque
from math import inf

from promptops.evals.engine.ask import Patience
from promptops.evals.providers import Failure, Window
from promptops.records import record

MINUTE_S = 60.0
_ROUNDED_S = 1.0  # servers round the time of a reset up
_UNEVEN_S = 0.02  # the variation of the time that a request takes to arrive
_CAREFUL = 0.95
_MOST_CAREFUL = 0.5
_REMEMBERED = 256


@record(frozen=True, slots=True, kw_only=True)
class SentRequest:
    """A request that was sent; `number` from 1, in the order of sending."""

    number: int
    at_s: float
    amount: float


class Allowance:
    """Requests, or tokens, that may still be sent.

    A server's numbers refer to the moment when it accepted a request, so what was sent since then
    is subtracted, and what has been refilled since then is added. Refilling is even over a minute
    (a bucket), or, depending on the time of the reset, at once at the reset (a window). The size of
    a bucket is the largest observed one, and a full bucket is not refilled.
    """

    def __init__(self) -> None:
        self._limit: int | None = None
        self._remaining = 0.0
        self._size = 0.0
        self._latest = SentRequest(number=0, at_s=-inf, amount=0.0)
        self._since: deque[SentRequest] = deque(maxlen=_REMEMBERED)
        self._sent = 0
        self._full_at_s = inf
        self._window = False
        self._share = 1.0  # the part of the refill that is relied on

    def take(self, amount: float, now: float) -> SentRequest:
        """Count a request that is sent."""
        self._sent += 1
        mark = SentRequest(number=self._sent, at_s=now, amount=amount)
        self._since.append(mark)
        return mark

    def learn(self, window: Window, mark: SentRequest) -> None:
        """Learn from an answer; `mark` is that of its request. Older information is ignored."""
        if window.limit is None or window.remaining is None or mark.number < self._latest.number:
            return
        self._limit, self._remaining, self._latest = window.limit, float(window.remaining), mark
        self._size = min(max(self._size, window.remaining + mark.amount), window.limit)
        while self._since and self._since[0].number <= mark.number:
            self._since.popleft()
        if window.reset_s is not None:
            used = max(window.limit - window.remaining, 0)
            self._full_at_s = mark.at_s + window.reset_s + _UNEVEN_S
            self._window |= window.reset_s > used * MINUTE_S / window.limit + _ROUNDED_S

    def doubt(self) -> None:
        """Be more careful: a request was rejected although it seemed to be allowed."""
        self._share = max(self._share * _CAREFUL, _MOST_CAREFUL)

    def wait_s(self, amount: float, now: float) -> float:
        """Seconds until this amount may be sent; 0 if nothing is known."""
        if self._limit is None or (self._window and now >= self._full_at_s):
            return 0.0
        amount = min(amount, self._limit)
        if self._window:
            left = self._remaining - sum(mark.amount for mark in self._since)
            return self._full_at_s - now if left < amount else 0.0
        back_a_second = self._limit / MINUTE_S * self._share
        size = max(self._size, amount)
        left = self._left(now, back_a_second, size)
        if left >= size:
            return 0.0  # full, so there is nothing to wait for
        return max((amount - left) / back_a_second + _UNEVEN_S, 0.0)

    def _left(self, now: float, back_a_second: float, size: float) -> float:
        left, at_s = self._remaining, self._latest.at_s
        for mark in self._since:
            left = min(left + (mark.at_s - at_s) * back_a_second, size) - mark.amount
            at_s = mark.at_s
        return min(left + (now - at_s) * back_a_second, size)


_UNANSWERED = frozenset({"rate", "server", "connection", "timeout"})


class Outage:
    """Consecutive failed tries; times are the event loop's."""

    def __init__(self, patience: Patience, at_once: int) -> None:
        """`at_once` concurrent requests that use up all their tries count as an outage."""
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
            # Without the number of tries, so that the report can group cases by the reason.
            self._reason = failure.message

    def check(self) -> None:
        """Raise Failure if another try is pointless."""
        if self._reason:
            raise Failure(message=self._reason, kind="server")
