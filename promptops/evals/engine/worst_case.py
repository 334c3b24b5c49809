"""The highest cost of a request, known before it is sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from promptops.analysis.models import find
from promptops.analysis.tokens import estimate as estimate_tokens
from promptops.evals.cost import answer_cost_usd
from promptops.evals.engine.ask import Ask, Settings
from promptops.evals.engine.ledger import Ledger
from promptops.evals.providers import OWN
from promptops.model.answer import Usage
from promptops.records import record
from promptops.runtime.request.api_limits import APIS

_ESTIMATED_SHORT = 1.25  # how far the estimate may be below the provider's own count
_AROUND_A_MESSAGE = 8
_MEDIA_TOKENS = 2_000
_CHARACTERS_A_TOKEN = 16  # of media, in base64
_OPTIONS = APIS["gemini"].options
_LENGTHS = ("max_output_tokens", "maxOutputTokens", "max_completion_tokens", "max_tokens")


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
    return round(tokens * _ESTIMATED_SHORT)


def most_output_tokens(ask: Ask) -> int | None:
    """Maximum tokens of the answer, from the request or the model; None if unknown."""
    requested = requested_output_tokens(ask)
    if requested and all(map(_is_bound, _lengths(ask))):
        return requested
    most = ask.profile.max_output_tokens
    if most is None:
        facts = find(ask.profile.provider, ask.profile.id)
        most = facts.max_output if facts else None
    return None if most is None else max(most, requested)


def requested_output_tokens(ask: Ask) -> int:
    """The longest answer that the request allows; 0 if it sets no limit."""
    return max(filter(_is_bound, _lengths(ask)), default=0)


def _is_bound(length: Any) -> bool:
    """For some servers -1 means no limit."""
    return isinstance(length, int) and length > 0


def _lengths(ask: Ask) -> Iterator[Any]:
    """Length limits under any name, even if another name overrides them."""
    request = ask.request
    names = {OWN, ask.profile.provider, *_OPTIONS}
    options = [request.provider_options.get(name) for name in names]
    beside = [option.get("extra_body") for option in options if isinstance(option, Mapping)]
    for part in (request.params, *options, *beside):
        if isinstance(part, Mapping):
            yield from (part[name] for name in _LENGTHS if part.get(name) is not None)


def _message_tokens(message: Mapping[str, Any]) -> int:
    content = message.get("content")
    parts = content if isinstance(content, list) else [{"type": "text", "text": content or ""}]
    calls = message.get("tool_calls")
    called = estimate_tokens(json.dumps(calls, ensure_ascii=False)) if calls else 0
    return _AROUND_A_MESSAGE + called + sum(_part_tokens(part) for part in parts)


def _part_tokens(part: Mapping[str, Any]) -> int:
    if part.get("type") == "text":
        return estimate_tokens(str(part.get("text", "")))
    return _MEDIA_TOKENS + len(str(part.get("data", ""))) // _CHARACTERS_A_TOKEN


@record(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One try of each request; retries come on top.

    Attributes:
        worst_usd: For the requests with known prices, if each gets its longest answer.
        unpriced: Models without a known price, as their provider names them.
        unlimited: The priced models whose answers neither a request nor the profile limits.
        left_usd: The remaining budget; None for no limit.
        batches: The number of batches that they are submitted in; 0 if each is sent by itself.
    """

    requests: int
    worst_usd: float
    unpriced: tuple[str, ...] = ()
    unlimited: tuple[str, ...] = ()
    left_usd: float | None = None
    batches: int = 0


def estimate(asks: Iterable[Ask], settings: Settings, ledger: Ledger) -> Estimate:
    """For the next round of a run; equal requests count once."""
    once = {ask.key: ask for ask in asks}.values()
    most_usd = settings.max_cost_usd
    return Estimate(
        requests=len(once),
        worst_usd=sum(map(worst_cost_usd, once)),
        unpriced=tuple(dict.fromkeys(ask.profile.id for ask in once if not _is_priced(ask))),
        unlimited=tuple(dict.fromkeys(ask.profile.id for ask in once if _is_unlimited(ask))),
        left_usd=None if most_usd is None else max(most_usd - ledger.purse.paid_usd, 0.0),
    )


def _is_unlimited(ask: Ask) -> bool:
    limited = requested_output_tokens(ask) or ask.profile.max_output_tokens is not None
    return not limited and worst_cost_usd(ask) > 0


def _is_priced(ask: Ask) -> bool:
    return cost_usd(ask, Usage()) is not None and has_an_end(ask)
