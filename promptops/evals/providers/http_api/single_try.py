"""One try of a request, whose every error is a Failure without the API key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import time
from typing import TypeVar

import httpx2

from promptops.evals.providers import Failure
from promptops.evals.providers.http_api.failures import no_connection, timed_out
from promptops.evals.providers.redaction import redacted
from promptops.records import record

T = TypeVar("T")


@record(frozen=True, slots=True, kw_only=True)
class Errors:
    """The errors of an SDK.

    Attributes:
        base: The class of all its errors.
        failure: The failure for one of them; also gets the Unix time.
    """

    base: type[Exception]
    failure: Callable[[Exception, float], Failure]


async def single_try(
    reply: Awaitable[T], deadline_s: float, errors: Errors, secrets: tuple[str, ...]
) -> T:
    """The reply, within the deadline; raises Failure, and nothing else for bad responses."""
    failure: Failure
    try:
        async with asyncio.timeout(deadline_s):
            return await reply
    except Failure as original:
        failure = original
    except TimeoutError:
        message = f"no answer within {deadline_s:.3g} s"
        failure = Failure(message=message, kind="timeout", retryable=True)
    except errors.base as error:
        failure = errors.failure(error, time())
    except httpx2.TimeoutException:
        failure = timed_out()
    except (httpx2.HTTPError, httpx2.StreamError) as error:
        failure = no_connection(error)
    except (ValueError, TypeError) as error:  # raised while body and headers are encoded
        failure = Failure(message=f"the request can't be sent: {error}", kind="refused")
    failure.message = redacted(failure.message, secrets)
    failure.__context__ = None
    raise failure  # not in an `except`: the caught error contains the headers
