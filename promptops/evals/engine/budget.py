"""The budget of a run: the worst case is reserved before sending, and settled afterwards.

Also the costs so far, the highest cost of a request, and an estimate for the next round.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import inf
from typing import TYPE_CHECKING, Any

from promptops.analysis.models import find
from promptops.analysis.tokens import estimate as estimate_tokens
from promptops.errors import UsageError
from promptops.evals.cost import answer_cost_usd
from promptops.evals.engine.ask import Ask, Closed, Closing, Payer, Settings
from promptops.evals.providers import OWN
from promptops.model.answer import Usage
from promptops.plurals import counted, usd
from promptops.records import field, record
from promptops.runtime.request.api_limits import APIS

if TYPE_CHECKING:
    from promptops.evals.engine.rate_limiter import Limiter


@record(slots=True, kw_only=True)
class Hold:
    """The reservation for a request: for each try, and for all so far."""

    worst_usd: float
    purses: tuple[Purse, ...]
    held_usd: float = 0.0


class Budget:
    """Money and requests of one round; the ledger has those of earlier rounds."""

    def __init__(self, settings: Settings, closing: Closing, ledger: Ledger) -> None:
        if settings.max_cost_usd is not None:
            ledger.purse.most_usd = settings.max_cost_usd
        self._most_requests = settings.max_requests
        self._closing = closing
        closing.listen(self._wake)
        self._ledger = ledger
        self._line = asyncio.Lock()
        self._news = asyncio.Event()

    async def reserve(self, ask: Ask) -> Hold:
        """Reserve the worst case; once that fails, no later request is reserved either.

        Raises Closed, in the order of the requests. If only the budget of one prompt is used up,
        later requests for others continue.
        """
        purses = self._ledger.purses_of(ask.payer)
        bounded = any(purse.most_usd < inf for purse in purses)
        hold = Hold(worst_usd=worst_cost_usd(ask) if bounded else 0.0, purses=purses)
        async with self._line:
            while (short := self._short(hold)) is not None:
                if short.holds:
                    # Requests under way may cost less than the worst case.
                    self._news.clear()
                    await self._news.wait()
                else:
                    self._ledger.spent(short, hold.worst_usd)
            for purse in purses:
                purse.holds += 1
            self._put_aside(hold)
            return hold

    def again(self, hold: Hold, *, paid: bool) -> bool:
        """Whether one more try is within the budget; `paid`: the last one may have had a cost."""
        affords = all(purse.affords(hold.worst_usd) for purse in hold.purses)
        if self._out_of_requests() or (paid and not affords):
            return False
        if not paid:
            self._hold(hold, -hold.worst_usd)
        self._put_aside(hold)
        return True

    def settle(self, hold: Hold, last_usd: float) -> None:
        """A request is done; its last try had this cost, earlier failed ones the worst case."""
        paid_usd = hold.held_usd - hold.worst_usd + last_usd
        self._hold(hold, -hold.held_usd)
        for purse in hold.purses:
            purse.holds -= 1
            purse.paid_usd += paid_usd
        self._wake()

    def _short(self, hold: Hold) -> Purse | None:
        """The purse that has too little left; raises Closed if nothing more is sent."""
        self._closing.check()
        if self._out_of_requests():
            requests = counted(self._most_requests or 0, "request")
            self._ledger.end(f"the budget of {requests} is spent")
        ends = (self._ledger.ended, *(purse.spent for purse in hold.purses))
        if any(ends):
            raise Closed(next(filter(None, ends)))
        return next((purse for purse in hold.purses if not purse.affords(hold.worst_usd)), None)

    def _out_of_requests(self) -> bool:
        return self._most_requests is not None and self._ledger.requests >= self._most_requests

    def _put_aside(self, hold: Hold) -> None:
        self._ledger.requests += 1
        self._hold(hold, hold.worst_usd)

    def _hold(self, hold: Hold, more_usd: float) -> None:
        hold.held_usd += more_usd
        for purse in hold.purses:
            purse.held_usd += more_usd

    def _wake(self) -> None:
        self._news.set()


def refuse_unpriced(asks: Iterable[Ask], settings: Settings) -> None:
    """Raises UsageError if costs are limited and those of a request are unknown."""
    all_bounded = settings.max_cost_usd is not None
    bounded = [ask for ask in asks if all_bounded or ask.payer.most_usd is not None]
    for ask in bounded:
        if cost_usd(ask, Usage()) is None:
            raise _unbounded_cost(
                ask,
                f"the price of `{ask.profile.id}` is not known",
                "give the profile its price in USD per million tokens: "
                "price = {input = 0.25, output = 2.0}",
            )
        if not has_an_end(ask):
            raise _unbounded_cost(
                ask,
                f"the maximum length of an answer of `{ask.profile.id}` is not known",
                "give the profile its `max_output_tokens`",
            )


def _unbounded_cost(ask: Ask, what: str, hint: str) -> UsageError:
    payer = ask.payer
    asker = f"the judge `{payer.judge}` of `{payer.prompt}`" if payer.judge else f"`{payer.prompt}`"
    who = f": it is called for {asker}" if payer.prompt else ""
    return UsageError(
        f"{what}, so its cost can't be bounded{who}",
        where=f"models.{ask.profile.name}",
        hint=hint,
    )


# The costs of a run so far: one ledger for all its rounds.

INTERRUPTED = "interrupted"
"""The reason if the user ended the run."""


def _ignore(_reason: str) -> None: ...


@record(slots=True, kw_only=True)
class Purse:
    """A budget shared by all requests of a run, or by those for one prompt.

    Attributes:
        prompt: Its id, or "".
        paid_usd: The worst case where the cost is unknown.
        held_usd: The amount reserved for `holds` requests that are under way.
        spent: Why nothing more is paid from it, or "".
    """

    prompt: str = ""
    most_usd: float = inf
    paid_usd: float = 0.0
    held_usd: float = 0.0
    holds: int = 0
    spent: str = ""

    def affords(self, more_usd: float) -> bool:
        """Whether this amount is left."""
        return self.paid_usd + self.held_usd + more_usd <= self.most_usd * (1 + 1e-9)


@record(slots=True, kw_only=True)
class Ledger:
    """The costs of the rounds so far, and what is known about servers.

    Attributes:
        requests: The number of sent requests, including retries.
        purse: The budget of the run.
        purses: The budgets of prompts that have their own, by id.
        limiters: By address, key and model.
        started_s: When the first round began, on the event loop's clock; None before.
        ended: Why nothing more is sent in any round, or "".
        interrupted: The user interrupted the run.
        on_end: Called with the reason as soon as there is one; requests under way continue.
    """

    requests: int = 0
    purse: Purse = field(default_factory=Purse)
    purses: dict[str, Purse] = field(default_factory=dict)
    limiters: dict[tuple[str, str], Limiter] = field(default_factory=dict)
    started_s: float | None = None
    ended: str = ""
    interrupted: bool = False
    on_end: Callable[[str], None] = _ignore

    def purses_of(self, payer: Payer) -> tuple[Purse, ...]:
        """All purses that pay for a request together."""
        if payer.most_usd is None:
            return (self.purse,)
        new = Purse(prompt=payer.prompt, most_usd=payer.most_usd)
        return self.purse, self.purses.setdefault(payer.prompt, new)

    def spent(self, purse: Purse, next_usd: float) -> None:
        """A purse has too little for the next request, so it pays for no later one either."""
        whose = f" for `{purse.prompt}`" if purse.prompt else ""
        purse.spent = (
            f"the budget of {usd(purse.most_usd)}{whose} is spent: {usd(purse.paid_usd)} so far, "
            f"and the next may cost {usd(next_usd)}"
        )
        if purse is self.purse:
            self.end(purse.spent)

    def end(self, reason: str) -> None:
        """Later reasons are ignored."""
        if not self.ended:
            self.ended = reason
            self.on_end(reason)


# The highest cost of a request, known before it is sent.

_ESTIMATE_MARGIN = 1.25  # how far the estimate may be below the provider's own count
_TOKENS_AROUND_A_MESSAGE = 8
_TOKENS_OF_MEDIA = 2_000
_MEDIA_CHARACTERS_A_TOKEN = 16  # of media, in base64
_GEMINI_OPTIONS = APIS["gemini"].options
_LENGTH_LIMIT_NAMES = (
    "max_output_tokens",
    "maxOutputTokens",
    "max_completion_tokens",
    "max_tokens",
)


def has_an_end(ask: Ask) -> bool:
    """Whether the maximum length of its answer is known; for a free one that does not matter.

    Only for a request with a known price.
    """
    return most_output_tokens(ask) is not None or not cost_usd(ask, Usage(output=1_000_000))


def worst_cost_usd(ask: Ask) -> float:
    """The highest cost of one try, as far as it can be known; 0 without a known price."""
    usage = Usage(input=most_input_tokens(ask), output=most_output_tokens(ask) or 0)
    return cost_usd(ask, usage) or 0.0


def cost_usd(ask: Ask, usage: Usage) -> float | None:
    """The cost of an answer; None if the model has no known price."""
    profile = ask.profile
    return answer_cost_usd(usage, profile.provider, profile.id, profile.price)


def most_input_tokens(ask: Ask) -> int:
    """Tokens of the request; the estimate is rather too high than too low."""
    request = ask.request
    beside = [*request.tools, request.response_format] if request.response_format else request.tools
    tokens = sum(_message_tokens(message) for message in request.messages)
    if beside:
        tokens += estimate_tokens(json.dumps(beside, ensure_ascii=False))
    return round(tokens * _ESTIMATE_MARGIN)


def most_output_tokens(ask: Ask) -> int | None:
    """Maximum tokens of the answer, from the request or the model; None if unknown."""
    requested = requested_output_tokens(ask)
    if requested and all(map(_is_bound, _length_limits(ask))):
        return requested
    most = ask.profile.max_output_tokens
    if most is None:
        facts = find(ask.profile.provider, ask.profile.id)
        most = facts.max_output if facts else None
    return None if most is None else max(most, requested)


def requested_output_tokens(ask: Ask) -> int:
    """The longest answer that the request allows; 0 if it sets no limit."""
    return max(filter(_is_bound, _length_limits(ask)), default=0)


def _is_bound(length: Any) -> bool:
    """For some servers -1 means no limit."""
    return isinstance(length, int) and length > 0


def _length_limits(ask: Ask) -> Iterator[Any]:
    """Length limits under any name, even if another name overrides them."""
    request = ask.request
    names = {OWN, ask.profile.provider, *_GEMINI_OPTIONS}
    options = [request.provider_options.get(name) for name in names]
    beside = [option.get("extra_body") for option in options if isinstance(option, Mapping)]
    for part in (request.params, *options, *beside):
        if isinstance(part, Mapping):
            yield from (part[name] for name in _LENGTH_LIMIT_NAMES if part.get(name) is not None)


def _message_tokens(message: Mapping[str, Any]) -> int:
    content = message.get("content")
    parts = content if isinstance(content, list) else [{"type": "text", "text": content or ""}]
    calls = message.get("tool_calls")
    called = estimate_tokens(json.dumps(calls, ensure_ascii=False)) if calls else 0
    return _TOKENS_AROUND_A_MESSAGE + called + sum(_part_tokens(part) for part in parts)


def _part_tokens(part: Mapping[str, Any]) -> int:
    if part.get("type") == "text":
        return estimate_tokens(str(part.get("text", "")))
    return _TOKENS_OF_MEDIA + len(str(part.get("data", ""))) // _MEDIA_CHARACTERS_A_TOKEN


# The estimate for the next round, before anything is sent.


@record(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One try of each request; retries come on top.

    Attributes:
        worst_usd: For the requests with known prices, if each gets its longest answer.
        unpriced: Models without a known price, as their provider names them.
        endless: The priced models whose answers have no known maximum length.
        unlimited: The priced models whose answers neither a request nor the profile limits.
        left_usd: The remaining budget; None for no limit.
        batches: The number of batches that they are submitted in; 0 if each is sent by itself.
    """

    requests: int
    worst_usd: float
    unpriced: tuple[str, ...] = ()
    endless: tuple[str, ...] = ()
    unlimited: tuple[str, ...] = ()
    left_usd: float | None = None
    batches: int = 0


def estimate(asks: Iterable[Ask], settings: Settings, ledger: Ledger) -> Estimate:
    """For the next round of a run; equal requests count once."""
    once = {ask.key: ask for ask in asks}.values()
    most_usd = settings.max_cost_usd
    return Estimate(
        requests=len(once),
        worst_usd=sum(worst_cost_usd(ask) for ask in once if not _is_endless(ask)),
        unpriced=unpriced_models(once),
        endless=endless_models(once),
        unlimited=tuple(dict.fromkeys(ask.profile.id for ask in once if _is_unlimited(ask))),
        left_usd=None if most_usd is None else max(most_usd - ledger.purse.paid_usd, 0.0),
    )


def _is_unlimited(ask: Ask) -> bool:
    limited = requested_output_tokens(ask) or ask.profile.max_output_tokens is not None
    return not limited and worst_cost_usd(ask) > 0


def unpriced_models(asks: Iterable[Ask]) -> tuple[str, ...]:
    """The models without a known price, each once, as their provider names them."""
    return tuple(dict.fromkeys(ask.profile.id for ask in asks if not _is_priced(ask)))


def endless_models(asks: Iterable[Ask]) -> tuple[str, ...]:
    """The models with a known price whose answers have no known maximum length, each once."""
    return tuple(dict.fromkeys(ask.profile.id for ask in asks if _is_endless(ask)))


def _is_priced(ask: Ask) -> bool:
    return cost_usd(ask, Usage()) is not None


def _is_endless(ask: Ask) -> bool:
    return _is_priced(ask) and not has_an_end(ask)
