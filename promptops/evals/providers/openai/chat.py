"""Chat completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.evals.providers.openai.failures import bad_answer
from promptops.evals.providers.openai.reading import count, items, mapping, text, tool_call
from promptops.model.answer import Answer, Usage
from promptops.runtime.request.chat import chat_arguments as arguments

__all__ = ["PATH", "answer", "arguments"]

PATH = "/chat/completions"


def answer(body: Mapping[str, Any]) -> Answer:
    """The first choice; raises Failure if there is none."""
    choices = items(body.get("choices"))
    if not choices or not isinstance(choices[0].get("message"), dict):
        raise bad_answer("is not a chat completion")
    message = choices[0]["message"]
    calls = [mapping(call.get("function")) for call in items(message.get("tool_calls"))]
    return Answer(
        text=text(message.get("content")) or text(message.get("refusal")),
        tool_calls=tuple(tool_call(call.get("name"), call.get("arguments")) for call in calls),
        finish_reason=text(choices[0].get("finish_reason")) or "stop",
        model=text(body.get("model")),
        fingerprint=text(body.get("system_fingerprint")) or None,
        usage=_usage(mapping(body.get("usage"))),
    )


def _usage(usage: Mapping[str, Any]) -> Usage:
    return Usage(
        input=count(usage.get("prompt_tokens")),
        output=count(usage.get("completion_tokens")),
        cached=count(mapping(usage.get("prompt_tokens_details")).get("cached_tokens")),
    )
