"""The Messages API: the body of a request, and the answer in a response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
from promptops.records import record
from promptops.runtime.request.anthropic import message_arguments
from promptops.runtime.request.api_limits import APIS

_OWN = "anthropic"
_OF_THE_PROMPT = ("model", "messages", "system")
_OF_THE_CLIENT = ("extra_query", "timeout", "stream")
_HEADERS = ("anthropic-beta", "anthropic-version")
_FINISHED = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "pause_turn": "length",  # a turn of server tools is unfinished
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


@record(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the Messages API.

    Attributes:
        body: The request, as JSON data.
        headers: Those that select a version of the API.
    """

    body: Mapping[str, Any]
    headers: dict[str, str]


def call_of(request: Request) -> Call:
    """The call for a request; raises Failure if the API can't express it."""
    refuse_other_apis(request, _OWN)
    options = mapping(request.provider_options.get(_OWN))
    refuse_options(_OWN, options, contradict=_OF_THE_PROMPT, managed=_OF_THE_CLIENT)
    headers = _headers(options)
    refuse_inexpressible(request, APIS[_OWN])
    arguments = message_arguments(request)
    arguments.pop("extra_headers", None)
    extra = mapping(arguments.pop("extra_body", None))
    return Call(body={**arguments, **extra}, headers=headers)


def _headers(options: Mapping[str, Any]) -> dict[str, str]:
    """Only headers that select a version: others could carry anything to an approved address."""
    headers = mapping(options.get("extra_headers"))
    for name, value in headers.items():
        if name.lower() not in _HEADERS or not isinstance(value, str):
            message = (
                f"`{name}` in `provider_options.{_OWN}.extra_headers` is not supported; "
                "set `headers` in the profile"
            )
            raise Failure(message=message, kind="refused")
    return dict(headers)


def answer_of(body: Mapping[str, Any]) -> Answer:
    """The answer in a message; raises Failure if it is not a message."""
    if not isinstance(body.get("content"), list):
        raise bad_answer("is not a message")
    blocks = items(body["content"])
    calls = tuple(
        tool_call(block.get("name"), block.get("input"))
        for block in blocks
        if block.get("type") == "tool_use"
    )
    texts = [text(block.get("text")) for block in blocks if block.get("type") == "text"]
    return Answer(
        text="".join(texts) or text(mapping(body.get("stop_details")).get("explanation")),
        tool_calls=calls,
        finish_reason=_finish_reason(text(body.get("stop_reason")), bool(calls)),
        model=text(body.get("model")),
        usage=usage_of(mapping(body.get("usage"))),
    )


def _finish_reason(reason: str, has_calls: bool) -> str:
    return _FINISHED.get(reason, reason) or ("tool_calls" if has_calls else "stop")


def usage_of(usage: Mapping[str, Any]) -> Usage:
    """Tokens of a message; the API counts those of its cache separately."""
    cached = count(usage.get("cache_read_input_tokens"))
    written = count(usage.get("cache_creation_input_tokens"))
    return Usage(
        input=count(usage.get("input_tokens")) + written + cached,
        output=count(usage.get("output_tokens")),
        cached=cached,
    )
