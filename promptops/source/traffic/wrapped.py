"""Answers inside of messages and responses, as traces wrap them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.source.traffic import values
from promptops.source.traffic.json_values import embedded
from promptops.source.traffic.responses import response_facts

_ANSWERS = frozenset(("assistant", "model", "ai"))
"""Roles of a message that a model wrote."""

_PARTS = frozenset(("text", "output_text", "refusal", "thinking", "reasoning"))
_CALLS = frozenset(("tool_use", "tool_call", "redacted_thinking"))
"""Types of the parts of a message."""

_OF_A_MESSAGE = frozenset(
    (
        *("role", "content", "parts", "type", "id", "name", "tool_calls", "function_call"),
        *("additional_kwargs", "response_metadata", "usage_metadata", "invalid_tool_calls"),
        *("refusal", "annotations", "audio", "index", "finish_reason", "status", "example"),
        *("reasoning", "reasoning_content", "provider_specific_fields"),
    )
)
"""Keys beside the content of a message; with another one it is JSON that a model wrote."""


def unwrapped(body: Any) -> dict[str, Any] | None:
    """Output, tool calls and, if known, finish reason and fingerprint of a wrapped answer.

    `body` is JSON data: a response of an API; `{"content": {"parts": …}}`; `{"message": …}`; a list
    with one message; a message with the role of a model; or the parts of one. None for anything
    else, which is the answer itself.
    """
    if _is_response(body):
        found = response_facts(body)
        names = ("output", "tool_calls", "finish_reason", "fingerprint")
        return {name: found[name] for name in names} | {"unwrapped": True} if found else None
    message = _message_in(body)
    if message is None:
        return None
    parts = _parts(message)
    calls = values.tool_calls(message.get("tool_calls")) or tuple(_calls(parts))
    text = values.joined([part for part in parts if not _is_thought(part)])
    return {"output": text, "tool_calls": calls, "unwrapped": True}


def _is_response(body: Any) -> bool:
    """Whether it is the answer of an API, and not JSON that a model wrote."""
    return isinstance(body, dict) and (
        any(isinstance(body.get(name), list) for name in ("choices", "candidates"))
        or body.get("object") == "response"
        or body.get("type") == "message"
    )


def _message_in(body: Any) -> Mapping[str, Any] | None:
    if isinstance(body, list):
        return _message_in_list(body)
    if not isinstance(body, dict):
        return None
    if isinstance(inner := body.get("message"), dict) and _has_content(inner):
        return inner
    if isinstance(inner := body.get("content"), dict) and isinstance(inner.get("parts"), list):
        return inner
    is_answer = any(_word(body, name) in _ANSWERS for name in ("role", "type"))
    is_answer = is_answer or ("content" in body and isinstance(body.get("tool_calls"), list))
    return body if is_answer and _has_content(body) else None


def _message_in_list(body: list[Any]) -> Mapping[str, Any] | None:
    if body and all(
        isinstance(part, dict) and _word(part, "type") in _PARTS | _CALLS for part in body
    ):
        return {"content": body}
    if len(body) != 1 or not isinstance(body[0], dict):
        return None
    only = body[0]
    is_message = _has_content(only) and _OF_A_MESSAGE.issuperset(only)
    return _message_in(only) or (only if is_message else None)


def _word(value: Mapping[str, Any], name: str) -> str:
    """A string; "" for any other value, which may not be hashable."""
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _has_content(message: Mapping[str, Any]) -> bool:
    return any(name in message for name in ("content", "parts", "tool_calls"))


def _parts(message: Mapping[str, Any]) -> list[Any]:
    """The parts of a message; its text is one of them."""
    for content in (embedded(message.get("parts")), message.get("content")):
        if isinstance(content, dict):
            return _parts(content)
        if content is not None:
            return content if isinstance(content, list) else [content]
    return []


def _is_thought(part: Any) -> bool:
    return isinstance(part, dict) and bool(part.get("thought"))


def _calls(parts: list[Any]) -> Iterator[Mapping[str, Any]]:
    """Tool calls between the texts, as Anthropic and Gemini write them."""
    for part in parts:
        if isinstance(part, dict):
            call = part if _word(part, "type") in _CALLS else None
            yield from values.tool_calls(
                [part.get("functionCall", part.get("function_call", call))]
            )
