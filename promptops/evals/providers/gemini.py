"""Calls Gemini models: the API `generateContent`."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from time import time
from typing import Any

import httpx2
from google import genai
from google.genai import errors, types
from google.genai.client import DebugConfig
from google.genai.errors import UnknownApiResponseError
from pydantic import ValidationError

from promptops.evals.http_api import (
    CONNECT_S,
    NO_KEY,
    ErrorBody,
    Errors,
    SdkProvider,
    bad_answer,
    bounded,
    count,
    credentials_in,
    error_response,
    interrupted,
    items,
    json_object,
    json_value,
    mapping,
    no_connection,
    rate_limits,
    refuse_inexpressible,
    refuse_options,
    status_in,
    text,
    tool_call,
    valid_address,
)
from promptops.evals.providers import Failure, OnText, Reply, refuse_other_apis
from promptops.evals.providers.endpoint import address_of
from promptops.evals.providers.redaction import secrets_of
from promptops.evals.providers.registry import provider
from promptops.model.answer import Answer, Usage
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request
from promptops.patterns import lazy_pattern
from promptops.runtime.loading.server_time import seconds_from
from promptops.runtime.request.api_limits import APIS
from promptops.runtime.request.gemini import content_arguments

_API = APIS["gemini"]
_OF_THE_PROMPT = ("system_instruction",)
_OF_THE_CLIENT = (
    "automatic_continuation",
    "automatic_function_calling",
    "continuation_token",
    "http_options",  # could send the API key to another address
    "should_return_http_response",
)
_ONE_REQUEST = {"automatic_function_calling": {"disable": True}, "automatic_continuation": False}
"""Otherwise the package may send several requests for one answer."""

_FINISHED = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    **dict.fromkeys(
        (
            "SAFETY",
            "RECITATION",
            "LANGUAGE",
            "BLOCKLIST",
            "PROHIBITED_CONTENT",
            "SPII",
            "ESCALATION",
            "MODEL_ARMOR",
            "IMAGE_SAFETY",
            "IMAGE_PROHIBITED_CONTENT",
            "IMAGE_RECITATION",
        ),
        "content_filter",
    ),
}


def arguments_of(request: Request) -> dict[str, Any]:
    """The arguments for a request; raises Failure if the API can't express it."""
    refuse_other_apis(request, "gemini")
    for name in _API.options:
        options = mapping(request.provider_options.get(name))
        refuse_options(name, options, contradict=_OF_THE_PROMPT, managed=_OF_THE_CLIENT)
    refuse_inexpressible(request, _API)
    arguments = content_arguments(request)
    try:
        config = types.GenerateContentConfig.model_validate(
            {**arguments.get("config", {}), **_ONE_REQUEST}
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(map(str, first["loc"]))
        message = f"`{name}` in `provider_options.gemini` is invalid: {first['msg'].lower()}"
        raise Failure(message=message, kind="refused") from None
    if config.candidate_count not in (None, 1):
        message = "`candidate_count` in `provider_options.gemini` requests more than one answer"
        raise Failure(message=message, kind="refused")
    return {**arguments, "config": config}


def answer_of(body: Mapping[str, Any]) -> Answer:
    """The answer in a response; raises Failure if it is not one."""
    candidates = items(body.get("candidates"))
    feedback = mapping(body.get("promptFeedback"))
    if not candidates and not feedback.get("blockReason"):
        raise bad_answer("has no candidates")
    candidate = candidates[0] if candidates else {}
    parts = items(mapping(candidate.get("content")).get("parts"))
    calls = tuple(
        tool_call(call.get("name"), call.get("args"))
        for call in (mapping(part["functionCall"]) for part in parts if part.get("functionCall"))
    )
    finish_reason = _finish_reason(text(candidate.get("finishReason")), bool(calls))
    reason = feedback.get("blockReasonMessage") or candidate.get("finishMessage")
    said = "".join(text(part.get("text")) for part in parts if part.get("thought") is not True)
    return Answer(
        text=said or text(reason),
        tool_calls=calls,
        finish_reason=finish_reason if candidates else "content_filter",
        model=text(body.get("modelVersion")),
        usage=_usage(mapping(body.get("usageMetadata"))),
    )


def _finish_reason(reason: str, has_calls: bool) -> str:
    if reason in ("", "STOP") and has_calls:
        return "tool_calls"
    return _FINISHED.get(reason, reason.lower()) or "stop"


def _usage(usage: Mapping[str, Any]) -> Usage:
    """Tokens of a response; thinking is paid as output."""
    return Usage(
        input=count(usage.get("promptTokenCount")) + count(usage.get("toolUsePromptTokenCount")),
        output=count(usage.get("candidatesTokenCount")) + count(usage.get("thoughtsTokenCount")),
        cached=count(usage.get("cachedContentTokenCount")),
    )


# A stream of `generateContent`: its responses become the body of one.


class StreamedContent:
    """See `StreamedBody`."""

    def __init__(self, on_text: OnText) -> None:
        self._on_text = on_text
        self._body: dict[str, Any] = {}
        self._candidate: dict[str, Any] = {}
        self._parts: list[Mapping[str, Any]] = []

    def add(self, response: Mapping[str, Any]) -> None:
        """Add the next response; its counts of tokens replace those of the one before."""
        self._body |= response
        for candidate in items(response.get("candidates"))[:1]:
            self._candidate |= candidate
            for part in items(mapping(candidate.get("content")).get("parts")):
                self._parts.append(part)
                if part.get("thought") is not True and text(part.get("text")):
                    self._on_text(text(part.get("text")))

    def whole(self) -> dict[str, Any]:
        if mapping(self._body.get("promptFeedback")).get("blockReason"):
            return self._body
        if not self._candidate.get("finishReason"):
            raise interrupted()
        candidate = {**self._candidate, "content": {"parts": self._parts}}
        return {**self._body, "candidates": [candidate]}


# Convert errors of the Gemini API and of the `google-genai` package to failures.
#
# The messages are not redacted yet.

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


# One client of the `google-genai` package for a whole run; responses are parsed here.

_TIMEOUT = httpx2.Timeout(None, connect=CONNECT_S)
_VERSION = "v1"
_VERSION_AT_END = lazy_pattern(r"/(v\d\w*)/*$")


@provider("gemini")
class Gemini(SdkProvider):
    """Calls one address with one key; see `SdkProvider`."""

    _errors = Errors(
        base=errors.APIError,
        failure=_failure,
        in_response=lambda body, headers, now_s: failure_in(body, 200, headers, now_s),
    )

    def __init__(self, profile: ModelProfile, key: str | None) -> None:
        """Raises UsageError if the profile's address is invalid."""
        with valid_address(profile):
            self._secrets = secrets_of(profile, key)
            address = httpx2.URL(address_of(profile))
            self._http = httpx2.AsyncClient(
                limits=httpx2.Limits(max_connections=1000, max_keepalive_connections=100),
                auth=credentials_in(address),
                follow_redirects=False,  # the API key is sent only to the configured address
                event_hooks={"request": [_set_timeouts], "response": [bounded, _refuse_error]},
            )
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
            raise self._errors.in_response(body, headers, time())
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
        return Reply(answer=answer_of(content.whole()), limits=rate_limits(headers, time()))


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
    # The package logs and warns about variables that are not used here, and unknown values.
    logger = logging.getLogger("google_genai")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    warnings.filterwarnings("ignore", category=UserWarning, module=r"google\.genai")
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
