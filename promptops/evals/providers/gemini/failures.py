"""Convert errors of the Gemini API and of the `google-genai` package to failures.

The messages are not redacted yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from google.genai import errors

from promptops.evals.providers import Failure
from promptops.evals.providers.http_api.failures import (
    ErrorBody,
    error_response,
    no_connection,
    status_in,
)
from promptops.evals.providers.http_api.single_try import Errors
from promptops.evals.providers.http_api.values import items, mapping, text
from promptops.runtime.loading.server_time import seconds_from

_DAILY = "PerDay"
"""In the id of a quota that is used up until the next day."""


def failure_in(body: Any, status: int, headers: Mapping[str, str], now_s: float) -> Failure:
    """For the body of an error response, or of an error in a stream; `now_s` is Unix time."""
    first = body[0] if isinstance(body, list) and body else body
    error = mapping(mapping(first).get("error"))
    details = items(error.get("details"))
    status = status if status != 200 else status_in(error)
    failure = error_response(status, _error_body(error, details), headers, now_s)
    if failure.retry_after_s is None:
        failure.retry_after_s = _retry_delay_s(details, now_s)
    return failure


def _failure(error: Exception, now_s: float) -> Failure:
    """The failure for an error event in a stream; error responses don't reach the package."""
    if isinstance(error, errors.APIError):
        return failure_in(error.details, 200, {}, now_s)
    return no_connection(error)


ERRORS = Errors(base=errors.APIError, failure=_failure)


def _error_body(error: Mapping[str, Any], details: list[Mapping[str, Any]]) -> ErrorBody:
    codes = {text(error.get("status")), *(text(detail.get("reason")) for detail in details)}
    if any(_DAILY in quota for quota in _values(details, "violations", "quotaId")):
        codes.add("insufficient_quota")
    return ErrorBody(
        message=text(error.get("message")),
        codes=codes,
        parameter=next(_values(details, "fieldViolations", "field"), ""),
    )


def _values(details: list[Mapping[str, Any]], list_name: str, name: str) -> Iterator[str]:
    """Strings in the lists of all details."""
    for detail in details:
        for item in items(detail.get(list_name)):
            if text(item.get(name)):
                yield text(item.get(name))


def _retry_delay_s(details: list[Mapping[str, Any]], now_s: float) -> float | None:
    """Seconds in a `RetryInfo`, or None."""
    for detail in details:
        if text(detail.get("@type")).endswith("RetryInfo"):
            return seconds_from(text(detail.get("retryDelay")), now_s)
    return None
