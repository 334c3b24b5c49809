"""Convert errors of the `anthropic` package, and those in responses, to failures.

The messages are not redacted yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anthropic

from promptops.evals.providers import Failure
from promptops.evals.providers.http_api.failures import (
    ErrorBody,
    error_response,
    no_connection,
    status_in,
    timed_out,
)
from promptops.evals.providers.http_api.single_try import Errors
from promptops.evals.providers.http_api.values import mapping, text

_STATUS = {
    "rate_limit_error": 429,
    "timeout_error": 408,
    "api_error": 500,
    "overloaded_error": 529,
}


def _failure(error: Exception, now_s: float) -> Failure:
    """The failure for an error of the package."""
    if isinstance(error, anthropic.APIStatusError):
        headers = error.response.headers
        if error.status_code == 200:  # an error event in a stream
            return failure_in_response(mapping(error.body).get("error"), headers, now_s)
        body = mapping(error.body).get("error")
        return error_response(error.status_code, _body(body), headers, now_s)
    if isinstance(error, anthropic.APITimeoutError):
        return timed_out()
    return no_connection(error)


ERRORS = Errors(base=anthropic.AnthropicError, failure=_failure)


def failure_in_response(error: Any, headers: Mapping[str, str], now_s: float) -> Failure:
    """For an error that comes with status 200, as in a stream; `now_s` is Unix time."""
    body = _body(error)
    status = next((_STATUS[code] for code in body.codes if code in _STATUS), status_in(error))
    return error_response(status, body, headers, now_s)


def _body(error: Any) -> ErrorBody:
    given = mapping(error)
    details = mapping(given.get("details"))
    codes = filter(None, (text(given.get("type")), text(details.get("error_code"))))
    return ErrorBody(message=text(given.get("message")), codes=frozenset(codes))
