"""Prompts of promptfoo: a text, or a chat in JSON or YAML whose strings are templates."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from promptops.formats.chat_messages import ChatReader
from promptops.formats.document import (
    Loss,
    SourceHistory,
    SourceMessage,
    SourceTurn,
    TextContent,
)
from promptops.formats.input_names import InputNames
from promptops.formats.languages.nunjucks import nunjucks
from promptops.formats.parts import ExpressionPart, TemplatePart
from promptops.model.place import Place, Text
from promptops.patterns import lazy_pattern
from promptops.source.document import read_any

_BARE = lazy_pattern(r"\{\{\s*([\w.]+)\s*\|\s*dump(?:\s*\|\s*safe)?\s*\}\}")
_CONVERSATION = lazy_pattern(
    r"\{%-?\s*for\s+(\w+)\s+in\s+_conversation\s*-?%\}(?:(?!\{%-?\s*for\b).)*?\{%-?\s*endfor\s*-?%\}\s*,?",
    16,
)
_CONVERSATION_IN_YAML = lazy_pattern(
    r"^[ \t]*\{%-?\s*for\s+\w+\s+in\s+_conversation\s*-?%\}"
    r"(?:(?!\{%-?\s*for\b).)*?\{%-?\s*endfor\s*-?%\}[ \t]*\n?",
    re.MULTILINE | re.DOTALL,
)
_BARE_IN_YAML = lazy_pattern(r"^([ \t-]*content:[ \t]+)(\{\{.*\}\})[ \t]*$", re.MULTILINE)
_PRINTED = lazy_pattern(r"(\w+)\s*(\|\s*json)?\s*")
_LIKE_A_CHAT = lazy_pattern(
    r"\s*(?:\{%[^%]*%\}\s*)*(?:\[.*[\"']role[\"']|-\s+(?:role|\"role\"):)", re.DOTALL
)
_HISTORY_IN_YAML = "- role: user\n  content: \ue000history\ue001\n"
_HISTORY = '{"role": "user", "content": "\ue000history\ue001"},'
_MARKED = "\ue000history\ue001"


class PromptMessages:
    """The turns of one prompt.

    Attributes:
        losses: What was lost.
        structures: Names of variables that are lists or mappings.
    """

    def __init__(
        self, names: InputNames, place: Callable[[], Place], sample: Mapping[str, Any]
    ) -> None:
        """`sample` has example inputs: they tell how values are printed."""
        self.losses: list[Loss] = []
        self._structures = {
            name for name, value in sample.items() if isinstance(value, list | Mapping)
        }
        self._names = names
        self._place = place
        self._sample = sample
        self._reader = ChatReader(
            read=lambda text, _pointer: self._parts(text),
            place=lambda _pointer: place(),
            names=names,
            losses=self.losses,
        )

    def turns(self, text: Text, role: str) -> tuple[SourceTurn, ...]:
        """The turns of a text; a text that is no chat is one message of the role."""
        chat = self._chat(text.value)
        if chat is not None:
            turns = (self._turn(item) for item in chat)
            return tuple(turn for turn in turns if turn is not None)
        if _LIKE_A_CHAT.match(text.value):
            message = "the list of messages is computed: it can't be read"
            hint = "write each message out, or import the rendered request"
            loss = Loss(
                code="IMP101", message=message, place=self._place(), hint=hint, refuses=True
            )
            self.losses.append(loss)
        return (SourceMessage(role=role, content=(TextContent(parts=self._read(text)),)),)

    def _chat(self, text: str) -> Sequence[Any] | None:
        """The messages of a text in JSON or YAML; None for any other text."""
        if text.lstrip()[:1] not in ("[", "-"):
            return None
        if text.lstrip()[:1] == "-":
            whole = _BARE_IN_YAML.sub(_quoted, _CONVERSATION_IN_YAML.sub(_HISTORY_IN_YAML, text))
            value = read_any("", whole.encode()).value
        else:
            value = _json(_quoted_outside(_CONVERSATION.sub(_HISTORY, text)))
        if not isinstance(value, list) or not value:
            return None
        fits = all(isinstance(item, dict) and "role" in item for item in value)
        return value if fits else None

    def _turn(self, item: Mapping[str, Any]) -> SourceTurn | None:
        content = item.get("content")
        if content == _MARKED:
            message = "the caller's conversation is the input `conversation`, empty in each case"
            self.losses.append(Loss(code="IMP302", message=message, place=self._place()))
            return SourceHistory(source=self._names.name("conversation"))
        printed = {"content": str(content)} if isinstance(content, bool | int | float) else {}
        return self._reader.turn({**item, **printed}, "")

    def _parts(self, text: str) -> tuple[TemplatePart, ...]:
        place = self._place()
        return self._read(Text(place.path, text, lambda _at: (place.line, place.column)))

    def _read(self, text: Text) -> tuple[TemplatePart, ...]:
        found = nunjucks(text, self._sample)
        self.losses += found.losses
        for part in found.parts:
            if isinstance(part, ExpressionPart):
                self._note_printed(part.source, text)
        return found.parts

    def _note_printed(self, source: str, text: Text) -> None:
        """An IMP213 for a list or a mapping that is printed, also as JSON."""
        printed = _PRINTED.fullmatch(source)
        if printed is None or printed[1] not in self._structures:
            return
        name = printed[1]
        message = f"`{name}` is a list or an object, which promptfoo prints in another way"
        if printed[2]:
            message = (
                f"the JSON of `{name}` has a space after `,` and `:`; in promptfoo it has none"
            )
        at = max(text.value.find(name), 0)
        hint = None if printed[2] else "write `| join(', ')` or `| json`"
        place = text.place(at, at + len(name))
        self.losses.append(Loss(code="IMP213", message=message, place=place, hint=hint))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _quoted(match: re.Match[str]) -> str:
    return f"{match[1]}{json.dumps(match[2])}"


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
