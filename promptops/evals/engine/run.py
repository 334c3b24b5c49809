"""Sends all requests: each once, many concurrently, each answer passed on as it arrives.

Each request waits for its turn, and is retried after temporary errors: as many requests are sent as
the limits of the server allow, and none once the server is down or the run ended early.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from math import inf
from random import Random

from promptops.errors import PromptopsError
from promptops.evals.engine.ask import (
    Answered,
    Ask,
    Closed,
    Closing,
    Failed,
    Interrupt,
    Key,
    Outcome,
    Patience,
    Settings,
    Unasked,
)
from promptops.evals.engine.budget import (
    INTERRUPTED,
    Budget,
    Hold,
    Ledger,
    cost_usd,
    most_input_tokens,
    refuse_unpriced,
    requested_output_tokens,
)
from promptops.evals.providers import Failure, Provider, RateLimits, Reply, Window
from promptops.model.answer import Answer, Usage
from promptops.model.config import ModelProfile
from promptops.model.request import Request
from promptops.records import record, replace

ProviderOf = Callable[[ModelProfile], Provider]
OnOutcome = Callable[[Outcome], None]
_CLOSE_TIMEOUT_S = 5.0


def ask(
    asks: Iterable[Ask],
    provider_of: ProviderOf,
    settings: Settings,
    on_answer: OnOutcome,
    *,
    ledger: Ledger | None = None,
) -> tuple[Outcome, ...]:
    """`ask_all` in its own event loop. The first Ctrl-C ends it in order, the second at once."""

    async def run() -> tuple[Outcome, ...]:
        interrupt = Interrupt()
        # Ctrl-C then raises KeyboardInterrupt as usual: RuntimeError and ValueError outside of the
        # main thread, NotImplementedError where the loop supports no signals.
        with suppress(NotImplementedError, RuntimeError, ValueError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupt.press)
        return await ask_all(asks, provider_of, settings, on_answer, interrupt, ledger=ledger)

    return asyncio.run(run())


async def ask_all(
    asks: Iterable[Ask],
    provider_of: ProviderOf,
    settings: Settings,
    on_answer: OnOutcome,
    interrupt: Interrupt | None = None,
    *,
    ledger: Ledger | None = None,
) -> tuple[Outcome, ...]:
    """The outcome of each request, in order; requests with the same key share one outcome.

    `on_answer` is called once for each answer and each failure, as soon as it arrives. An exception
    in it ends the run and is raised. Before anything is sent, every provider is created and every
    price is looked up: raises UsageError, and the errors of `provider_of`. The limits of `settings`
    apply to all rounds that share a ledger: after one of them ended early, later ones send nothing.
    The ledger also passes on what is known about servers: their limits, and whether they are down.
    """
    requested, ledger = tuple(asks), ledger or Ledger()
    refuse_unpriced(requested, settings)
    if ledger.ended:
        return tuple(Unasked(ask=ask, reason=ledger.ended) for ask in requested)
    run = _Run(requested, settings, on_answer, ledger)
    try:
        run.make_providers(provider_of)
        await run.finish(interrupt or Interrupt())
    finally:
        await run.close()
    return tuple(run.outcome(ask) for ask in requested)


class _Run:
    def __init__(
        self, asks: tuple[Ask, ...], settings: Settings, on_answer: OnOutcome, ledger: Ledger
    ) -> None:
        self._once: dict[Key, Ask] = {}
        for ask in asks:
            self._once.setdefault(ask.key, ask)
        self._left = iter(self._once.values())
        self._settings = settings
        self._on_answer = on_answer
        self._closing = Closing()
        self._ledger = ledger
        self._budget = Budget(settings, self._closing, ledger)
        self._late = Lateness()
        self._retrying = Retrying(settings, self._closing, self._budget, self._late)
        self._providers: dict[str, Provider] = {}
        self._limiters: dict[tuple[str, str], Limiter] = {}
        self._outcomes: dict[Key, Outcome] = {}

    def make_providers(self, provider_of: ProviderOf) -> None:
        """One for each address and key."""
        for ask in self._once.values():
            address = _address(ask.profile)
            if address not in self._providers:
                self._providers[address] = provider_of(ask.profile)

    async def finish(self, interrupt: Interrupt) -> None:
        """Send everything that can be sent."""
        count = min(self._settings.concurrency, len(self._once))
        workers = [asyncio.create_task(self._work()) for _ in range(count)]
        watching = asyncio.create_task(self._late.watch())
        interrupt.arm(self._interrupted, lambda: _cancel(workers))
        try:
            with self._time_limit():
                if workers:
                    await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            _cancel([*workers, watching])
            ends = await asyncio.gather(*workers, watching, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end

    def outcome(self, ask: Ask) -> Outcome:
        """The outcome of a request; Unasked if it was stopped."""
        found = self._outcomes.get(ask.key)
        return found or Unasked(ask=ask, reason=INTERRUPTED)

    async def close(self) -> None:
        """Close the providers; answers are not lost if one of them fails to close."""
        for provider in self._providers.values():
            with suppress(Exception):
                async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                    await provider.close()

    def _interrupted(self) -> None:
        self._ledger.interrupted = True
        self._end(INTERRUPTED)

    def _end(self, reason: str) -> None:
        self._ledger.end(reason)
        self._closing.close(reason)

    @contextmanager
    def _time_limit(self) -> Iterator[None]:
        most_s, loop = self._settings.max_time_s, asyncio.get_running_loop()
        if self._ledger.started_s is None:
            self._ledger.started_s = loop.time()
        if most_s is None:
            yield
            return
        left_s = self._ledger.started_s + most_s - loop.time()
        reason = f"the time limit of {most_s:,.4g} s is reached"
        if left_s <= 0:
            self._end(reason)
        timer = loop.call_later(left_s, self._end, reason)
        try:
            yield
        finally:
            timer.cancel()

    async def _work(self) -> None:
        for ask in self._left:
            outcome = self._outcomes[ask.key] = await self._outcome_of(ask)
            if not isinstance(outcome, Unasked):
                self._on_answer(outcome)

    async def _outcome_of(self, ask: Ask) -> Outcome:
        try:
            hold = await self._budget.reserve(ask)
        except Closed as closed:
            return Unasked(ask=ask, reason=closed.reason)
        provider = self._providers[_address(ask.profile)]
        try:
            tried = await self._retrying.ask(ask, hold, provider, self._limiter(ask))
        except Closed as closed:
            self._budget.settle(hold, 0.0)
            return Unasked(ask=ask, reason=closed.reason)
        return self._settled(ask, hold, tried)

    def _limiter(self, ask: Ask) -> Limiter:
        key = _address(ask.profile), str(ask.request.model.get("id", ask.profile.id))
        if key not in self._limiters:
            limiter = self._ledger.limiters.setdefault(key, Limiter(self._settings))
            limiter.begin(self._closing)
            self._limiters[key] = limiter
        return self._limiters[key]

    def _settled(self, ask: Ask, hold: Hold, tried: Tried) -> Outcome:
        if isinstance(tried.result, Failure):
            self._budget.settle(hold, hold.worst_usd if tried.may_be_paid else 0.0)
            return Failed(ask=ask, failure=tried.result, tries=tried.tries)
        usage = tried.result.usage
        cost = None if usage == Usage() else cost_usd(ask, usage)
        self._budget.settle(hold, hold.worst_usd if cost is None else cost)
        return Answered(ask=ask, answer=tried.result, cost_usd=cost)


def _address(profile: ModelProfile) -> str:
    """Equal for profiles that one provider can serve."""
    parts = (profile.provider, profile.base_url, profile.api_key_env, dict(profile.headers))
    return json.dumps(parts, sort_keys=True)


def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()


# Sends one request, with retries until it is answered or retrying is pointless.

GRACE_S = 1.0
"""Seconds that a provider may exceed its deadline before it is cancelled."""

_MAY_BE_PAID = frozenset({"connection", "timeout", "bad_answer", "content_filter"})


@record(frozen=True, slots=True, kw_only=True)
class Tried:
    """The outcome of a request after its tries: an answer, or a failure."""

    tries: int
    result: Answer | Failure

    @property
    def may_be_paid(self) -> bool:
        """Whether it got no answer and may still have to be paid for."""
        return isinstance(self.result, Failure) and self.result.kind in _MAY_BE_PAID


class Retrying:
    """Retries after temporary errors: 408, 409, 429, 5xx, and broken connections."""

    def __init__(
        self, settings: Settings, closing: Closing, budget: Budget, late: Lateness
    ) -> None:
        self._patience = settings.patience
        self._chance = settings.chance
        self._closing = closing
        self._budget = budget
        self._late = late

    async def ask(self, ask: Ask, hold: Hold, provider: Provider, limiter: Limiter) -> Tried:
        """Raises Closed if the run ends before the first try."""
        tokens = most_input_tokens(ask) + requested_output_tokens(ask)
        try:
            ticket = await limiter.turn(tokens, None)
        except Failure as failure:
            return Tried(tries=0, result=failure)
        until = ticket.requests.at_s + self._patience.total_s
        for tries in range(1, self._patience.tries + 1):
            left_s = until - asyncio.get_running_loop().time()
            result = await self._tried(ask.request, provider, limiter, ticket, left_s)
            tried = Tried(tries=tries, result=result)
            if not (isinstance(result, Failure) and self._worthwhile(result, tries)):
                break
            try:
                await self._pause(result, tries, until)
                ticket = await limiter.turn(tokens, until)
            except (Closed, Failure):
                break
            if not self._budget.again(hold, paid=tried.may_be_paid):
                limiter.left()
                break
        return tried

    async def _tried(
        self, request: Request, provider: Provider, limiter: Limiter, ticket: Ticket, left_s: float
    ) -> Answer | Failure:
        start = asyncio.get_running_loop().time()
        try_s = self._patience.try_s
        try:
            reply = await _reply_in_time(provider, request, max(min(left_s, try_s), 1e-3))
        except Failure as failure:
            if failure.kind == "timeout" and left_s < try_s:
                # The rest of the time varies; equal messages let the report group the cases.
                longest_s = min(try_s, self._patience.total_s)
                failure.message = f"no answer within {longest_s:.3g} s"
            limiter.failed(ticket, failure)
            return failure
        finally:
            limiter.left()
        limiter.passed(ticket, reply.limits)
        return replace(reply.answer, latency_s=self._late.latency_s(start))

    def _worthwhile(self, failure: Failure, tries: int) -> bool:
        return failure.retryable and tries < self._patience.tries

    async def _pause(self, failure: Failure, tries: int, until: float) -> None:
        """Full jitter; after a rate limit error the limiter delays all. Raises Closed."""
        if failure.kind == "rate":
            return
        longest_s = min(
            self._patience.first_wait_s * 2 ** (tries - 1), self._patience.longest_wait_s
        )
        wait_s = self._chance.uniform(0.0, longest_s)
        if asyncio.get_running_loop().time() + wait_s >= until:
            raise failure
        await self._closing.sleep(wait_s)


async def _reply_in_time(provider: Provider, request: Request, deadline_s: float) -> Reply:
    """The provider's reply, in time; raises only Failure and PromptopsError."""
    try:
        async with asyncio.timeout(deadline_s + GRACE_S):
            return await provider.ask(request, deadline_s)
    except (Failure, PromptopsError):
        raise
    except TimeoutError:
        message = f"no answer within {deadline_s:.3g} s"
        raise Failure(message=message, kind="timeout", retryable=True) from None
    except Exception as error:  # noqa: BLE001 (a plug-in's error must not lose the other answers)
        # The message may contain the API key.
        message = f"the provider raised {type(error).__name__}"
        raise Failure(message=message, kind="bad_answer") from None


# How late this process is: latencies that it caused itself are not reported.

_LATENESS_TICK_S = 0.02
_NOTED_LATENESS_S = 0.002
_MAX_LATE_SHARE = 0.1


class Lateness:
    """How late the event loop ran its timers; `watch` must be running."""

    def __init__(self) -> None:
        self._due = asyncio.get_running_loop().time() + _LATENESS_TICK_S
        self._late: deque[tuple[float, float]] = deque(maxlen=10_000)

    async def watch(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            self._due = loop.time() + _LATENESS_TICK_S
            await asyncio.sleep(_LATENESS_TICK_S)
            now = loop.time()
            if now - self._due > _NOTED_LATENESS_S:
                self._late.append((now, now - self._due))

    def latency_s(self, start: float) -> float | None:
        """Seconds since `start`; None if this process may have caused a tenth of them."""
        now = asyncio.get_running_loop().time()
        worst_s = max(now - self._due, 0.0)
        for at, late_s in reversed(self._late):
            if at < start:
                break
            worst_s = max(worst_s, late_s)
        return now - start if worst_s <= (now - start) * _MAX_LATE_SHARE else None


# Rate limiting for one address, model and key: as fast as the server allows, and no faster.

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
            self._pace = max(min(self._pace, len(self._lately) / lately_s) / 2, _SLOWEST_PACE)

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
