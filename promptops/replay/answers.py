"""Answers as the model APIs send them: a body, or a stream of events, or an error."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from promptops.model.answer import Answer, Usage
from promptops.patterns import lazy_pattern
from promptops.replay.requests import Api, ApiRequest

_CREATED_AT = 1_767_225_600
"""The time in all bodies that are made of an answer: 2026-01-01, so that they are always equal."""


def body_of(request: ApiRequest, answer: Answer) -> dict[str, Any]:
    """The body of the response with an answer; always the same for a request."""
    model, digest = answer.model or request.model, request.digest[:24]
    calls = [
        (f"call_{digest[:16]}_{index}", str(call["name"]), call["arguments"])
        for index, call in enumerate(answer.tool_calls)
    ]
    return _BODIES[request.api](answer, model, digest, calls)


_Calls = list[tuple[str, str, Any]]
"""The id, the name and the arguments of each tool call."""


def _completion(answer: Answer, model: str, digest: str, calls: _Calls) -> dict[str, Any]:
    content = answer.text or (None if calls else "")
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if calls:
        message["tool_calls"] = [
            {"id": id_, "type": "function", "function": {"name": name, "arguments": _json(given)}}
            for id_, name, given in calls
        ]
    usage = answer.usage
    return {
        "id": f"chatcmpl-{digest}",
        "object": "chat.completion",
        "created": _CREATED_AT,
        "model": model,
        "system_fingerprint": answer.fingerprint,
        "choices": [{"index": 0, "message": message, "finish_reason": answer.finish_reason}],
        "usage": {
            "prompt_tokens": usage.input,
            "completion_tokens": usage.output,
            "total_tokens": usage.input + usage.output,
            "prompt_tokens_details": {"cached_tokens": usage.cached},
        },
    }


def _response(answer: Answer, model: str, digest: str, calls: _Calls) -> dict[str, Any]:
    text = {"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}
    message = {
        "type": "message",
        "id": f"msg_{digest}",
        "status": "completed",
        "role": "assistant",
        "content": [text],
    }
    called = [
        {
            "type": "function_call",
            "id": f"fc_{id_}",
            "call_id": id_,
            "name": name,
            "arguments": _json(given),
            "status": "completed",
        }
        for id_, name, given in calls
    ]
    reasons = {"length": "max_output_tokens", "content_filter": "content_filter"}
    reason = reasons.get(answer.finish_reason)
    usage = answer.usage
    return {
        "id": f"resp_{digest}",
        "object": "response",
        "created_at": _CREATED_AT,
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "error": None,
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": [*([message] if answer.text or not called else []), *called],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": usage.input,
            "input_tokens_details": {"cached_tokens": usage.cached},
            "output_tokens": usage.output,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": usage.input + usage.output,
        },
    }


_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}


def _message(answer: Answer, model: str, digest: str, calls: _Calls) -> dict[str, Any]:
    text = [{"type": "text", "text": answer.text}] if answer.text or not calls else []
    called = [
        {"type": "tool_use", "id": id_, "name": name, "input": given} for id_, name, given in calls
    ]
    usage = answer.usage
    return {
        "id": f"msg_{digest}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [*text, *called],
        "stop_reason": _STOP_REASONS.get(answer.finish_reason, answer.finish_reason),
        "stop_sequence": None,
        "usage": {
            "input_tokens": usage.input - usage.cached,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": usage.cached,
            "output_tokens": usage.output,
        },
    }


_FINISH_REASONS = {
    "stop": "STOP",
    "tool_calls": "STOP",
    "length": "MAX_TOKENS",
    "content_filter": "SAFETY",
}


def _content(answer: Answer, model: str, digest: str, calls: _Calls) -> dict[str, Any]:
    text = [{"text": answer.text}] if answer.text or not calls else []
    called = [
        {"functionCall": {"id": id_, "name": name, "args": given}} for id_, name, given in calls
    ]
    reason = _FINISH_REASONS.get(answer.finish_reason, answer.finish_reason.upper())
    content = {"role": "model", "parts": [*text, *called]}
    usage = answer.usage
    return {
        "candidates": [{"index": 0, "content": content, "finishReason": reason}],
        "modelVersion": model,
        "responseId": digest,
        "usageMetadata": {
            "promptTokenCount": usage.input,
            "candidatesTokenCount": usage.output,
            "totalTokenCount": usage.input + usage.output,
            "cachedContentTokenCount": usage.cached,
        },
    }


_BODIES = {
    "chat": _completion,
    "responses": _response,
    "messages": _message,
    "gemini": _content,
}


def _json(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


def usage_of(api: Api, body: Mapping[str, Any]) -> Usage:
    """The number of tokens that a body names."""
    found = body.get("usageMetadata" if api == "gemini" else "usage") or {}
    names = {
        "chat": ("prompt_tokens", "completion_tokens"),
        "gemini": ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount"),
    }.get(api, ("input_tokens", "output_tokens"))
    counts = [found.get(name) or 0 for name in names]
    cached = [found.get(f"cache_{kind}_input_tokens") or 0 for kind in ("read", "creation")]
    return Usage(input=counts[0] + sum(cached), output=sum(counts[1:]))


# Streams: the events whose parts together are a body.


def stream_of(request: ApiRequest, body: Mapping[str, Any]) -> Iterator[bytes]:
    """The server-sent events of a body; texts come word by word."""
    if request.api == "chat":
        yield from _chunks(body, request.with_usage)
    else:
        yield from _STREAMS[request.api](body)


def _sse(value: Any, event: str = "") -> bytes:
    data = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return (f"event: {event}\n" if event else "").encode() + f"data: {data}\n\n".encode()


_WORDS = lazy_pattern(r"\s*\S+|\s+$")


def _words(text: Any) -> list[str]:
    """The words of a text, each with the white space before it."""
    return _WORDS.findall(text) if isinstance(text, str) else []


def _chunks(body: Mapping[str, Any], with_usage: bool) -> Iterator[bytes]:
    own = {name: body[name] for name in body if name not in ("choices", "usage")}
    head = {**own, "object": "chat.completion.chunk"}
    for choice in body.get("choices", ()):
        index, message = choice.get("index", 0), choice.get("message", {})
        for delta in _deltas(message):
            part = {"index": index, "delta": delta, "finish_reason": None}
            yield _sse({**head, "choices": [part]})
        end = {"index": index, "delta": {}, "finish_reason": choice.get("finish_reason")}
        yield _sse({**head, "choices": [end]})
    if with_usage:
        yield _sse({**head, "choices": [], "usage": body.get("usage")})
    yield _sse("[DONE]")


def _deltas(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    texts = ("content", "refusal", "reasoning_content")
    whole = {name: each for name, each in message.items() if name not in (*texts, "tool_calls")}
    yield {**whole, "content": "" if message.get("content") is not None else None}
    for name in texts:
        for word in _words(message.get(name)):
            yield {name: word}
    for index, call in enumerate(message.get("tool_calls") or ()):
        function = call.get("function", {})
        yield {"tool_calls": [{**call, "index": index, "function": {**function, "arguments": ""}}]}
        for word in _words(function.get("arguments")):
            yield {"tool_calls": [{"index": index, "function": {"arguments": word}}]}


def _response_events(body: Mapping[str, Any]) -> Iterator[bytes]:
    begun = {**body, "status": "in_progress", "output": [], "usage": None}
    events: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": begun}),
        ("response.in_progress", {"response": begun}),
    ]
    for index, item in enumerate(body.get("output", ())):
        events += _item_events(index, item)
    events.append((f"response.{body.get('status', 'completed')}", {"response": body}))
    for number, (kind, fields) in enumerate(events):
        yield _sse({"type": kind, "sequence_number": number, **fields}, kind)


def _item_events(index: int, item: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    at = {"output_index": index, "item_id": item.get("id", "")}
    message, call = item.get("type") == "message", item.get("type") == "function_call"
    begun = {**item, **({"content": []} if message else {}), **({"arguments": ""} if call else {})}
    if "status" in item:
        begun["status"] = "in_progress"
    yield "response.output_item.added", {"output_index": index, "item": begun}
    for number, part in enumerate(item.get("content") or ()) if message else ():
        yield from _part_events({**at, "content_index": number}, part)
    if call:
        kind, text = "response.function_call_arguments", item.get("arguments", "")
        for word in _words(text):
            yield f"{kind}.delta", {**at, "delta": word}
        yield f"{kind}.done", {**at, "name": item.get("name", ""), "arguments": text}
    yield "response.output_item.done", {"output_index": index, "item": item}


def _part_events(
    at: Mapping[str, Any], part: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events of a text, or of a refusal."""
    name = "refusal" if part.get("type") == "refusal" else "text"
    kind = "response.refusal" if name == "refusal" else "response.output_text"
    logprobs: dict[str, Any] = {"logprobs": []} if name == "text" else {}
    yield "response.content_part.added", {**at, "part": {**part, name: ""}}
    for word in _words(part.get(name)):
        yield f"{kind}.delta", {**at, "delta": word, **logprobs}
    yield f"{kind}.done", {**at, name: part.get(name, ""), **logprobs}
    yield "response.content_part.done", {**at, "part": part}


def _message_events(body: Mapping[str, Any]) -> Iterator[bytes]:
    usage = body.get("usage") or {}
    begun = {**body, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    yield _event("message_start", message=begun)
    for index, block in enumerate(body.get("content", ())):
        empty, deltas = _block_deltas(block)
        yield _event("content_block_start", index=index, content_block=empty)
        for delta in deltas:
            yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    names = ("stop_reason", "stop_sequence")
    yield _event("message_delta", delta={name: body.get(name) for name in names}, usage=usage)
    yield _event("message_stop")


def _event(kind: str, **fields: Any) -> bytes:
    return _sse({"type": kind, **fields}, kind)


def _block_deltas(block: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A block as it begins, and what is added to it."""
    kind = block.get("type")
    if kind == "tool_use":
        words = _words(json.dumps(block.get("input", {}), ensure_ascii=False))
        return {**block, "input": {}}, [
            {"type": "input_json_delta", "partial_json": word} for word in words
        ]
    if kind not in ("text", "thinking"):
        return dict(block), []
    deltas = [{"type": f"{kind}_delta", kind: word} for word in _words(block.get(kind))]
    begun = {**block, kind: ""}
    if "signature" in block:
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
        begun["signature"] = ""
    return begun, deltas


def _content_events(body: Mapping[str, Any]) -> Iterator[bytes]:
    candidates = body.get("candidates") or [{}]
    first, rest = candidates[0], candidates[1:]
    content = first.get("content") or {}
    pieces: list[dict[str, Any]] = []
    for part in content.get("parts", ()):
        words = _words(part.get("text"))
        pieces += [{**part, "text": word} for word in words] or [part]
    for piece in pieces[:-1]:
        candidate = {"index": first.get("index", 0), "content": {**content, "parts": [piece]}}
        yield _sse({**body, "candidates": [candidate]})
    last = {**first, "content": {**content, "parts": pieces[-1:]}} if content else first
    yield _sse({**body, "candidates": [last, *rest]} if "candidates" in body else body)


_STREAMS = {
    "responses": _response_events,
    "messages": _message_events,
    "gemini": _content_events,
}


# Errors, as each provider writes them.


def error_body(api: Api, status: int, message: str) -> dict[str, Any]:
    """The body of an error response."""
    kind = "rate_limit" if status == 429 else "api" if status >= 500 else "invalid_request"
    if api == "gemini":
        names = {429: "RESOURCE_EXHAUSTED", 404: "NOT_FOUND", 503: "UNAVAILABLE", 500: "INTERNAL"}
        name = names.get(status, "INVALID_ARGUMENT" if status < 500 else "UNKNOWN")
        return {"error": {"code": status, "message": message, "status": name}}
    if api == "messages":
        return {"type": "error", "error": {"type": f"{kind}_error", "message": message}}
    return {"error": {"message": message, "type": f"{kind}_error", "param": None, "code": None}}
