"""One client of the `google-genai` package for a whole run; responses are parsed here."""

from __future__ import annotations

import logging
import warnings
from contextlib import suppress
from time import time

import httpx2
from google import genai
from google.genai import types
from google.genai.client import DebugConfig
from google.genai.errors import UnknownApiResponseError
from pydantic import ValidationError

from promptops.evals.providers import Failure, OnText, Reply
from promptops.evals.providers.endpoint import address_of
from promptops.evals.providers.gemini.contents import answer_of, arguments_of
from promptops.evals.providers.gemini.failures import ERRORS, failure_in
from promptops.evals.providers.gemini.streaming import StreamedContent
from promptops.evals.providers.http_api.bounded import bounded, json_object, json_value
from promptops.evals.providers.http_api.connection import CONNECT_S, credentials_in
from promptops.evals.providers.http_api.failures import bad_answer
from promptops.evals.providers.http_api.rate_headers import rate_limits
from promptops.evals.providers.http_api.sdk_provider import NO_KEY, SdkProvider, valid_address
from promptops.evals.providers.redaction import secrets_of
from promptops.model.config import ModelProfile
from promptops.model.request import Request
from promptops.patterns import lazy_pattern

_TIMEOUT = httpx2.Timeout(None, connect=CONNECT_S)
_VERSION = "v1"
_VERSION_AT_END = lazy_pattern(r"/(v\d\w*)/*$")


class Gemini(SdkProvider):
    """Calls one address with one key; see `SdkProvider`."""

    _errors = ERRORS

    def __init__(self, profile: ModelProfile, key: str | None) -> None:
        """Raises UsageError if the profile's address is invalid."""
        with valid_address(profile):
            self._secrets = secrets_of(profile, key)
            address = httpx2.URL(address_of(profile))
            self._http = _http_client(address)
            self._client = _client(profile, key, address, self._http)

    async def close(self) -> None:
        await self._http.aclose()

    async def _reply(self, request: Request) -> Reply:
        arguments = arguments_of(request)
        arguments["config"].should_return_http_response = True
        response = await self._client.aio.models.generate_content(**arguments)
        raw = response.sdk_http_response or types.HttpResponse()
        headers = raw.headers or {}
        body = json_object((raw.body or "").encode("utf-8", "replace"))
        if body.get("error"):
            raise failure_in(body, 200, headers, time())
        return Reply(answer=answer_of(body), limits=rate_limits(headers, time()))

    async def _streamed(self, request: Request, on_text: OnText) -> Reply:
        arguments = arguments_of(request)
        content = StreamedContent(on_text)
        headers: dict[str, str] = {}
        try:
            async for chunk in await self._client.aio.models.generate_content_stream(**arguments):
                if chunk.sdk_http_response is not None:
                    headers = chunk.sdk_http_response.headers or {}
                content.add(chunk.model_dump(mode="json", by_alias=True, exclude_none=True))
        except (ValidationError, UnknownApiResponseError, RecursionError, TypeError):
            raise bad_answer("is a stream of something other than responses") from None
        answer = answer_of(content.whole())
        if answer.text and not content.has_text:  # the reason of a refusal
            on_text(answer.text)
        return Reply(answer=answer, limits=rate_limits(headers, time()))


def _http_client(address: httpx2.URL) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        limits=httpx2.Limits(max_connections=1000, max_keepalive_connections=100),
        auth=credentials_in(address),
        follow_redirects=False,  # the API key is sent only to the configured address
        event_hooks={"request": [_set_timeouts], "response": [bounded, _refuse_error]},
    )


async def _set_timeouts(request: httpx2.Request) -> None:
    """The package turns all timeouts of its client off."""
    request.extensions["timeout"] = _TIMEOUT.as_dict()


async def _refuse_error(response: httpx2.Response) -> None:
    """Raises Failure for an error; the package would lose the headers of the response."""
    if response.status_code == 200:
        return
    await response.aread()
    body = None
    with suppress(Failure):
        body = json_value(response.content)
    raise failure_in(body, response.status_code, response.headers, time())


def _client(
    profile: ModelProfile, key: str | None, address: httpx2.URL, http: httpx2.AsyncClient
) -> genai.Client:
    _silence()
    bare = str(address.copy_with(username="", password=""))  # addresses are written into logs
    version = _VERSION_AT_END.search(bare)
    headers = {name.lower(): value for name, value in profile.headers.items()}
    # What is not set here, the package reads from the environment, which may be for another API.
    return genai.Client(
        vertexai=False,
        api_key=key or NO_KEY,
        debug_config=DebugConfig(client_mode="api"),
        http_options=types.HttpOptions(
            base_url=_VERSION_AT_END.sub("", bare),
            api_version=version[1] if version else _VERSION,
            headers={"accept-encoding": "identity", **headers},
            httpx_async_client=http,
        ),
    )


def _silence() -> None:
    """The package logs and warns about variables that are not used here, and unknown values."""
    logger = logging.getLogger("google_genai")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    warnings.filterwarnings("ignore", category=UserWarning, module=r"google\.genai")
