"""A stream of `generateContent`: its responses become the body of one.

Any value of a response may be missing or have another type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.evals.providers import OnText
from promptops.evals.providers.http_api.failures import interrupted
from promptops.evals.providers.http_api.values import items, mapping, text


class StreamedContent:
    """The body of a response, as far as it has arrived; text is passed on at once.

    Attributes:
        has_text: Whether any text was passed on.
    """

    def __init__(self, on_text: OnText) -> None:
        self.has_text = False
        self._on_text = on_text
        self._body: dict[str, Any] = {}
        self._candidate: dict[str, Any] = {}
        self._parts: list[Mapping[str, Any]] = []

    def add(self, response: Mapping[str, Any]) -> None:
        """Add the next response; its counts of tokens replace those of the one before."""
        self._body |= response
        for candidate in items(response.get("candidates"))[:1]:
            self._candidate |= candidate
            for part in items(mapping(candidate.get("content")).get("parts")):
                self._add_part(part)

    def whole(self) -> dict[str, Any]:
        """The body, as without a stream; raises Failure if the stream ended early."""
        if mapping(self._body.get("promptFeedback")).get("blockReason"):
            return self._body
        if not self._candidate.get("finishReason"):
            raise interrupted()
        candidate = {**self._candidate, "content": {"parts": self._parts}}
        return {**self._body, "candidates": [candidate]}

    def _add_part(self, part: Mapping[str, Any]) -> None:
        self._parts.append(part)
        if part.get("thought") is not True and text(part.get("text")):
            self.has_text = True
            self._on_text(text(part.get("text")))
