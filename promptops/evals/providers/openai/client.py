"""One client of the `openai` package for a whole run; responses are parsed here.

The package's own response classes cost half of the time of a request, and accept any shape.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import time
from typing import Any

import httpx2
import openai

from promptops.evals.providers import OWN, Batches, Failure, OnText, Reply, api_of
from promptops.evals.providers.endpoint import address_of
from promptops.evals.providers.http_api.bounded import (
    bounded,
    bounded_file,
    is_json,
    json_object,
)
from promptops.evals.providers.http_api.connection import CONNECT_S, credentials_in
from promptops.evals.providers.http_api.failures import bad_answer
from promptops.evals.providers.http_api.rate_headers import rate_limits
from promptops.evals.providers.http_api.requests import (
    refuse_inexpressible,
    refuse_options,
)
from promptops.evals.providers.http_api.sdk_provider import NO_KEY, SdkProvider, valid_address
from promptops.evals.providers.http_api.values import mapping
from promptops.evals.providers.openai.apis import APIS, Api
from promptops.evals.providers.openai.failures import ERRORS, failure_in_response
from promptops.evals.providers.openai.streaming import STREAMING, StreamedBody
from promptops.evals.providers.redaction import secrets_of
from promptops.model.config import ModelProfile
from promptops.model.request import Request
from promptops.records import replace
from promptops.runtime.request.api_limits import COMPATIBLE_RESPONSES


class OpenAI(SdkProvider):
    """Calls one address with one key; see `SdkProvider`."""

    _errors = ERRORS

    def __init__(self, profile: ModelProfile, key: str | None) -> None:
        """Raises UsageError if the profile's address is invalid."""
        with valid_address(profile):
            self._profile, self._key = profile, key
            self._secrets = secrets_of(profile, key)
            self._client = _client(profile, key, bounded)

    async def close(self) -> None:
        await self._client.close()

    def batches(self) -> Batches:
        """Its Batch API."""
        from promptops.evals.providers.openai.batches import OpenAIBatches

        return OpenAIBatches(_client(self._profile, self._key, bounded_file), self._secrets)

    async def _reply(self, request: Request) -> Reply:
        api = _api(request)
        arguments = _body(api.arguments(_without_api(request)))
        response = await self._client.post(api.path, cast_to=httpx2.Response, body=arguments)
        limits = rate_limits(response.headers, time())
        return Reply(answer=api.answer(_parsed(response)), limits=limits)

    async def _streamed(self, request: Request, on_text: OnText) -> Reply:
        api, streaming = _api(request), STREAMING.get(api_of(request))
        if streaming is None:
            reply = await self._reply(request)
            on_text(reply.answer.text)
            return reply
        body = {**_body(api.arguments(_without_api(request))), **streaming.options}
        async with await self._open(api, body) as stream:
            if is_json(stream.response):  # although a stream was requested
                await stream.response.aread()
                answer = api.answer(_parsed(stream.response))
                on_text(answer.text)
            else:
                answer = api.answer(await _joined(stream, streaming.body(on_text)))
        return Reply(answer=answer, limits=rate_limits(stream.response.headers, time()))

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
    # The budget is based on the request.
    options = mapping(request.provider_options.get(OWN))
    refuse_options(OWN, options, contradict=("model", "messages", "input"), managed=())
    if name == "responses":
        refuse_inexpressible(request, COMPATIBLE_RESPONSES)
    return api


async def _joined(stream: openai.AsyncStream[object], body: StreamedBody) -> dict[str, Any]:
    """The body that the events of a stream are parts of; raises Failure if one is missing."""
    try:
        async for event in stream:
            body.add(mapping(event))
    except (ValueError, RecursionError):
        raise bad_answer("is a stream of something other than JSON") from None
    except openai.APIError as error:
        if error.body is None:
            raise
        raise failure_in_response(error.body, stream.response.headers, time()) from None
    return body.whole()


def path_and_body(request: Request) -> tuple[str, dict[str, Any]]:
    """The path and the body of a request; raises Failure if no API can express it."""
    api = _api(request)
    return api.path, _body(api.arguments(_without_api(request)))


def _client(
    profile: ModelProfile, key: str | None, limit: Callable[[httpx2.Response], Awaitable[None]]
) -> openai.AsyncOpenAI:
    address = httpx2.URL(address_of(profile))
    client = openai.AsyncOpenAI(
        api_key=key or NO_KEY,
        base_url=address.copy_with(username="", password=""),  # addresses are written into logs
        max_retries=0,
        http_client=openai.DefaultAsyncHttpxClient(
            timeout=httpx2.Timeout(None, connect=CONNECT_S),
            auth=credentials_in(address),
            follow_redirects=False,  # the API key is sent only to the configured address
            event_hooks={"response": [limit]},
        ),
    )
    # Values that the package reads from the environment may be for another address.
    client._custom_headers = {"Accept-Encoding": "identity", **profile.headers}
    if profile.base_url is not None:
        client.organization = client.project = None
    return client


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


def _parsed(response: httpx2.Response) -> dict[str, Any]:
    value = json_object(response.content)
    if value.get("error"):
        raise failure_in_response(value["error"], response.headers, time())
    return value
