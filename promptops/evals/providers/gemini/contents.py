"""The API `generateContent`: the arguments of a request, and the answer in a response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.genai import types
from pydantic import ValidationError

from promptops.evals.providers import Failure
from promptops.evals.providers.http_api.failures import bad_answer
from promptops.evals.providers.http_api.requests import (
    refuse_inexpressible,
    refuse_options,
    refuse_other_apis,
)
from promptops.evals.providers.http_api.values import count, items, mapping, text, tool_call
from promptops.model.answer import Answer, Usage
from promptops.model.request import Request
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
        raise _invalid_option(error) from None
    if config.candidate_count not in (None, 1):
        message = "`candidate_count` in `provider_options.gemini` requests more than one answer"
        raise Failure(message=message, kind="refused")
    return {**arguments, "config": config}


def _invalid_option(error: ValidationError) -> Failure:
    first = error.errors(include_url=False, include_input=False)[0]
    name = ".".join(map(str, first["loc"]))
    message = f"`{name}` in `provider_options.gemini` is invalid: {first['msg'].lower()}"
    return Failure(message=message, kind="refused")


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
