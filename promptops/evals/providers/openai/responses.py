"""The Responses API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.evals.providers import RateLimits
from promptops.evals.providers.openai.failures import bad_answer, said_in_an_answer
from promptops.evals.providers.openai.reading import count, items, mapping, text, tool_call
from promptops.model.answer import Answer, Usage
from promptops.runtime.request.responses import response_arguments as arguments

__all__ = ["PATH", "answer", "arguments"]

PATH = "/responses"

_FINISHED = {"max_output_tokens": "length", "content_filter": "content_filter"}


def answer(body: Mapping[str, Any]) -> Answer:
    """Text and tool calls; raises Failure if there are none, or the response failed."""
    if body.get("status") == "failed":
        raise said_in_an_answer(body.get("error"), RateLimits())
    if not isinstance(body.get("output"), list):
        raise bad_answer("is not a response")
    output = items(body["output"])
    calls = tuple(
        tool_call(item.get("name"), item.get("arguments"))
        for item in output
        if item.get("type") == "function_call"
    )
    return Answer(
        text="".join(_said(output)),
        tool_calls=calls,
        finish_reason=_finish_reason(body, bool(calls)),
        model=text(body.get("model")),
        usage=_usage(mapping(body.get("usage"))),
    )


def _said(output: list[Mapping[str, Any]]) -> Iterator[str]:
    for item in output:
        if item.get("type") == "message":
            for part in items(item.get("content")):
                yield text(part.get("text")) or text(part.get("refusal"))


def _finish_reason(body: Mapping[str, Any], called: bool) -> str:
    if body.get("status") == "incomplete":
        reason = text(mapping(body.get("incomplete_details")).get("reason"))
        return _FINISHED.get(reason, reason or "length")
    return "tool_calls" if called else "stop"


def _usage(usage: Mapping[str, Any]) -> Usage:
    return Usage(
        input=count(usage.get("input_tokens")),
        output=count(usage.get("output_tokens")),
        cached=count(mapping(usage.get("input_tokens_details")).get("cached_tokens")),
    )
