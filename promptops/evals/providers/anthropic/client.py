"""One client of the `anthropic` package for a whole run; responses are parsed here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import time
from typing import Any

import anthropic
import httpx2

from promptops.evals.providers import Batches, OnText, Reply
from promptops.evals.providers.anthropic.failures import ERRORS, failure_in_response
from promptops.evals.providers.anthropic.messages import Call, answer_of, call_of
from promptops.evals.providers.anthropic.streaming import StreamedMessage
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
from promptops.evals.providers.http_api.sdk_provider import NO_KEY, SdkProvider, valid_address
from promptops.evals.providers.http_api.values import mapping
from promptops.evals.providers.redaction import secrets_of
from promptops.model.config import ModelProfile
from promptops.model.request import Request

_PATH = "/v1/messages"


class Anthropic(SdkProvider):
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
        """Its Message Batches API."""
        from promptops.evals.providers.anthropic.batches import AnthropicBatches

        return AnthropicBatches(_client(self._profile, self._key, bounded_file), self._secrets)

    async def _reply(self, request: Request) -> Reply:
        call = call_of(request)
        response = await self._client.post(
            _PATH, cast_to=httpx2.Response, body=call.body, options={"headers": call.headers}
        )
        limits = rate_limits(response.headers, time())
        return Reply(answer=answer_of(_parsed(response)), limits=limits)

    async def _streamed(self, request: Request, on_text: OnText) -> Reply:
        message = StreamedMessage(on_text)
        async with await self._open(call_of(request)) as stream:
            answer = answer_of(await _joined(stream, message))
        if answer.text and not message.has_text:  # the reason of a refusal, or all in one piece
            on_text(answer.text)
        return Reply(answer=answer, limits=rate_limits(stream.response.headers, time()))

    async def _open(self, call: Call) -> anthropic.AsyncStream[object]:
        """A stream of events, each as parsed JSON."""
        return await self._client.post(
            _PATH,
            cast_to=object,
            body={**call.body, "stream": True},
            options={"headers": call.headers},
            stream=True,
            stream_cls=anthropic.AsyncStream[object],
        )


async def _joined(
    stream: anthropic.AsyncStream[object], message: StreamedMessage
) -> dict[str, Any]:
    """The message that the events of a stream are parts of; raises Failure if one is missing."""
    if is_json(stream.response):  # although a stream was requested
        await stream.response.aread()
        return _parsed(stream.response)
    try:
        async for event in stream:
            message.add(mapping(event))
    except (ValueError, RecursionError):
        raise bad_answer("is a stream of something other than JSON") from None
    return message.whole()


def _client(
    profile: ModelProfile, key: str | None, limit: Callable[[httpx2.Response], Awaitable[None]]
) -> anthropic.AsyncAnthropic:
    address = httpx2.URL(address_of(profile).rstrip("/").removesuffix("/v1"))
    client = anthropic.AsyncAnthropic(
        api_key=key or NO_KEY,
        base_url=address.copy_with(username="", password=""),  # addresses are written into logs
        max_retries=0,
        open_telemetry=False,
        http_client=anthropic.DefaultAsyncHttpxClient(
            timeout=httpx2.Timeout(None, connect=CONNECT_S),
            auth=credentials_in(address),
            follow_redirects=False,  # the API key is sent only to the configured address
            event_hooks={"response": [limit]},
        ),
    )
    # Headers that the package reads from the environment may be for another address.
    client._custom_headers = {"Accept-Encoding": "identity", **profile.headers}
    return client


def _parsed(response: httpx2.Response) -> dict[str, Any]:
    value = json_object(response.content)
    if value.get("error"):
        raise failure_in_response(value["error"], response.headers, time())
    return value
