"""Prompts of promptfoo: a text, or a chat in JSON or YAML whose strings are templates."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from promptops.formats.document import (
    Loss,
    SourceHistory,
    SourceMessage,
    SourceTurn,
    TextContent,
)
from promptops.formats.input_names import InputNames
from promptops.formats.languages.nunjucks import nunjucks
from promptops.formats.parts import TemplatePart
from promptops.model.place import Place, Text
from promptops.patterns import lazy_pattern
from promptops.source.document import read_any

_ROLES = {"human": "user", "ai": "assistant", "function": "tool"}
_KNOWN = ("system", "developer", "user", "assistant", "tool")
_BARE = lazy_pattern(r"\{\{\s*([\w.]+)\s*\|\s*dump(?:\s*\|\s*safe)?\s*\}\}")
_CONVERSATION = lazy_pattern(
    r"\{%-?\s*for\s+(\w+)\s+in\s+_conversation\s*-?%\}.*?\{%-?\s*endfor\s*-?%\}\s*,?", 16
)
_HISTORY = '{"role": "user", "content": "\ue000history\ue001"},'
_MARKED = "\ue000history\ue001"


class PromptMessages:
    """The turns of one prompt.

    Attributes:
        losses: What was lost.
    """

    def __init__(
        self, names: InputNames, place: Callable[[], Place], sample: Mapping[str, Any]
    ) -> None:
        """`sample` has example inputs: they tell how values are printed."""
        self.losses: list[Loss] = []
        self._names = names
        self._place = place
        self._sample = sample

    def turns(self, text: str, role: str) -> tuple[SourceTurn, ...]:
        """The turns of a text; a text that is no chat is one message of the role."""
        chat = self._chat(text)
        if chat is not None:
            return tuple(self._turn(item) for item in chat)
        if '"role"' in text and text.lstrip()[:1] == "[":
            message = "the list of messages is computed: it can't be read"
            loss = Loss(code="IMP101", message=message, place=self._place(), refuses=True)
            self.losses.append(loss)
        return (SourceMessage(role=role, content=(TextContent(parts=self._parts(text)),)),)

    def _chat(self, text: str) -> Sequence[Any] | None:
        """The messages of a text in JSON or YAML; None for any other text."""
        if text.lstrip()[:1] not in ("[", "-"):
            return None
        whole = _CONVERSATION.sub(_HISTORY, text)
        whole = _quoted_outside(whole)
        try:
            value = json.loads(whole)
        except ValueError:
            value = read_any("", whole.encode()).value if text.lstrip()[:1] == "-" else None
        if not isinstance(value, list) or not value:
            return None
        fits = all(isinstance(item, dict) and "role" in item for item in value)
        return value if fits else None

    def _turn(self, item: dict[str, Any]) -> SourceTurn:
        content = item.get("content")
        if content == _MARKED:
            message = "the caller's conversation is the input `conversation`"
            self.losses.append(Loss(code="IMP302", message=message, place=self._place()))
            return SourceHistory(source=self._names.name("conversation"))
        given = str(item["role"]).lower()
        role = _ROLES.get(given, given)
        if role not in _KNOWN:
            message = f"the role `{given}` does not exist"
            loss = Loss(code="IMP101", message=message, place=self._place(), refuses=True)
            self.losses.append(loss)
        if isinstance(content, list):
            texts = [one.get("text", "") for one in content if isinstance(one, dict)]
            if len(texts) < len(content) or any(
                one.get("type", "text") != "text" for one in content
            ):
                message = "a part that is not text is not carried"
                self.losses.append(Loss(code="IMP105", message=message, place=self._place()))
            parts = tuple(TextContent(parts=self._parts(str(text))) for text in texts if text)
            return SourceMessage(role=role, content=parts)
        return SourceMessage(role=role, content=(TextContent(parts=self._parts(str(content))),))

    def _parts(self, text: str) -> tuple[TemplatePart, ...]:
        place = self._place()
        source = Text(place.path, text, lambda _at: (place.line, place.column))
        found = nunjucks(source, self._sample)
        self.losses += found.losses
        return found.parts


def _quoted_outside(text: str) -> str:
    """`{{ x | dump }}` outside of a string as a string with the value of `x`."""
    pieces, position, inside = [], 0, False
    while position < len(text):
        match = _BARE.match(text, position) if not inside else None
        if match is not None:
            pieces.append(f'"{{{{ {match[1]} }}}}"')
            position = match.end()
            continue
        char = text[position]
        if char == "\\" and inside:
            pieces.append(text[position : position + 2])
            position += 2
            continue
        inside ^= char == '"'
        pieces.append(char)
        position += 1
    return "".join(pieces)
