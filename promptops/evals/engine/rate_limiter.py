"""Rate limiting for one address, model and key: as fast as the server allows, and no faster."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from math import inf
from random import Random

from promptops.evals.engine.ask import Closing, Patience, Settings
from promptops.evals.providers import Failure, RateLimits, Window
from promptops.records import record

FIRST_CONCURRENCY = 4
"""The number of concurrent requests before anything is known about the server."""

_SLOWEST_PACE = 0.25  # requests a second
_PACE_GROWTH = 1.05  # the factor for each answer, so that the pace recovers slowly
_REMEMBERED_TURNS = 32
_NEGLIGIBLE_WAIT_S = 1e-6  # a shorter wait is a rounding error


@record(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A request that was sent; `number` from 1, in the order of sending."""

    number: int
    requests: SentRequest
    tokens: SentRequest


class Limiter:
    """Grants turns in the order of requests; times are the event loop's.

    If the server sends its limits, turns follow them. If it only rejects requests, the concurrency
    and the pace are halved, and grow again with each success. All requests wait as long as the
    server requires. What is known about the server outlives a round, and each round has to `begin`.
    """

    _closing: Closing
    _line: asyncio.Lock
    _news: asyncio.Event

    def __init__(self, settings: Settings) -> None:
        self._most = settings.concurrency
        self._patience = settings.patience
        self._chance: Random = settings.chance
        self._requests, self._tokens = Allowance(), Allowance()
        self._server_sends_limits = False
        self._under_way = 0
        self._sent = 0
        self._at_once = float(min(FIRST_CONCURRENCY, self._most))
        self._enough = inf  # beyond, `_at_once` grows slowly
        self._pace = inf  # requests a second
        self._lately: deque[float] = deque(maxlen=_REMEMBERED_TURNS)
        self._quiet_until = -inf
        self._refusals = 0  # since something passed
        self._slowed_at = 0  # how many were sent by then
        self._outage = Outage(settings.patience, min(FIRST_CONCURRENCY, self._most))

    def begin(self, closing: Closing) -> None:
        """A round begins; its event loop may be another one, whose clock continues."""
        self._closing = closing
        closing.listen(self._wake)
        self._line, self._news = asyncio.Lock(), asyncio.Event()
        self._under_way = 0

    async def turn(self, tokens: float, until: float | None) -> Ticket:
        """Wait for a turn, and take it.

        Raises Closed, and Failure if the server is given up, or if the turn would come after
        `until`, or, without `until`, too late for any retry setting.
        """
        loop = asyncio.get_running_loop()
        async with self._line:
            end = loop.time() + self._patience.total_s if until is None else until
            while True:
                self._closing.check()
                self._outage.check()
                now = loop.time()
                wait_s = self._wait_s(tokens, now)
                if now >= end or end < now + wait_s < inf:
                    raise _too_long(wait_s)
                if wait_s < _NEGLIGIBLE_WAIT_S:
                    return self._taken(tokens, now)
                await self._wait(min(wait_s, end - now))

    def passed(self, ticket: Ticket, limits: RateLimits) -> None:
        """The request was answered."""
        self._outage.answered(asyncio.get_running_loop().time())
        self._learn(ticket, limits)
        if ticket.number > self._slowed_at:
            self._refusals = 0
        self._pace *= _PACE_GROWTH
        if self._server_sends_limits:
            self._at_once, self._pace = self._most, inf
        else:
            more = 1.0 if self._at_once < self._enough else 1 / self._at_once
            self._at_once = min(self._at_once + more, self._most)

    def failed(self, ticket: Ticket, failure: Failure) -> None:
        """The request failed; the server may ask clients to wait."""
        self._learn(ticket, failure.limits)
        now = asyncio.get_running_loop().time()
        self._outage.failed(failure, now)
        if failure.retry_after_s is not None:
            self._quiet_until = max(self._quiet_until, now + failure.retry_after_s)
        if failure.kind == "rate" and ticket.number > self._slowed_at:
            self._slow_down(now, has_pause=failure.retry_after_s is not None)

    def left(self) -> None:
        """A request is done, successfully or not."""
        self._under_way -= 1
        self._wake()

    def _wait_s(self, tokens: float, now: float) -> float:
        # Rejected again after the wait: only one request at a time tests whether the server accepts
        # requests again, since each rejection costs a request one of its tries.
        if self._under_way >= (1 if self._refusals > 1 else int(self._at_once)):
            return inf
        paced = self._lately[-1] + 1 / self._pace - now if self._lately else 0.0
        allowed = max(self._requests.wait_s(1, now), self._tokens.wait_s(tokens, now))
        return max(self._quiet_until - now, paced, allowed)

    def _taken(self, tokens: float, now: float) -> Ticket:
        self._under_way += 1
        self._sent += 1
        self._lately.append(now)
        requests, tokens_ = self._requests.take(1, now), self._tokens.take(tokens, now)
        return Ticket(number=self._sent, requests=requests, tokens=tokens_)

    async def _wait(self, seconds: float) -> None:
        self._news.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    def _learn(self, ticket: Ticket, limits: RateLimits) -> None:
        if limits.known:
            self._server_sends_limits = True
            self._requests.learn(limits.requests, ticket.requests)
            self._tokens.learn(limits.tokens, ticket.tokens)

    def _slow_down(self, now: float, *, has_pause: bool) -> None:
        """Slow down once for all requests that were sent before the rejection."""
        self._slowed_at = self._sent
        self._refusals += 1
        if self._server_sends_limits:
            self._requests.doubt()
            self._tokens.doubt()
        else:
            self._at_once = self._enough = max(1.0, self._at_once / 2)
            if self._refusals == 1:  # later rejections are about the pause, not about the pace
                lately_s = max(now - self._lately[0], 1e-3)
                self._pace = max(min(self._pace, len(self._lately) / lately_s) / 2, _SLOWEST_PACE)
        if self._refusals > 1 or not (has_pause or self._requests.wait_s(1, now)):
            longest_s = self._patience.first_wait_s * 2 ** (self._refusals - 1)
            longest_s = min(longest_s, self._patience.longest_wait_s)
            pause_s = longest_s * self._chance.uniform(0.5, 1.0)
            self._quiet_until = max(self._quiet_until, now + pause_s)

    def _wake(self) -> None:
        self._news.set()


def _too_long(wait_s: float) -> Failure:
    when = f": the next is in {wait_s:,.0f} s" if 0 < wait_s < inf else ""
    return Failure(
        message=f"the provider's rate limits allow no request before the deadline{when}",
        kind="rate",
    )


# The state of a server: its remaining rate limit, and whether it is down.

MINUTE_S = 60.0
_RESET_ROUNDING_S = 1.0  # servers round the time of a reset up
_ARRIVAL_VARIATION_S = 0.02  # the variation of the time that a request takes to arrive
_DOUBT_FACTOR = 0.95
_LEAST_REFILL_SHARE = 0.5
_REMEMBERED_REQUESTS = 256


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
        self._since: deque[SentRequest] = deque(maxlen=_REMEMBERED_REQUESTS)
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
            self._full_at_s = mark.at_s + window.reset_s + _ARRIVAL_VARIATION_S
            self._window |= window.reset_s > used * MINUTE_S / window.limit + _RESET_ROUNDING_S

    def doubt(self) -> None:
        """Be more careful: a request was rejected although it seemed to be allowed."""
        self._share = max(self._share * _DOUBT_FACTOR, _LEAST_REFILL_SHARE)

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
        return max((amount - left) / back_a_second + _ARRIVAL_VARIATION_S, 0.0)

    def _left(self, now: float, back_a_second: float, size: float) -> float:
        left, at_s = self._remaining, self._latest.at_s
        for mark in self._since:
            left = min(left + (mark.at_s - at_s) * back_a_second, size) - mark.amount
            at_s = mark.at_s
        return min(left + (now - at_s) * back_a_second, size)


_FAILURES_WITHOUT_RESPONSE = frozenset({"rate", "server", "connection", "timeout"})


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
        if failure.kind not in _FAILURES_WITHOUT_RESPONSE:
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
