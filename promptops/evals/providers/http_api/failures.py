"""Failures of calls: error responses and broken connections, in our words and the server's.

The messages are not redacted yet.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from promptops.evals.providers import Failure, FailureKind
from promptops.evals.providers.http_api.rate_headers import rate_limits, retry_after_s
from promptops.records import record

_FILTERED = frozenset({"content_filter", "content_policy_violation"})
_UNPAID = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_error",
        "contract_spend_limit_reached",
        "enforced_spend_limit_reached",
    }
)


@record(frozen=True, slots=True, kw_only=True)
class ErrorBody:
    """The error in a response.

    Attributes:
        message: For people, or "".
        codes: All codes and types by which clients can recognize it.
        parameter: The parameter of the request that the server refuses, or "".
    """

    message: str = ""
    codes: Collection[str] = ()
    parameter: str = ""


def bad_answer(why: str) -> Failure:
    """`why` completes "the answer …"."""
    return Failure(message=f"the answer {why}", kind="bad_answer")


def interrupted() -> Failure:
    """A stream ended before its last event."""
    message = "the stream ended before the answer was complete"
    return Failure(message=message, kind="connection", retryable=True)


def error_response(
    status: int, error: ErrorBody, headers: Mapping[str, str], now_s: float
) -> Failure:
    """For a response with an error; `headers` in any spelling, `now_s` is Unix time."""
    headers = {name.lower(): value for name, value in headers.items()}
    unpaid = not _UNPAID.isdisjoint(error.codes)
    return Failure(
        message=f"the server answered with status {status}{_details(status, error)}",
        kind=_kind(status, error.codes),
        retryable=(status in (408, 409, 429) or status >= 500) and not unpaid,
        retry_after_s=retry_after_s(headers, now_s),
        limits=rate_limits(headers, now_s),
    )


def status_in(error: Any) -> int:
    """The status that a gateway writes into an error that it sends with status 200, or 200."""
    code = error.get("code") if isinstance(error, Mapping) else None
    return code if isinstance(code, int) and 400 <= code < 600 else 200


def _details(status: int, error: ErrorBody) -> str:
    if 300 <= status < 400:
        return ": it redirects, and the API key is sent only to `base_url`"
    details = f": {error.message}" if error.message else ""
    if error.parameter and error.parameter not in error.message:
        details += f" (`{error.parameter}`)"
    return details


def _kind(status: int, codes: Collection[str]) -> FailureKind:
    if not _FILTERED.isdisjoint(codes):
        return "content_filter"
    if status == 429 and _UNPAID.isdisjoint(codes):
        return "rate"
    if status == 408:
        return "timeout"
    return "server" if status >= 500 else "refused"


def timed_out() -> Failure:
    """A connection was not established, or was silent, for too long."""
    return Failure(message="the connection timed out", kind="timeout", retryable=True)


def no_connection(error: BaseException) -> Failure:
    """For an error of the SDK, or of its HTTP library, without a response."""
    for cause in _causes(error):
        if isinstance(cause, Failure):  # raised by our own hook, and wrapped by the SDK
            return cause
    return Failure(message=_why(error), kind="connection", retryable=True)


def _why(error: BaseException) -> str:
    """The operating system's message about a connection, otherwise the library's."""
    for cause in _causes(error):
        if isinstance(cause, ConnectionRefusedError):
            return "connection refused: is the server running?"
        if isinstance(cause, ConnectionError) and cause.errno:
            return os.strerror(cause.errno).lower()
        if isinstance(cause, socket.gaierror):
            return "the host is not found"
        if str(cause).startswith(_CLOSED):
            return "the server closed the connection"
    cause = error.__cause__ or error
    why = ": ".join(filter(None, (type(cause).__name__, str(cause))))
    return f"the connection failed: {why}"


_CLOSED = ("peer closed connection", "Server disconnected")
"""How the HTTP library begins these messages."""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and its causes; for several attempts those of the first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        attempts = cause.exceptions if isinstance(cause, BaseExceptionGroup) else ()
        cause = attempts[0] if attempts else cause.__cause__ or cause.__context__
