"""A request as arguments for the `openai` client: chat completions and the Responses API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from promptops.model.prompt import Request

_CHAT_NAMES = {"max_output_tokens": "max_completion_tokens"}
_DATA_KIND = "application/octet-stream"
_AUDIO = {"audio/mpeg": "mp3", "audio/x-wav": "wav", "audio/wave": "wav", "audio/vnd.wave": "wav"}


def chat_arguments(request: Request) -> dict[str, Any]:
    """Arguments for `client.chat.completions.create(**arguments)`.

    The provider's own options, `provider_options.openai`, are added unchanged.
    """
    arguments: dict[str, Any] = {
        "model": request.model.get("id"),
        "messages": [_message(message) for message in request.messages],
    }
    for name, value in request.params.items():
        arguments[_CHAT_NAMES.get(name, name)] = value
    if request.tools:
        arguments["tools"] = [_tool(tool) for tool in request.tools]
    arguments["tool_choice"] = _tool_choice(request.tool_choice)
    arguments["response_format"] = _response_format(request.response_format)
    arguments |= request.provider_options.get("openai", {})
    return {name: value for name, value in arguments.items() if value is not None}


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    if len(message) == 2 and "role" in message and type(message.get("content")) is str:
        return dict(message)  # a role and a text, which are most messages
    turn = {key: value for key, value in message.items() if key != "cache"}
    if isinstance(turn.get("content"), list):
        turn["content"] = [_part(part) for part in turn["content"]]
    if "tool_calls" in turn:
        turn["tool_calls"] = [_call(call) for call in turn["tool_calls"]]
    return turn


def _part(part: Mapping[str, Any]) -> Mapping[str, Any]:
    address = part.get("url") or f"data:{_DATA_KIND};base64,{part.get('data')}"
    if part["type"] == "image":
        detail = {"detail": part["detail"]} if "detail" in part else {}
        return {"type": "image_url", "image_url": {"url": address, **detail}}
    if part["type"] == "audio":
        kind, _, data = address.removeprefix("data:").partition(";base64,")
        return {
            "type": "input_audio",
            "input_audio": {"data": data, "format": _AUDIO.get(kind, kind.partition("/")[2])},
        }
    if part["type"] == "document":
        return {
            "type": "file",
            "file": {"filename": part.get("title", "document"), "file_data": address},
        }
    return part


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    if "function" in call:  # of a caller's history: in the provider's form already
        return dict(call)
    arguments = json.dumps(call.get("arguments", {}), ensure_ascii=False)
    function = {"name": call["name"], "arguments": arguments}
    return {"id": call["id"], "type": "function", "function": function}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = {key: value for key, value in tool.items() if value not in ("", False)}
    return {"type": "function", "function": function}


def _tool_choice(choice: Any) -> Any:
    if isinstance(choice, Mapping):
        return {"type": "function", "function": {"name": choice["name"]}}
    return choice


def _response_format(form: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if form is None:
        return None
    if "schema" not in form:
        return {"type": "json_object"}
    schema = {
        "name": form.get("name", "answer"),
        "schema": form["schema"],
        "strict": form.get("strict", False),
    }
    if "description" in form:
        schema["description"] = form["description"]
    return {"type": "json_schema", "json_schema": schema}


# A request as arguments for the `openai` client's Responses API.


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
    return [
        _input_part("output_text" if role == "assistant" else "input_text", part)
        for part in content
    ]


def _input_part(text_type: str, part: Mapping[str, Any]) -> Mapping[str, Any]:
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
