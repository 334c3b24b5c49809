"""Prompts of promptfoo: a text, or a chat in JSON or YAML whose strings are templates."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from promptops.formats.document import (
    Loss,
    MediaContent,
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

_ROLES = {"human": "user", "ai": "assistant", "function": "tool"}
_KNOWN = ("system", "developer", "user", "assistant", "tool")
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
_VARIABLE = lazy_pattern(r"\{\{\s*(\w+)\s*\}\}")
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

    def turns(self, text: Text, role: str) -> tuple[SourceTurn, ...]:
        """The turns of a text; a text that is no chat is one message of the role."""
        chat = self._chat(text.value)
        if chat is not None:
            return tuple(self._turn(item) for item in chat)
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

    def _turn(self, item: dict[str, Any]) -> SourceTurn:
        content = item.get("content")
        if content == _MARKED:
            message = "the caller's conversation is the input `conversation`, empty in each case"
            self.losses.append(Loss(code="IMP302", message=message, place=self._place()))
            return SourceHistory(source=self._names.name("conversation"))
        given = str(item["role"]).lower()
        role = _ROLES.get(given, given)
        if role not in _KNOWN:
            message = f"the role `{given}` does not exist"
            loss = Loss(code="IMP101", message=message, place=self._place(), refuses=True)
            self.losses.append(loss)
        for key in item:
            if key not in ("role", "content"):
                self._lost("IMP114", f"`{key}` of a message is not carried")
        return SourceMessage(role=role, content=self._content(content))

    def _content(self, content: Any) -> tuple[TextContent | MediaContent, ...]:
        if content is None:
            return ()
        if isinstance(content, list):
            parts = (self._part(one) for one in content)
            return tuple(one for one in parts if one is not None)
        return (TextContent(parts=self._parts(str(content))),)

    def _part(self, part: Any) -> TextContent | MediaContent | None:
        given = part if isinstance(part, dict) else {"text": part}
        text = given.get("text")
        if given.get("type", "text") in ("text", "input_text") and isinstance(text, str):
            return TextContent(parts=self._parts(text))
        url = given.get("image_url")
        url = url.get("url") if isinstance(url, dict) else url
        if given.get("type") in ("image_url", "input_image") and isinstance(url, str):
            variable = _VARIABLE.fullmatch(url.strip())
            if variable is not None:
                name = self._names.name(variable[1])
                return MediaContent(kind="image", origin="input", value=name)
            if "{{" not in url:
                return MediaContent(kind="image", origin="url", value=url)
        self._lost("IMP105", f"a part of type `{given.get('type')}` is not carried")
        return None

    def _lost(self, code: str, message: str) -> None:
        loss = Loss(code=code, message=message, place=self._place())
        if loss not in self.losses:
            self.losses.append(loss)

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
