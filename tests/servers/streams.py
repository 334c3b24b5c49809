"""Streamed answers: server-sent events in the shapes of the providers' APIs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from threading import Event
from typing import Any

from tests.servers.answers import Answer, Ending
from tests.servers.plans import Received

Parts = Sequence[bytes | Event]


def stream_of(answer: Answer, received: Received, status: int, body: bytes) -> Parts | None:
    """The parts of a stream: those of the plan, or the whole answer where a stream is requested.

    None if the answer is sent as one body.
    """
    if answer.stream is not None:
        return answer.stream
    if status != 200 or answer.body is not None or answer.padding:
        return None
    events = _events_of(received)
    if events is None:
        return None
    parts = list(events(json.loads(body)))
    return parts[: len(parts) // 2] if answer.ending is Ending.TRUNCATED else parts


def _events_of(received: Received) -> Callable[[dict[str, Any]], Iterator[bytes]] | None:
    """What makes the events of a whole answer; None if no stream is requested."""
    if received.path.endswith(":streamGenerateContent?alt=sse"):
        return _of_content
    return _EVENTS.get(received.path) if received.json.get("stream") is True else None


def sse(value: Any, event: str = "") -> bytes:
    """One event; its data as JSON, or as it is for a string."""
    data = value if isinstance(value, str) else json.dumps(value)
    return (f"event: {event}\n" if event else "").encode() + f"data: {data}\n\n".encode()


DONE = sse("[DONE]")


def chunk(
    delta: dict[str, Any] | None = None, finish_reason: str | None = None, **more: Any
) -> bytes:
    """A chunk of a chat completion; without a delta it has no choice."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    choices = [] if delta is None else [choice]
    known = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "m-1"}
    return sse({**known, "choices": choices, **more})


def words(text: str) -> list[str]:
    """The words of a text, each with the white space before it."""
    return re.findall(r"\s*\S+|\s+$", text)


def _chunks(body: dict[str, Any]) -> Iterator[bytes]:
    choice = body["choices"][0]
    about = {"model": body["model"], "system_fingerprint": body["system_fingerprint"]}
    yield chunk({"role": "assistant", "content": ""}, **about)
    for word in words(choice["message"]["content"]):
        yield chunk({"content": word}, **about)
    yield chunk({}, choice["finish_reason"], **about)
    yield chunk(usage=body["usage"], **about)
    yield DONE


def _events(body: dict[str, Any]) -> Iterator[bytes]:
    yield _event("response.created", response={**body, "status": "in_progress", "output": []})
    for item in body["output"]:
        for part in item.get("content", ()):
            for word in words(part["text"]):
                yield _event("response.output_text.delta", delta=word)
    yield _event("response.completed", response=body)


def _event(kind: str, **fields: Any) -> bytes:
    return sse({"type": kind, **fields}, kind)


def _of_message(body: dict[str, Any]) -> Iterator[bytes]:
    """The events of the Messages API."""
    usage = {**body["usage"], "output_tokens": 1}
    start = {**body, "content": [], "stop_reason": None, "usage": usage}
    yield _event("message_start", message=start)
    yield _event("ping")
    for index, block in enumerate(body["content"]):
        yield _event("content_block_start", index=index, content_block={**block, "text": ""})
        for word in words(block["text"]):
            delta = {"type": "text_delta", "text": word}
            yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    delta = {"stop_reason": body["stop_reason"], "stop_sequence": None}
    usage = {"output_tokens": body["usage"]["output_tokens"]}
    yield _event("message_delta", delta=delta, usage=usage)
    yield _event("message_stop")


def _of_content(body: dict[str, Any]) -> Iterator[bytes]:
    """The responses of `streamGenerateContent`; the last one has the finish reason."""
    candidate = body["candidates"][0]
    for word in words(candidate["content"]["parts"][0]["text"]):
        content = {"role": "model", "parts": [{"text": word}]}
        yield sse({**body, "candidates": [{"index": 0, "content": content}]})
    last = {**candidate, "content": {"role": "model", "parts": [{"text": ""}]}}
    yield sse({**body, "candidates": [last]})


_EVENTS = {
    "/v1/chat/completions": _chunks,
    "/v1/responses": _events,
    "/v1/messages": _of_message,
}
