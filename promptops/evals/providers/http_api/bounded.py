"""Responses of a limited size."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2

from promptops.evals.providers.http_api.failures import bad_answer

MOST_BYTES = 8 * 2**20
MOST_FILE_BYTES = 1024 * 2**20


async def bounded(response: httpx2.Response) -> None:
    """Limit the size of a response; raises Failure if its headers already exceed the limit.

    Also raises it for a web page.
    """
    if response.is_success and _type(response) == "text/html":
        raise bad_answer("is a web page (text/html): is the address right?")
    _limit(response, MOST_BYTES)


async def bounded_file(response: httpx2.Response) -> None:
    """As `bounded`, for a file with the results of many requests."""
    _limit(response, MOST_FILE_BYTES)


def _limit(response: httpx2.Response, most: int) -> None:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        # A few bytes could unpack to gigabytes, and no compression was requested.
        raise bad_answer("is compressed, although no compression was requested")
    length = response.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > 15 or int(length) > most):
        raise _too_large(most)
    stream = response.stream
    if isinstance(stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(stream, most)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, most: int) -> None:
        self._stream = stream
        self._most = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for piece in self._stream:
            read += len(piece)
            if read > self._most:
                raise _too_large(self._most)
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


def _too_large(most: int) -> Exception:
    return bad_answer(f"is larger than {most // 2**20} MB")


def json_value(content: bytes) -> Any:
    """The JSON value of a response; raises Failure for anything else."""
    try:
        return json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        raise bad_answer("is not JSON") from None


def json_object(content: bytes) -> dict[str, Any]:
    """The JSON object of a response; raises Failure for anything else."""
    value = json_value(content)
    if not isinstance(value, dict):
        raise bad_answer("is not an object")
    return value


def is_json(response: httpx2.Response) -> bool:
    """Whether a response is one JSON object and not a stream of events."""
    return _type(response) == "application/json"


def _type(response: httpx2.Response) -> str:
    kind: str = response.headers.get("content-type", "")
    return kind.partition(";")[0].strip().lower()
