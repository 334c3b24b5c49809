"""What the fault server can answer, well and badly, in the shapes of the providers' APIs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from threading import Event
from types import MappingProxyType
from typing import Any

from tests.servers.strict import shape_of

CREATED_AT = 1_767_225_600  # 2026-01-01T00:00:00Z
FINGERPRINT = "fp_echo"
EMBEDDING_SIZE = 8


class Ending(Enum):
    """How an answer ends.

    TRUNCATED sends half of the body it announced and closes. RESET sends nothing, and the client
    sees "connection reset by peer". NEVER sends nothing and keeps the connection open.
    """

    WHOLE = auto()
    TRUNCATED = auto()
    RESET = auto()
    NEVER = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered to one request.

    Attributes:
        headers: Besides the type and the length of the body, or instead of them.
        says: What the model says; None to repeat the last message.
        body: Sent instead of what the API would answer.
        padding: So many bytes of white space stand before the body. It stays good JSON.
        after_s: Seconds from the end of the request to the beginning of the answer.
        until: The answer begins after this is set.
        byte_every_s: Seconds before each byte of the body; 0 to send it at once.
        stream: Sent instead of a body, one part after the other; at an event the server waits until
            it is set. A TRUNCATED one has all its parts, and no end.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    says: str | None = None
    body: bytes | None = None
    padding: int = 0
    after_s: float = 0.0
    until: Event | None = None
    byte_every_s: float = 0.0
    stream: Sequence[bytes | Event] | None = None
    ending: Ending = Ending.WHOLE


OK = Answer()

# Each on its own; a test that must hold for every fault goes over all of them.
FAULTS: Mapping[str, Answer] = MappingProxyType(
    {
        "429": Answer(status=429),
        "429 with retry-after": Answer(status=429, headers={"retry-after": "1"}),
        "429 with a quota": Answer(
            status=429,
            headers={
                "x-ratelimit-limit-requests": "60",
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "1s",
            },
        ),
        "500": Answer(status=500),
        "502 of a proxy": Answer(
            status=502,
            headers={"content-type": "text/html"},
            body=b"<html><h1>502 Bad Gateway</h1></html>",
        ),
        "503": Answer(status=503),
        "error in a 200": Answer(body=b'{"error": {"message": "overloaded", "code": 503}}'),
        "drip": Answer(byte_every_s=0.01),
        "truncated": Answer(ending=Ending.TRUNCATED),
        "malformed": Answer(body=b'{"choices": [{"message": {"content": "hel'),
        "not UTF-8": Answer(body=b'{"choices": "\xff\xfe"}'),
        "empty": Answer(body=b""),
        "another shape": Answer(body=b'{"answer": 42}'),
        "no choices": Answer(body=b'{"id": "x", "object": "chat.completion", "choices": []}'),
        "huge": Answer(padding=100 * 2**20),
        "reset": Answer(ending=Ending.RESET),
        "silent": Answer(ending=Ending.NEVER),
    }
)


def body_of(answer: Answer, path: str, request: bytes, number: int) -> tuple[int, bytes]:
    """The status and the body, without the padding; `number` is the request's, from 1.

    A request that the API would refuse gets its 400 or 404, whatever was planned.
    """
    if answer.body is not None:
        return answer.status, answer.body
    if answer.status >= 400:
        return _refusal(answer.status, f"planned: {answer.status}")
    shape = SHAPES.get(path) or shape_of(path)
    if shape is None:
        return _refusal(404, "there is nothing here")
    try:
        body = shape(json.loads(request), answer.says, number)
    except (ValueError, LookupError, TypeError) as error:
        return _refusal(400, f"the request is not one: {error!r}")
    return answer.status, json.dumps(body).encode()


def _refusal(status: int, message: str) -> tuple[int, bytes]:
    kinds = {429: "rate_limit_exceeded"}
    kind = kinds.get(status, "server_error" if status >= 500 else "invalid_request_error")
    error = {"message": message, "type": kind, "param": None, "code": None}
    return status, json.dumps({"error": error}).encode()


def _chat(request: dict[str, Any], says: str | None, number: int) -> dict[str, Any]:
    text = _text(request["messages"][-1]["content"]) if says is None else says
    asked = sum(_words(_text(message["content"])) for message in request["messages"])
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
    }
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": CREATED_AT,
        "model": request["model"],
        "system_fingerprint": FINGERPRINT,
        "choices": [choice],
        "usage": {
            "prompt_tokens": asked,
            "completion_tokens": _words(text),
            "total_tokens": asked + _words(text),
        },
    }


def _response(request: dict[str, Any], says: str | None, number: int) -> dict[str, Any]:
    entries = request["input"]
    texts = [entries] if isinstance(entries, str) else [_text(each["content"]) for each in entries]
    text = texts[-1] if says is None else says
    asked = sum(_words(each) for each in texts)
    message = {
        "type": "message",
        "id": f"msg-{number}",
        "status": "completed",
        "role": "assistant",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    }
    return {
        "id": f"resp-{number}",
        "object": "response",
        "created_at": CREATED_AT,
        "status": "completed",
        "model": request["model"],
        "output": [message],
        "usage": {
            "input_tokens": asked,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": _words(text),
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": asked + _words(text),
        },
    }


def _embeddings(request: dict[str, Any], _says: str | None, _number: int) -> dict[str, Any]:
    given = request["input"]
    texts = [given] if isinstance(given, str) else given
    data = [
        {"object": "embedding", "index": index, "embedding": _vector(text)}
        for index, text in enumerate(texts)
    ]
    asked = sum(_words(text) for text in texts)
    usage = {"prompt_tokens": asked, "total_tokens": asked}
    return {"object": "list", "model": request["model"], "data": data, "usage": usage}


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


def _words(text: str) -> int:
    return len(text.split())


def _vector(text: str) -> list[float]:
    digest = hashlib.sha256(text.encode()).digest()
    return [(byte - 127.5) / 127.5 for byte in digest[:EMBEDDING_SIZE]]


SHAPES = {
    "/v1/chat/completions": _chat,
    "/v1/responses": _response,
    "/v1/embeddings": _embeddings,
}
