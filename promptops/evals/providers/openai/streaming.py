"""Streams of the two APIs that answer with text: their events become the body of one response.

Any value of an event may be missing or have another type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from promptops.evals.providers import OnText
from promptops.evals.providers.http_api.failures import interrupted
from promptops.evals.providers.http_api.values import items, mapping, text
from promptops.evals.providers.openai.failures import failure_in_response
from promptops.records import field, record


class StreamedBody(Protocol):
    """The body of a response, as far as it has arrived; text is passed on at once."""

    def add(self, event: Mapping[str, Any]) -> None:
        """Add the next event; raises Failure if it is an error."""

    def whole(self) -> dict[str, Any]:
        """The body, as without a stream; raises Failure if the stream ended early."""


@record(frozen=True, slots=True, kw_only=True)
class Streaming:
    """How one API streams.

    Attributes:
        options: Added to the body of a request.
        body: An empty body; the function gets each piece of text.
    """

    options: Mapping[str, Any]
    body: Callable[[OnText], StreamedBody]


@record(slots=True)
class _Call:
    """A tool call; its arguments arrive in pieces."""

    identity: Any
    name: str
    arguments: list[str] = field(default_factory=list)


class _Chunks:
    """Chunks of a chat completion; only the first choice counts."""

    def __init__(self, on_text: OnText) -> None:
        self._on_text = on_text
        self._facts: dict[str, Any] = {}
        self._pieces: dict[str, list[str]] = {"content": [], "refusal": []}
        self._calls: list[_Call] = []
        self._call_at: dict[Any, _Call] = {}
        self._finish_reason: Any = None

    def add(self, event: Mapping[str, Any]) -> None:
        names = ("model", "system_fingerprint", "usage")
        self._facts |= {name: event[name] for name in names if event.get(name)}
        for choice in items(event.get("choices")):
            if choice.get("index", 0) == 0:
                self._add_delta(mapping(choice.get("delta")))
                self._finish_reason = choice.get("finish_reason") or self._finish_reason

    def whole(self) -> dict[str, Any]:
        if self._finish_reason is None:
            raise interrupted()
        calls = [
            {"function": {"name": call.name, "arguments": "".join(call.arguments)}}
            for call in self._calls
        ]
        texts = {name: "".join(pieces) for name, pieces in self._pieces.items()}
        message = {**texts, "tool_calls": calls}
        choice = {"message": message, "finish_reason": self._finish_reason}
        return {**self._facts, "choices": [choice]}

    def _add_delta(self, delta: Mapping[str, Any]) -> None:
        for name, pieces in self._pieces.items():
            piece = text(delta.get(name))
            # The text of an answer is its content; a refusal counts only without content.
            if piece and (name == "content" or not self._pieces["content"]):
                pieces.append(piece)
                self._on_text(piece)
        for call in items(delta.get("tool_calls")):
            self._add_call(call)

    def _add_call(self, delta: Mapping[str, Any]) -> None:
        """Part of a call; some servers give all calls the same index."""
        function = mapping(delta.get("function"))
        index, name = delta.get("index"), text(function.get("name"))
        call = self._call_at.get(index)
        if call is None or (name and delta.get("id") not in (None, "", call.identity)):
            call = self._call_at[index] = _Call(delta.get("id"), name)
            self._calls.append(call)
        call.arguments.append(text(function.get("arguments")))


_TEXT = ("response.output_text.delta", "response.refusal.delta")
_ENDS = ("response.completed", "response.incomplete", "response.failed")


class _Events:
    """Events of the Responses API; the last one has the whole body."""

    def __init__(self, on_text: OnText) -> None:
        self._on_text = on_text
        self._body: dict[str, Any] | None = None

    def add(self, event: Mapping[str, Any]) -> None:
        kind = event.get("type")
        if kind in _TEXT:
            self._on_text(text(event.get("delta")))
        elif kind in _ENDS:
            self._body = dict(mapping(event.get("response")))
        elif kind == "error":
            raise failure_in_response(event, {}, 0.0)

    def whole(self) -> dict[str, Any]:
        if self._body is None:
            raise interrupted()
        return self._body


STREAMING: Mapping[str, Streaming] = {
    "chat": Streaming(
        options={"stream": True, "stream_options": {"include_usage": True}}, body=_Chunks
    ),
    "responses": Streaming(options={"stream": True}, body=_Events),
}
"""By the names that `api_of` returns; the other APIs can't stream."""
