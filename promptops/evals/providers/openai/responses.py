"""The Responses API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.evals.providers import RateLimits
from promptops.evals.providers.openai.failures import bad_answer, said_in_an_answer
from promptops.evals.providers.openai.reading import count, items, mapping, text, tool_call
from promptops.model.answer import Answer, Usage
from promptops.model.request import Request
from promptops.runtime.chat import chat_arguments

PATH = "/responses"

_FINISHED = {"max_output_tokens": "length", "content_filter": "content_filter"}


def arguments(request: Request) -> dict[str, Any]:
    """The body of a request. Nothing is stored by the provider unless the prompt says so."""
    chat = chat_arguments(request)
    body: dict[str, Any] = {"store": False, **chat}
    body["input"] = [item for message in body.pop("messages") for item in _items(message)]
    if "max_completion_tokens" in body:
        body["max_output_tokens"] = body.pop("max_completion_tokens")
    if "reasoning_effort" in body:
        body["reasoning"] = {"effort": body.pop("reasoning_effort")}
    if "tools" in body:
        body["tools"] = [_flat(tool) for tool in body["tools"]]
    if isinstance(body.get("tool_choice"), dict):
        body["tool_choice"] = _flat(body["tool_choice"])
    if "response_format" in body:
        form = body.pop("response_format")
        form = {"type": form["type"], **form.get("json_schema", {})}
        body["text"] = {**body.get("text", {}), "format": form}
    return body


def answer(body: Mapping[str, Any]) -> Answer:
    """What was said and called; raises Failure where there is nothing, or it failed."""
    if body.get("status") == "failed":
        raise said_in_an_answer(body.get("error"), RateLimits())
    if not isinstance(body.get("output"), list):
        raise bad_answer("is no response")
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


def _items(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What a message of a chat is here: calls and their results are items of their own."""
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
        detail = {"detail": image["detail"]} if "detail" in image else {}
        return {"type": "input_image", "image_url": image["url"], **detail}
    if part["type"] == "file":
        return {"type": "input_file", **part["file"]}
    return part


def _flat(tool: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": tool["type"], **tool.get("function", {})}


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
