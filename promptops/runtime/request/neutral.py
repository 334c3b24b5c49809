"""Messages of a caller's history that have a provider's form, in the neutral form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

INSTRUCTIONS = ("system", "developer")
"""Roles whose messages are instructions."""


def parts_of(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The content of a message as parts; empty texts are left out."""
    return [part for _, part in numbered_parts(message)]


def numbered_parts(message: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    """The parts, each with its index in the content of the message."""
    content = message.get("content")
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    parts = enumerate(content) if isinstance(content, (list, tuple)) else ()
    return [(i, _part(p)) for i, p in parts if isinstance(p, Mapping) and not _is_empty(p)]


def calls_of(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tool calls of a message as `{"id", "name", "arguments"}`.

    Raises ValueError for a call without them; arguments are a mapping, or the JSON of one.
    """
    calls = message.get("tool_calls") or ()
    if not isinstance(calls, (list, tuple)):
        raise ValueError("`tool_calls` is not a list")
    return [_call(call) for call in calls]


def thought_signature(call: Any) -> str | None:
    """The signature of Gemini's thoughts before a call, as its OpenAI-compatible API returns it.

    Gemini 3 and later refuse a call of the current turn without its signature.
    """
    value: Any = call
    for key in ("extra_content", "google", "thought_signature"):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else None


def gemini_calls(message: Mapping[str, Any]) -> dict[Any, Any]:
    """The names of the tool calls in a message with Gemini's `parts`, by id."""
    parts = message.get("parts")
    calls = [
        part.get("function_call", part.get("functionCall"))
        for part in (parts if isinstance(parts, (list, tuple)) else ())
        if isinstance(part, Mapping)
    ]
    return {call.get("id"): call.get("name") for call in calls if isinstance(call, Mapping)}


def text_of(message: Mapping[str, Any]) -> str:
    """The joined text of a message."""
    return "".join(str(part.get("text") or "") for part in parts_of(message))


def _is_empty(part: Mapping[str, Any]) -> bool:
    return part.get("type") == "text" and not part.get("text")


def _part(part: Mapping[str, Any]) -> Mapping[str, Any]:
    image = part.get("image_url")
    if part.get("type") != "image_url" or not isinstance(image, Mapping):
        return part
    detail = {"detail": image["detail"]} if image.get("detail") else {}
    return {"type": "image", "url": image.get("url"), **detail}


def _call(call: Any) -> dict[str, Any]:
    function = call.get("function", call) if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping):
        raise ValueError("it is not an object")
    id_, name, arguments = call.get("id"), function.get("name"), function.get("arguments") or {}
    if not isinstance(id_, str) or not isinstance(name, str):
        raise ValueError("its `id` or name is missing")
    try:
        arguments = json.loads(arguments) if isinstance(arguments, str) else arguments
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its arguments are not JSON: {error}") from None
    if not isinstance(arguments, Mapping):
        raise ValueError("its arguments are not a JSON object")
    return {"id": id_, "name": name, "arguments": dict(arguments)}
