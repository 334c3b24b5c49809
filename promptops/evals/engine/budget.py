"""What a run may cost: the worst case is put aside before sending, and settled afterwards."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from promptops.analysis.models import find
from promptops.analysis.tokens import estimate
from promptops.errors import UsageError
from promptops.evals.cost import answer_cost_usd
from promptops.evals.engine.ask import Ask, Settings
from promptops.evals.engine.closing import Closed, Closing
from promptops.evals.engine.ledger import Ledger
from promptops.model.answer import Usage

_ESTIMATED_SHORT = 1.25  # how far the estimate may be below the provider's own count
_AROUND_A_MESSAGE = 8
_MEDIA_TOKENS = 2_000
_CHARACTERS_A_TOKEN = 16  # of media, in base64


@dataclass(slots=True, kw_only=True)
class Hold:
    """What is put aside for an ask: for each try, and for all so far."""

    worst_usd: float
    held_usd: float


class Budget:
    """Money and requests of one round; what earlier ones took stands in the ledger."""

    def __init__(self, settings: Settings, closing: Closing, ledger: Ledger) -> None:
        self._most_usd = settings.max_cost_usd
        self._most_requests = settings.max_requests
        self._closing = closing
        closing.listen(self._tell)
        self._ledger = ledger
        self._line = asyncio.Lock()
        self._news = asyncio.Event()
        self._holds = 0
        self._held_usd = 0.0

    async def reserve(self, ask: Ask) -> Hold:
        """Put the worst case aside; once that can't be done, for no later ask either.

        Raises Closed, in the order of asking.
        """
        worst_usd = 0.0 if self._most_usd is None else worst_cost_usd(ask)
        async with self._line:
            while not self._fits(worst_usd):
                # What is under way may turn out cheaper than feared.
                if not self._holds:
                    paid_usd = self._ledger.paid_usd
                    self._ledger.end(_money_spent(self._most_usd or 0.0, paid_usd, worst_usd))
                    continue
                self._news.clear()
                await self._news.wait()
            hold = Hold(worst_usd=worst_usd, held_usd=0.0)
            self._holds += 1
            self._put_aside(hold)
            return hold

    def again(self, hold: Hold, *, paid: bool) -> bool:
        """Whether one more try is in the budget; `paid`: the last one may have cost something."""
        if self._out_of_requests() or (paid and not self._affords(hold.worst_usd)):
            return False
        if not paid:
            self._held_usd -= hold.worst_usd
            hold.held_usd -= hold.worst_usd
        self._put_aside(hold)
        return True

    def settle(self, hold: Hold, last_usd: float) -> None:
        """An ask is done, and its last try cost so much; earlier ones that failed as feared."""
        self._holds -= 1
        self._held_usd -= hold.held_usd
        self._ledger.paid_usd += hold.held_usd - hold.worst_usd + last_usd
        self._tell()

    def _fits(self, worst_usd: float) -> bool:
        self._closing.check()
        if self._out_of_requests():
            requests = (
                "1 request" if self._most_requests == 1 else f"{self._most_requests:,} requests"
            )
            self._ledger.end(f"the budget of {requests} is spent")
        if self._ledger.ended:
            raise Closed(self._ledger.ended)
        return self._affords(worst_usd)

    def _out_of_requests(self) -> bool:
        return self._most_requests is not None and self._ledger.requests >= self._most_requests

    def _affords(self, more_usd: float) -> bool:
        if self._most_usd is None:
            return True
        feared_usd = self._ledger.paid_usd + self._held_usd + more_usd
        return feared_usd <= self._most_usd * (1 + 1e-9)

    def _put_aside(self, hold: Hold) -> None:
        self._ledger.requests += 1
        self._held_usd += hold.worst_usd
        hold.held_usd += hold.worst_usd

    def _tell(self) -> None:
        self._news.set()


def refuse_unpriced(asks: Iterable[Ask], settings: Settings) -> None:
    """Raises UsageError where costs are bounded and those of an ask can't be known."""
    if settings.max_cost_usd is None:
        return
    for ask in {ask.profile.name: ask for ask in asks}.values():
        where = f"models.{ask.profile.name}"
        if cost_usd(ask, Usage()) is None:
            raise UsageError(
                f"the price of `{ask.profile.id}` is not known, so its cost can't be bounded",
                where=where,
                hint="give the profile its price in USD per million tokens: "
                "price = {input = 0.25, output = 2.0}",
            )
    for ask in asks:
        if not has_an_end(ask):
            raise UsageError(
                f"how long an answer of `{ask.profile.id}` gets is not known, "
                "so its cost can't be bounded",
                where=f"models.{ask.profile.name}",
                hint="give the profile its `max_output_tokens`",
            )


def has_an_end(ask: Ask) -> bool:
    """Whether it is known how long its answer gets at most; of a free one that makes no difference.

    Only for an ask of a known price.
    """
    return most_output_tokens(ask) is not None or not cost_usd(ask, Usage(output=1_000_000))


def worst_cost_usd(ask: Ask) -> float:
    """What one try costs at most, as far as that can be told; 0 where no price is known."""
    usage = Usage(input=most_input_tokens(ask), output=most_output_tokens(ask) or 0)
    return cost_usd(ask, usage) or 0.0


def cost_usd(ask: Ask, usage: Usage) -> float | None:
    """What an answer cost; None where the model has no known price."""
    profile = ask.profile
    return answer_cost_usd(usage, profile.provider, profile.id, profile.price)


def most_input_tokens(ask: Ask) -> int:
    """Tokens of the request, estimated rather too many than too few."""
    request = ask.request
    beside = [*request.tools, request.response_format] if request.response_format else request.tools
    tokens = sum(_message_tokens(message) for message in request.messages)
    if beside:
        tokens += estimate(json.dumps(beside, ensure_ascii=False))
    return round(tokens * _ESTIMATED_SHORT)


def most_output_tokens(ask: Ask) -> int | None:
    """Tokens of the answer: as the prompt says, or as many as the model gives; None if unknown."""
    said = ask.request.params.get("max_output_tokens")
    if isinstance(said, int):
        return said
    if ask.profile.max_output_tokens is not None:
        return ask.profile.max_output_tokens
    facts = find(ask.profile.provider, ask.profile.id)
    return facts.max_output if facts else None


def _message_tokens(message: Mapping[str, Any]) -> int:
    content = message.get("content")
    parts = content if isinstance(content, list) else [{"type": "text", "text": content or ""}]
    calls = message.get("tool_calls")
    called = estimate(json.dumps(calls, ensure_ascii=False)) if calls else 0
    return _AROUND_A_MESSAGE + called + sum(_part_tokens(part) for part in parts)


def _part_tokens(part: Mapping[str, Any]) -> int:
    if part.get("type") == "text":
        return estimate(str(part.get("text", "")))
    return _MEDIA_TOKENS + len(str(part.get("data", ""))) // _CHARACTERS_A_TOKEN


def _money_spent(most_usd: float, paid_usd: float, worst_usd: float) -> str:
    return (
        f"the budget of ${most_usd:.4g} is spent: ${paid_usd:.4g} so far, "
        f"and the next may cost ${worst_usd:.4g}"
    )
