"""Calls of a batch API through the client of a provider's SDK."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx2

from promptops.evals.providers import Failure
from promptops.evals.providers.http_api.bounded import MOST_BYTES, json_object
from promptops.evals.providers.http_api.failures import bad_answer
from promptops.evals.providers.http_api.single_try import Errors, single_try
from promptops.patterns import lazy_pattern
from promptops.plurals import counted

_NO_SUCH_PATH = (404, 405, 501)
_ID = lazy_pattern(r"[\w.:-]{1,200}")


class BatchApi:
    """The client of an SDK; the responses are parsed here.

    Every method raises Failure, and nothing else for bad responses.
    """

    def __init__(
        self, client: Any, stream_class: type[Any], errors: Errors, secrets: tuple[str, ...]
    ) -> None:
        """`client` is an asynchronous client of the SDK, `stream_class` its class of streams."""
        self._client = client
        self._stream_class = stream_class
        self._errors = errors
        self._secrets = secrets

    async def get(self, path: str, deadline_s: float) -> dict[str, Any]:
        """The JSON object at a path."""
        return await self._tried(self._client.get(path, cast_to=httpx2.Response), deadline_s)

    async def post(self, path: str, deadline_s: float, **arguments: Any) -> dict[str, Any]:
        """The JSON object that a server answers; `arguments` as the SDK takes them."""
        call = self._client.post(path, cast_to=httpx2.Response, **arguments)
        return await self._tried(call, deadline_s)

    async def begin(self, path: str, deadline_s: float, **arguments: Any) -> dict[str, Any]:
        """As `post`; a server without this path has no batch API: a failure `unsupported`."""

        async def call() -> httpx2.Response:
            try:
                found: httpx2.Response = await self._client.post(
                    path, cast_to=httpx2.Response, **arguments
                )
            except self._errors.base as error:
                status = getattr(error, "status_code", None)
                if status in _NO_SUCH_PATH:
                    message = f"the server has no batch API: status {status} for {path}"
                    raise Failure(message=message, kind="unsupported") from None
                raise
            return found

        return await self._tried(call(), deadline_s)

    async def lines(self, path: str, deadline_s: float) -> AsyncIterator[Mapping[str, Any]]:
        """The objects in a file with one JSON object in each line.

        Raises Failure after the readable ones if a line is damaged, or the file breaks off.
        """
        reading = _Lines()
        stream = await self._single(
            self._client.get(path, cast_to=object, stream=True, stream_cls=self._stream_class),
            deadline_s,
        )
        pieces = stream.response.aiter_bytes()
        try:
            while piece := await self._single(anext(pieces, b""), deadline_s):
                for value in reading.values(piece):
                    yield value
        finally:
            await stream.close()
        for value in reading.values(b"\n"):
            yield value
        if reading.damaged:
            raise bad_answer(f"has {counted(reading.damaged, 'result')} that can't be read")

    async def close(self) -> None:
        """Close connections."""
        await self._client.close()

    async def _tried(self, call: Any, deadline_s: float) -> dict[str, Any]:
        async def parsed() -> dict[str, Any]:
            return json_object((await call).content)

        found: dict[str, Any] = await self._single(parsed(), deadline_s)
        return found

    async def _single(self, call: Any, deadline_s: float) -> Any:
        return await single_try(call, deadline_s, self._errors, self._secrets)


class _Lines:
    """Splits pieces of a file at newlines only: other line separators are a part of a string."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self.damaged = 0

    def values(self, piece: bytes) -> list[Mapping[str, Any]]:
        """The objects of the lines that a piece completes."""
        *ends, rest = piece.split(b"\n")
        lines = []
        for end in ends:
            lines.append(bytes(self._rest + end))
            self._rest.clear()
        self._rest += rest
        if len(self._rest) > MOST_BYTES:
            raise bad_answer(f"has a line of over {MOST_BYTES >> 20} MB")
        return [value for line in lines if line.strip() for value in self._parsed(line)]

    def _parsed(self, line: bytes) -> list[Mapping[str, Any]]:
        try:
            value = json.loads(line.decode("utf-8"))
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            return [value]
        self.damaged += 1
        return []


def path_of(*parts: str) -> str:
    """A path with ids that a server sent; raises Failure for one that is not an id."""
    for part in parts:
        if not (_ID.fullmatch(part) and part.strip(".")):
            raise bad_answer("has an id with invalid characters")
    return "/" + "/".join(quote(part, safe="") for part in parts)


def request_line(value: Mapping[str, Any]) -> bytes:
    """A request as one line of ASCII; raises Failure if JSON can't express it."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()  # no lone surrogate
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode("ascii")
    except (ValueError, TypeError, RecursionError) as error:
        message = f"the request can't be sent: {error}"
        raise Failure(message=message, kind="refused") from None
