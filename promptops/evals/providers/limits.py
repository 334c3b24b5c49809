"""What headers say of a server's limits, in the spellings that are in use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from math import isfinite

from promptops.evals.providers import RateLimits, Window
from promptops.patterns import lazy_pattern

_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "requests": (
        "x-ratelimit-{}-requests",
        "anthropic-ratelimit-requests-{}",
        "x-ratelimit-{}",
        "ratelimit-{}",
    ),
    "tokens": ("x-ratelimit-{}-tokens", "anthropic-ratelimit-tokens-{}"),
}
_UNITS_S = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}
_PART = r"(\d+(?:\.\d+)?)(ms|us|µs|[dhms])"
_DURATION = lazy_pattern(rf"(?:{_PART})+")
_COUNT = lazy_pattern(r"\s*(\d{1,15})(?!\d)")
_LONGEST = 48
_DATE_BEGINS_AT = 1e9  # as seconds since 1970 that is 2001, as a duration 31 years


def rate_limits(headers: Mapping[str, str], now_s: float) -> RateLimits:
    """The limits of an answer; `headers` by lower-case names, `now_s` since 1970."""
    return RateLimits(
        requests=_window("requests", headers, now_s), tokens=_window("tokens", headers, now_s)
    )


def retry_after_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """How long to leave a server alone, or None where it does not say."""
    precise = _seconds(headers.get("retry-after-ms", ""), now_s)
    return _seconds(headers.get("retry-after", ""), now_s) if precise is None else precise / 1000


def _window(thing: str, headers: Mapping[str, str], now_s: float) -> Window:
    for spelling in _SPELLINGS[thing]:
        limit = _count(headers.get(spelling.format("limit"), ""))
        if limit:
            return Window(
                limit=limit,
                remaining=_count(headers.get(spelling.format("remaining"), "")),
                reset_s=_seconds(headers.get(spelling.format("reset"), ""), now_s),
            )
    return Window()


def _count(written: str) -> int | None:
    found = _COUNT.match(written)
    return int(found[1]) if found else None


def _seconds(written: str, now_s: float) -> float | None:
    """Seconds from now, for `1s`, `6m0s`, `12`, a time since 1970 and a date; None for others."""
    written = written.strip()
    if len(written) > _LONGEST:
        return None
    if _DURATION.fullmatch(written):
        return sum(float(count) * _UNITS_S[unit] for count, unit in re.findall(_PART, written))
    try:
        number = float(written)
    except ValueError:
        at_s = _date_s(written)
        return None if at_s is None else max(at_s - now_s, 0.0)
    if not isfinite(number) or number < 0:
        return None
    if number >= _DATE_BEGINS_AT * 1000:
        number /= 1000
    return max(number - now_s, 0.0) if number >= _DATE_BEGINS_AT else number


def _date_s(written: str) -> float | None:
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return parse(written).timestamp()
        except (ValueError, OverflowError):
            continue
    return None
