"""Messages of a request and of its answer as attributes of a span; only if content is recorded.

The form is that of the OpenTelemetry conventions for generative AI, v0.1.0: JSON text of
`[{"role", "parts": [{"type", …}]}]`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from promptops.runtime.request.answer_text import answer_text, either, member

Part = dict[str, Any]


def input_messages(messages: Sequence[Mapping[str, Any]]) -> str:
    """The messages of a request; the data of images, sounds and documents are left out."""
    return _text([{"role": each["role"], "parts": list(_parts(each))} for each in messages])


def output_messages(answer: Any) -> str | None:
    """The message of an answer with its tool calls; None if it is not a whole answer."""
    text, reason = answer_text(answer)
    if text is None:
        return None
    parts = [_text_part(text)] if text else []
    message: dict[str, Any] = {"role": "assistant", "parts": [*parts, *answered_calls(answer)]}
    return _text([message | ({"finish_reason": reason} if reason else {})])


def _parts(message: Mapping[str, Any]) -> Iterator[Part]:
    content = message.get("content")
    if message.get("role") == "tool":
        response = {"id": message.get("tool_call_id"), "response": content}
        yield {"type": "tool_call_response", **response}
        return
    if isinstance(content, str) and content:
        yield _text_part(content)
    elif isinstance(content, (list, tuple)):
        yield from map(_part, content)
    yield from map(_call, message.get("tool_calls") or ())


def _part(part: Mapping[str, Any]) -> Part:
    kind, address = part.get("type"), part.get("url")
    if kind == "text":
        return _text_part(part["text"])
    if isinstance(address, str) and not address.startswith("data:"):
        return {"type": "uri", "modality": kind, "uri": address}
    return {"type": kind}


def answered_calls(answer: Any) -> Iterator[Part]:
    """The tool calls of an answer, each `{"type": "tool_call", "id", "name", "arguments"}`."""
    choice = next(_items(member(answer, "choices")), None)
    yield from map(_call, _items(member(member(choice, "message"), "tool_calls")))
    for item in _items(member(answer, "output")):
        if member(item, "type") == "function_call":
            yield _tool_call(member(item, "call_id"), item, "arguments")
    for block in _items(member(answer, "content")):
        if member(block, "type") == "tool_use":
            yield _tool_call(member(block, "id"), block, "input")
    candidate = next(_items(member(answer, "candidates")), None)
    for part in _items(member(member(candidate, "content"), "parts")):
        if call := either(part, "function_call", "functionCall"):
            yield _tool_call(member(call, "id"), call, "args")


def _call(call: Any) -> Part:
    """A tool call in the neutral form or in that of chat completions."""
    return _tool_call(member(call, "id"), member(call, "function") or call, "arguments")


def _tool_call(identity: Any, call: Any, name: str) -> Part:
    arguments = member(call, name)
    if isinstance(arguments, str):
        with suppress(ValueError, RecursionError):  # invalid JSON of a model is recorded as it is
            found = json.loads(arguments)
            json.dumps(found, allow_nan=False)  # Python reads `NaN`, too
            arguments = found
    return {
        "type": "tool_call",
        "id": identity,
        "name": member(call, "name"),
        "arguments": arguments,
    }


def _text_part(text: str) -> Part:
    return {"type": "text", "content": text}


def _items(value: Any) -> Iterator[Any]:
    return iter(value) if isinstance(value, (list, tuple)) else iter(())


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text.encode(errors="replace").decode()  # half a surrogate pair can't be exported
