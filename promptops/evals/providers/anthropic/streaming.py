"""A stream of the Messages API: its events become the body of one message.

Any value of an event may be missing or have another type.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from promptops.evals.providers import OnText
from promptops.evals.providers.http_api.failures import interrupted
from promptops.evals.providers.http_api.values import mapping, text
from promptops.records import field, record


@record(slots=True)
class _Block:
    """A block of content; its text, or the arguments of its tool call, arrive in pieces."""

    start: Mapping[str, Any]
    texts: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)

    def whole(self) -> dict[str, Any]:
        kind = self.start.get("type")
        if kind == "text":
            return {**self.start, "text": "".join(self.texts)}
        if kind == "tool_use" and any(self.arguments):
            return {**self.start, "input": "".join(self.arguments)}
        return dict(self.start)


class StreamedMessage:
    """The body of a message, as far as it has arrived; text is passed on at once.

    Attributes:
        has_text: Whether any text was passed on.
    """

    def __init__(self, on_text: OnText) -> None:
        self.has_text = False
        self._on_text = on_text
        self._message: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self._blocks: dict[Any, _Block] = {}
        self._stopped = False

    def add(self, event: Mapping[str, Any]) -> None:
        """Add the next event; unknown ones are ignored."""
        match event.get("type"):
            case "message_start":
                self._message = dict(mapping(event.get("message")))
                self._usage = dict(mapping(self._message.get("usage")))
            case "content_block_start":
                self._start(event)
            case "content_block_delta":
                self._add_delta(_key(event), mapping(event.get("delta")))
            case "message_delta":
                self._message |= mapping(event.get("delta"))
                self._usage |= _known(mapping(event.get("usage")))
            case "message_stop":
                self._stopped = True

    def whole(self) -> dict[str, Any]:
        """The body, as without a stream; raises Failure if the stream ended early."""
        if not self._stopped:
            raise interrupted()
        content = [block.whole() for block in self._blocks.values()]
        return {**self._message, "content": content, "usage": self._usage}

    def _start(self, event: Mapping[str, Any]) -> None:
        block = _Block(mapping(event.get("content_block")))
        self._blocks[_key(event)] = block
        self._add_text(block, block.start.get("text"))

    def _add_delta(self, key: str, delta: Mapping[str, Any]) -> None:
        block = self._blocks.get(key)
        if block is None:
            return
        if delta.get("type") == "text_delta":
            self._add_text(block, delta.get("text"))
        elif delta.get("type") == "input_json_delta":
            block.arguments.append(text(delta.get("partial_json")))

    def _add_text(self, block: _Block, piece: Any) -> None:
        if block.start.get("type") == "text" and text(piece):
            block.texts.append(text(piece))
            self.has_text = True
            self._on_text(text(piece))


def _key(event: Mapping[str, Any]) -> str:
    """The index of a block, which may have any type."""
    return json.dumps(event.get("index"))


def _known(usage: Mapping[str, Any]) -> Mapping[str, Any]:
    """Later counts replace earlier ones; a missing one does not."""
    return {name: count for name, count in usage.items() if count is not None}
