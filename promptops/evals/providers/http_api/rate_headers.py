"""Parse the headers in which servers send their rate limits."""

from __future__ import annotations

from collections.abc import Mapping

from promptops.evals.providers import RateLimits, Window
from promptops.patterns import lazy_pattern
from promptops.runtime.loading.server_time import seconds_from

_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "requests": (
        "x-ratelimit-{}-requests",
        "anthropic-ratelimit-requests-{}",
        "x-ratelimit-{}",
        "ratelimit-{}",
    ),
    "tokens": (
        "x-ratelimit-{}-tokens",
        "anthropic-ratelimit-tokens-{}",
        "anthropic-ratelimit-input-tokens-{}",
    ),
}
_COUNT = lazy_pattern(r"\s*(\d{1,15})(?!\d)")


def rate_limits(headers: Mapping[str, str], now_s: float) -> RateLimits:
    """The limits in a response; `headers` by lower-case names, `now_s` is Unix time."""
    return RateLimits(
        requests=_window("requests", headers, now_s), tokens=_window("tokens", headers, now_s)
    )


def retry_after_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """Seconds that the server asks clients to wait, or None if it sends no such header."""
    precise = seconds_from(headers.get("retry-after-ms", ""), now_s)
    return (
        seconds_from(headers.get("retry-after", ""), now_s) if precise is None else precise / 1000
    )


def _window(thing: str, headers: Mapping[str, str], now_s: float) -> Window:
    for spelling in _SPELLINGS[thing]:
        limit = _count(headers.get(spelling.format("limit"), ""))
        if limit:
            return Window(
                limit=limit,
                remaining=_count(headers.get(spelling.format("remaining"), "")),
                reset_s=seconds_from(headers.get(spelling.format("reset"), ""), now_s),
            )
    return Window()


def _count(written: str) -> int | None:
    found = _COUNT.match(written)
    return int(found[1]) if found else None
