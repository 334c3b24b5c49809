"""Send one request, with retries until it is answered or retrying is pointless."""

from __future__ import annotations

import asyncio
from collections import deque

from promptops.errors import PromptopsError
from promptops.evals.engine.ask import Ask, Settings
from promptops.evals.engine.budget import Budget, Hold
from promptops.evals.engine.early_end import Closed, Closing
from promptops.evals.engine.limiter import Limiter, Ticket
from promptops.evals.engine.worst_case import most_input_tokens, requested_output_tokens
from promptops.evals.providers import Failure, Provider, Reply
from promptops.model.answer import Answer
from promptops.model.request import Request
from promptops.records import record, replace

_TICK_S = 0.02
_NOTED_S = 0.002
_SHARE = 0.1


class Lateness:
    """How late the event loop ran its timers; `watch` must be running."""

    def __init__(self) -> None:
        self._due = asyncio.get_running_loop().time() + _TICK_S
        self._late: deque[tuple[float, float]] = deque(maxlen=10_000)

    async def watch(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            self._due = loop.time() + _TICK_S
            await asyncio.sleep(_TICK_S)
            now = loop.time()
            if now - self._due > _NOTED_S:
                self._late.append((now, now - self._due))

    def latency_s(self, start: float) -> float | None:
        """Seconds since `start`; None if this process may have caused a tenth of them."""
        now = asyncio.get_running_loop().time()
        worst_s = max(now - self._due, 0.0)
        for at, late_s in reversed(self._late):
            if at < start:
                break
            worst_s = max(worst_s, late_s)
        return now - start if worst_s <= (now - start) * _SHARE else None


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
