"""Convert errors of the `openai` package, and those in responses, to failures.

The messages are not redacted yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import openai

from promptops.evals.providers import Failure
from promptops.evals.providers.http_api.failures import (
    ErrorBody,
    error_response,
    no_connection,
    status_in,
    timed_out,
)
from promptops.evals.providers.http_api.single_try import Errors


def _failure(error: Exception, now_s: float) -> Failure:
    """The failure for an error of the package."""
    if isinstance(error, openai.APIStatusError):
        return error_response(error.status_code, _body(error.body), error.response.headers, now_s)
    if isinstance(error, openai.APITimeoutError):
        return timed_out()
    return no_connection(error)


ERRORS = Errors(base=openai.OpenAIError, failure=_failure)


def failure_in_response(error: Any, headers: Mapping[str, str], now_s: float) -> Failure:
    """For an error that a gateway sends with status 200; `now_s` is Unix time."""
    return error_response(status_in(error), _body(error), headers, now_s)


def failure_with_status(status: int, error: Any, now_s: float) -> Failure:
    """For an error in the results of a batch."""
    return error_response(status, _body(error), {}, now_s)


def _body(body: Any) -> ErrorBody:
    error = body if isinstance(body, Mapping) else {}
    message, parameter = error.get("message"), error.get("param")
    return ErrorBody(
        message=message if isinstance(message, str) else "",
        codes={value for name in ("code", "type") if isinstance(value := error.get(name), str)},
        parameter=parameter if isinstance(parameter, str) else "",
    )
