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
from promptops.evals.engine.rate_limiter import Limiter, Ticket
from promptops.evals.providers import Failure, Provider, Reply
from promptops.model.answer import Answer, Usage
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request, provider_name
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
    interrupt: Interrupt | None = None,
) -> tuple[Outcome, ...]:
    """`ask_all` in its own event loop. The first Ctrl-C ends it in order, the second at once."""
    interrupt = interrupt or Interrupt()

    async def run() -> tuple[Outcome, ...]:
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
    name = provider_name(profile.provider)
    parts = (name, profile.base_url, profile.api_key_env, dict(profile.headers))
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
