"""Rate limiting for one address, model and key: as fast as the server allows, and no faster."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from math import inf
from random import Random

from promptops.evals.engine.ask import Settings
from promptops.evals.engine.early_end import Closing
from promptops.evals.engine.server_state import Allowance, Outage, SentRequest
from promptops.evals.providers import Failure, RateLimits
from promptops.records import record

FIRST = 4
"""The number of concurrent requests before anything is known about the server."""

_SLOWEST = 0.25  # requests a second
_FASTER = 1.05  # the factor for each answer, so that the pace recovers slowly
_LATELY = 32
_NOW_S = 1e-6  # a shorter wait is a rounding error


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
        self._at_once = float(min(FIRST, self._most))
        self._enough = inf  # beyond, `_at_once` grows slowly
        self._pace = inf  # requests a second
        self._lately: deque[float] = deque(maxlen=_LATELY)
        self._quiet_until = -inf
        self._refusals = 0  # since something passed
        self._slowed_at = 0  # how many were sent by then
        self._outage = Outage(settings.patience, min(FIRST, self._most))

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
                if wait_s < _NOW_S:
                    return self._taken(tokens, now)
                await self._wait(min(wait_s, end - now))

    def passed(self, ticket: Ticket, limits: RateLimits) -> None:
        """The request was answered."""
        self._outage.answered(asyncio.get_running_loop().time())
        self._learn(ticket, limits)
        if ticket.number > self._slowed_at:
            self._refusals = 0
        self._pace *= _FASTER
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
            self._halve(now)
        if self._refusals > 1 or not (has_pause or self._requests.wait_s(1, now)):
            longest_s = self._patience.first_wait_s * 2 ** (self._refusals - 1)
            longest_s = min(longest_s, self._patience.longest_wait_s)
            pause_s = longest_s * self._chance.uniform(0.5, 1.0)
            self._quiet_until = max(self._quiet_until, now + pause_s)

    def _halve(self, now: float) -> None:
        self._at_once = self._enough = max(1.0, self._at_once / 2)
        if self._refusals == 1:  # later rejections are about the pause, not about the pace
            lately_s = max(now - self._lately[0], 1e-3)
            self._pace = max(min(self._pace, len(self._lately) / lately_s) / 2, _SLOWEST)

    def _wake(self) -> None:
        self._news.set()


def _too_long(wait_s: float) -> Failure:
    when = f": the next is in {wait_s:,.0f} s" if 0 < wait_s < inf else ""
    return Failure(
        message=f"the provider's rate limits allow no request before the deadline{when}",
        kind="rate",
    )
