"""One client of the `openai` package for a whole run; responses are parsed here.

The package's own response classes cost half of the time of a request, and accept any shape.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from time import time
from typing import Any

import httpx2
import openai

from promptops.errors import UsageError
from promptops.evals.providers import ADDRESS, OWN, Failure, OnText, RateLimits, Reply, api_of
from promptops.evals.providers.openai.apis import APIS, Api, mapping
from promptops.evals.providers.openai.failures import (
    bad_answer,
    failure_in_response,
    failure_of,
    rate_limits,
)
from promptops.evals.providers.openai.streaming import STREAMING, StreamedBody
from promptops.evals.providers.redaction import redacted, secrets_of
from promptops.model.config import ModelProfile
from promptops.model.request import Request
from promptops.records import replace

CONNECT_S = 10.0
_NO_KEY = "no-key"  # the package requires one, also for servers without keys


class OpenAI:
    """Calls one address with one key; see `Provider`."""

    def __init__(self, profile: ModelProfile, key: str | None) -> None:
        """Raises UsageError if the profile's address is invalid."""
        try:
            self._secrets = secrets_of(profile, key)
            self._client = _client(profile, key)
        except (ValueError, httpx2.InvalidURL):
            raise UsageError(
                "this is not a valid address", where=f"models.{profile.name}.base_url"
            ) from None

    async def ask(self, request: Request, deadline_s: float) -> Reply:
        return await self._safely(self._reply(request, deadline_s), deadline_s)

    async def stream(self, request: Request, deadline_s: float, on_text: OnText) -> Reply:
        return await self._safely(self._streamed(request, deadline_s, on_text), deadline_s)

    async def _safely(self, answering: Awaitable[Reply], deadline_s: float) -> Reply:
        """Raises Failure for every error, without secrets."""
        failure: Failure
        try:
            return await answering
        except Failure as original:
            failure = original
        except TimeoutError:
            message = f"no answer within {deadline_s:.3g} s"
            failure = Failure(message=message, kind="timeout", retryable=True)
        except (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError) as error:
            failure = failure_of(error, time())
        except (
            ValueError,
            TypeError,
        ) as error:  # raised while the body and the headers are encoded
            failure = Failure(message=f"the request can't be sent: {error}", kind="refused")
        failure.message = redacted(failure.message, self._secrets)
        failure.__context__ = None
        raise failure  # not in an `except`: the caught error contains the headers

    async def close(self) -> None:
        await self._client.close()

    async def _reply(self, request: Request, deadline_s: float) -> Reply:
        api = _api(request)
        arguments = _body(api.arguments(_without_api(request)))
        async with asyncio.timeout(deadline_s):
            response = await self._client.post(api.path, cast_to=httpx2.Response, body=arguments)
        limits = rate_limits(response.headers, time())
        return Reply(answer=api.answer(_parsed(response, limits)), limits=limits)

    async def _streamed(self, request: Request, deadline_s: float, on_text: OnText) -> Reply:
        api, streaming = _api(request), STREAMING.get(api_of(request))
        if streaming is None:
            reply = await self._reply(request, deadline_s)
            on_text(reply.answer.text)
            return reply
        body = {**_body(api.arguments(_without_api(request))), **streaming.options}
        async with asyncio.timeout(deadline_s), await self._open(api, body) as stream:
            limits = rate_limits(stream.response.headers, time())
            if _is_whole(stream.response):
                await stream.response.aread()
                answer = api.answer(_parsed(stream.response, limits))
                on_text(answer.text)
            else:
                answer = api.answer(await _joined(stream, streaming.body(on_text), limits))
        return Reply(answer=answer, limits=limits)

    async def _open(self, api: Api, body: dict[str, Any]) -> openai.AsyncStream[object]:
        """A stream of events, each as parsed JSON."""
        return await self._client.post(
            api.path,
            cast_to=object,
            body=body,
            stream=True,
            stream_cls=openai.AsyncStream[object],
        )


def _api(request: Request) -> Api:
    name = api_of(request)
    api = APIS.get(name)
    if api is None:
        message = f"there is no API `{name}`; expected one of {', '.join(APIS)}"
        raise Failure(message=message, kind="refused")
    _refuse_another_request(request)
    return api


def _is_whole(response: httpx2.Response) -> bool:
    """Whether a server answered with one JSON object, although a stream was requested."""
    kind: str = response.headers.get("content-type", "")
    return kind.partition(";")[0].strip().lower() == "application/json"


async def _joined(
    events: AsyncIterator[object], body: StreamedBody, limits: RateLimits
) -> dict[str, Any]:
    """The body that the events of a stream are parts of; raises Failure if one is missing."""
    try:
        async for event in events:
            body.add(mapping(event))
    except (ValueError, RecursionError):
        raise bad_answer("is a stream of something other than JSON") from None
    except openai.APIError as error:
        if error.body is None:
            raise
        raise failure_in_response(error.body, limits) from None
    return body.whole()


def _client(profile: ModelProfile, key: str | None) -> openai.AsyncOpenAI:
    address = httpx2.URL(profile.base_url or ADDRESS)
    client = openai.AsyncOpenAI(
        api_key=key or _NO_KEY,
        base_url=address.copy_with(username="", password=""),  # addresses are written into logs
        max_retries=0,
        http_client=openai.DefaultAsyncHttpxClient(
            timeout=httpx2.Timeout(None, connect=CONNECT_S),
            auth=(address.username, address.password) if address.userinfo else None,
            follow_redirects=False,  # the API key is sent only to the configured address
            event_hooks={"response": [bounded]},
        ),
    )
    # Values that the package reads from the environment may be for another address.
    client._custom_headers = {"Accept-Encoding": "identity", **profile.headers}
    if profile.base_url is not None:
        client.organization = client.project = None
    return client


def _refuse_another_request(request: Request) -> None:
    """Raises Failure if an option contradicts the request, on which the budget is based."""
    options = request.provider_options.get(OWN, {})
    for name in ("model", "messages", "input"):
        if name in options or name in (options.get("extra_body") or {}):
            message = f"`{name}` in `provider_options.{OWN}` contradicts the prompt"
            raise Failure(message=message, kind="refused")


def _without_api(request: Request) -> Request:
    options = {
        key: value for key, value in request.provider_options.get(OWN, {}).items() if key != "api"
    }
    return replace(request, provider_options={**request.provider_options, OWN: options})


def _body(arguments: dict[str, Any]) -> dict[str, Any]:
    """The request body; raises Failure for options that return several answers, or streams."""
    body = {**arguments, **(arguments.get("extra_body") or {})}
    body.pop("extra_body", None)
    for name, harmless in (("stream", (None, False)), ("n", (None, 1))):
        if body.get(name) not in harmless:
            message = f"`{name}` in `provider_options.{OWN}` requests more than one answer"
            raise Failure(message=message, kind="refused")
    return body


def _parsed(response: httpx2.Response, limits: RateLimits) -> dict[str, Any]:
    try:
        value = json.loads(response.content.decode("utf-8"))
    except (ValueError, RecursionError):
        raise bad_answer("is not JSON") from None
    if not isinstance(value, dict):
        raise bad_answer("is not an object")
    if value.get("error"):
        raise failure_in_response(value["error"], limits)
    return value


MOST_BYTES = 8 * 2**20


async def bounded(response: httpx2.Response) -> None:
    """Limit the size of a response; raises Failure if its headers already exceed the limit."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        # A few bytes could unpack to gigabytes, and no compression was requested.
        raise bad_answer("is compressed, although no compression was requested")
    length = response.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > 15 or int(length) > MOST_BYTES):
        raise _too_large()
    stream = response.stream
    if isinstance(stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(stream)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for piece in self._stream:
            read += len(piece)
            if read > MOST_BYTES:
                raise _too_large()
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


def _too_large() -> Exception:
    return bad_answer(f"is larger than {MOST_BYTES // 2**20} MB")
