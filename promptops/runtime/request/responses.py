"""A request as arguments for the `openai` client's Responses API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.model.request import Request
from promptops.runtime.request.chat import chat_arguments


def response_arguments(request: Request) -> dict[str, Any]:
    """Arguments for `client.responses.create(**arguments)`.

    The provider stores nothing unless the prompt sets `store`.
    """
    chat = chat_arguments(request)
    body: dict[str, Any] = {"store": False, **chat}
    body["input"] = [item for message in body.pop("messages") for item in _items(message)]
    if "max_completion_tokens" in body:
        body["max_output_tokens"] = body.pop("max_completion_tokens")
    if "reasoning_effort" in body:
        body["reasoning"] = {"effort": body.pop("reasoning_effort")}
    if "tools" in body:
        # Without `strict`, this API would try to be strict.
        body["tools"] = [{"parameters": None, "strict": False, **_flat(t)} for t in body["tools"]]
    if isinstance(body.get("tool_choice"), dict):
        body["tool_choice"] = _flat(body["tool_choice"])
    if "response_format" in body:
        form = body.pop("response_format")
        form = {"type": form["type"], **form.get("json_schema", {})}
        body["text"] = {**body.get("text", {}), "format": form}
    return body


def _items(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A chat message as input items: tool calls and their results are items of their own."""
    role, content = message["role"], message.get("content")
    if role == "tool":
        call = message.get("tool_call_id")
        yield {"type": "function_call_output", "call_id": call, "output": content}
        return
    if content or not message.get("tool_calls"):
        yield {"role": role, "content": _content(role, content)}
    for call in message.get("tool_calls", ()):
        yield {"type": "function_call", "call_id": call["id"], **call["function"]}


def _content(role: str, content: Any) -> Any:
    if not isinstance(content, list):
        return content
    return [_part("output_text" if role == "assistant" else "input_text", part) for part in content]


def _part(text_type: str, part: Mapping[str, Any]) -> Mapping[str, Any]:
    if part["type"] == "text":
        return {"type": text_type, "text": part["text"]}
    if part["type"] == "image_url":
        image = part["image_url"]
        detail = image.get("detail", "auto")
        return {"type": "input_image", "image_url": image["url"], "detail": detail}
    if part["type"] == "file":
        return {"type": "input_file", **part["file"]}
    return part


def _flat(tool: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": tool["type"], **tool.get("function", {})}
