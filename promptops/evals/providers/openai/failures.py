"""Convert errors to failures, in our words and the server's, and parse rate limit headers.

The messages are not redacted yet.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import openai

from promptops.evals.providers import Failure, FailureKind, RateLimits, Window
from promptops.patterns import lazy_pattern
from promptops.runtime.loading.server_time import seconds_from

_FILTERED = frozenset({"content_filter", "content_policy_violation"})
_UNPAID = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


def failure_of(error: Exception, now_s: float) -> Failure:
    """The failure for an error of the package or of its libraries."""
    if isinstance(error, openai.APIStatusError):
        headers = {name.lower(): value for name, value in error.response.headers.items()}
        failure = _refusal(error.status_code, error.body, rate_limits(headers, now_s))
        failure.retry_after_s = retry_after_s(headers, now_s)
        return failure
    if isinstance(error, openai.APITimeoutError):
        return Failure(message="the connection timed out", kind="timeout", retryable=True)
    return Failure(message=_why(error), kind="connection", retryable=True)


def _why(error: BaseException) -> str:
    """The operating system's message about a connection, otherwise the library's."""
    for cause in _causes(error):
        if isinstance(cause, ConnectionError) and cause.errno:
            return os.strerror(cause.errno).lower()
    cause = error.__cause__ or error
    why = ": ".join(filter(None, (type(cause).__name__, str(cause))))
    return f"the connection failed: {why}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and its causes; for several attempts those of the first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        attempts = cause.exceptions if isinstance(cause, BaseExceptionGroup) else ()
        cause = attempts[0] if attempts else cause.__cause__ or cause.__context__


def failure_in_response(error: Any, limits: RateLimits) -> Failure:
    """For an error that a gateway sends with status 200."""
    code = error.get("code") if isinstance(error, Mapping) else None
    status = code if isinstance(code, int) and 400 <= code < 600 else 200
    return _refusal(status, error, limits)


def bad_answer(why: str) -> Failure:
    return Failure(message=f"the answer {why}", kind="bad_answer")


def _refusal(status: int, body: Any, limits: RateLimits) -> Failure:
    error = body if isinstance(body, Mapping) else {}
    codes = {value for name in ("code", "type") if isinstance(value := error.get(name), str)}
    sentence = error.get("message")
    details = f": {sentence}" if isinstance(sentence, str) and sentence else ""
    parameter = error.get("param")
    if isinstance(parameter, str) and parameter and parameter not in details:
        details += f" (`{parameter}`)"
    if 300 <= status < 400:
        details = ": it redirects, and the API key is sent only to `base_url`"
    return Failure(
        message=f"the server answered with status {status}{details}",
        kind=_kind(status, codes),
        retryable=(status in (408, 409, 429) or status >= 500) and not codes & _UNPAID,
        limits=limits,
    )


def _kind(status: int, codes: set[str]) -> FailureKind:
    if codes & _FILTERED:
        return "content_filter"
    if status == 429 and not codes & _UNPAID:
        return "rate"
    if status == 408:
        return "timeout"
    return "server" if status >= 500 else "refused"


_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "requests": (
        "x-ratelimit-{}-requests",
        "anthropic-ratelimit-requests-{}",
        "x-ratelimit-{}",
        "ratelimit-{}",
    ),
    "tokens": ("x-ratelimit-{}-tokens", "anthropic-ratelimit-tokens-{}"),
}
_COUNT = lazy_pattern(r"\s*(\d{1,15})(?!\d)")


def rate_limits(headers: Mapping[str, str], now_s: float) -> RateLimits:
    """The limits in a response; `headers` by lower-case names, `now_s` is Unix time."""
    return RateLimits(
        requests=_window("requests", headers, now_s), tokens=_window("tokens", headers, now_s)
    )


def retry_after_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """Seconds that the server asks clients to wait, or None if it does not say."""
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
