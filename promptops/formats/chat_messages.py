"""Lists of messages as the APIs of providers take them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from promptops.formats.document import (
    Loss,
    MediaContent,
    SourceHistory,
    SourceMessage,
    SourceTurn,
    TemplatePart,
    TextContent,
)
from promptops.formats.plain_texts import translated
from promptops.formats.registry import ReadOptions
from promptops.formats.translation import InputNames
from promptops.json_pointer import value_at
from promptops.model.place import Place
from promptops.model.prompt import MediaKind
from promptops.patterns import lazy_pattern
from promptops.source.document import Document

_ROLES = {
    "human": "user",
    "ai": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "function": "tool",
    **{role: role for role in ("system", "developer", "user", "assistant", "tool")},
}
_OF_MESSAGES = ("role", "content", "name", "tool_calls", "tool_call_id", "type")
_VARIABLE = lazy_pattern(r"\{\{\s*([\w-]+)\s*\}\}")
_TEXTS = ("text", "input_text", "output_text")


def chat_turns(
    document: Document,
    pointer: str,
    options: ReadOptions,
    names: InputNames,
    *,
    losses: list[Loss],
    syntax: str | None = None,
) -> tuple[SourceTurn, ...]:
    """The messages of the list at a pointer; adds what is lost to `losses`.

    Texts are templates: of `syntax` or, without one, with `{{name}}` as inputs.
    """

    def read(_text: str, at: str) -> tuple[TemplatePart, ...]:
        found = translated(document.template(at), options, names, syntax or "double")
        losses.extend(found.losses)
        return found.parts

    reader = ChatReader(read=read, place=document.place, names=names, losses=losses)
    listed = value_at(document.value, pointer)
    found = [
        reader.turn(item, f"{pointer}/{index}")
        for index, item in enumerate(listed if isinstance(listed, list) else ())
    ]
    return tuple(turn for turn in found if turn is not None)


class ChatReader:
    """One list of messages."""

    def __init__(
        self,
        *,
        read: Callable[[str, str], tuple[TemplatePart, ...]],
        place: Callable[[str], Place],
        names: InputNames,
        losses: list[Loss],
    ) -> None:
        """Adds what is lost to `losses`.

        Args:
            read: The parts of a text with a JSON pointer.
            place: Of a JSON pointer.
        """
        self._read = read
        self._place = place
        self._names = names
        self._losses = losses

    def turn(self, item: Any, pointer: str) -> SourceTurn | None:
        """One message; None for one that is not carried."""
        if not isinstance(item, Mapping):
            self._refused("IMP101", "a message is not an object", pointer)
            return None
        if item.get("type") == "placeholder" and isinstance(item.get("name"), str):
            self._lost("IMP302", f"`{item['name']}` is the caller's conversation", pointer)
            return SourceHistory(source=self._names.name(item["name"]))
        role = _ROLES.get(str(item.get("role", "")).lower())
        if role is None:
            self._refused("IMP101", f"the role `{item.get('role')}` does not exist", pointer)
            return None
        for key, value in item.items():
            if key not in _OF_MESSAGES and value is not None:
                self._lost("IMP114", f"`{key}` of a message is not carried", f"{pointer}/{key}")
        return SourceMessage(
            role=role,
            content=self._content(item.get("content"), f"{pointer}/content"),
            fields=self._fields(item, pointer),
        )

    def _content(self, content: Any, pointer: str) -> tuple[TextContent | MediaContent, ...]:
        if isinstance(content, str):
            return (self._text(content, pointer),)
        if not isinstance(content, list):
            if content is not None:
                message = "the content of a message is neither a text nor a list: it is not carried"
                self._lost("IMP114", message, pointer)
            return ()
        found = [self._part(part, f"{pointer}/{index}") for index, part in enumerate(content)]
        return tuple(part for part in found if part is not None)

    def _text(self, text: str, pointer: str) -> TextContent:
        return TextContent(parts=self._read(text, pointer))

    def _part(self, part: Any, pointer: str) -> TextContent | MediaContent | None:
        if isinstance(part, str):
            return self._text(part, pointer)
        if not isinstance(part, Mapping):
            message = "a part that is neither a text nor an object is not carried"
            self._lost("IMP114", message, pointer)
            return None
        if part.get("type", "text") in _TEXTS and isinstance(part.get("text"), str):
            return self._text(part["text"], f"{pointer}/text")
        if part.get("type") in ("image_url", "input_image", "image"):
            return self._image(part, pointer)
        return self._other(part, pointer)

    def _other(self, part: Mapping[str, Any], pointer: str) -> MediaContent | None:
        """A sound or a document."""
        kind = str(part.get("type"))
        given = part.get(kind)
        inner: Mapping[str, Any] = given if isinstance(given, Mapping) else part
        sound, encoding, document = map(inner.get, ("data", "format", "file_data"))
        if kind == "input_audio" and isinstance(sound, str) and isinstance(encoding, str):
            address = sound if "{{" in sound else f"data:audio/{encoding};base64,{sound}"
            return self._media("audio", address, pointer)
        if kind in ("file", "input_file") and isinstance(document, str):
            return self._media("document", document, pointer)
        self._lost("IMP105", f"a part of type `{kind}` is not carried", pointer)
        return None

    def _image(self, part: Mapping[str, Any], pointer: str) -> MediaContent | None:
        given = part.get("image_url", part.get("source"))
        url = given.get("url", given.get("data")) if isinstance(given, Mapping) else given
        detail = given.get("detail") if isinstance(given, Mapping) else part.get("detail")
        if not isinstance(url, str):
            self._lost("IMP105", "an image without an address is not carried", pointer)
            return None
        return self._media("image", url, pointer, detail)

    def _media(
        self, kind: MediaKind, address: str, pointer: str, detail: Any = None
    ) -> MediaContent | None:
        variable = _VARIABLE.fullmatch(address.strip())
        if variable is not None:
            name = self._names.name(variable[1])
            return MediaContent(kind=kind, origin="input", value=name, detail=detail)
        if "{{" in address:
            self._lost("IMP105", f"the {kind} has a variable in its address", pointer)
            return None
        return MediaContent(kind=kind, origin="url", value=address, detail=detail)

    def _fields(self, item: Mapping[str, Any], pointer: str) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if isinstance(item.get("name"), str) and item.get("role") != "function":
            fields["name"] = item["name"]
        if isinstance(item.get("tool_call_id"), str):
            fields["tool_call_id"] = item["tool_call_id"]
        calls = item.get("tool_calls")
        if isinstance(calls, list):
            read = (
                self._call(call, f"{pointer}/tool_calls/{index}")
                for index, call in enumerate(calls)
            )
            found = [call for call in read if call is not None]
            if found:
                fields["tool_calls"] = found
        return fields

    def _call(self, call: Any, pointer: str) -> dict[str, Any] | None:
        function = call.get("function") if isinstance(call, Mapping) else None
        arguments = function.get("arguments") if isinstance(function, Mapping) else None
        try:
            parsed = json.loads(arguments) if isinstance(arguments, str) else arguments
        except (ValueError, RecursionError):
            parsed = None
        if not isinstance(function, Mapping) or not isinstance(parsed, dict):
            self._lost("IMP106", "a call of a tool can't be read", pointer)
            return None
        return {"id": call.get("id", "call"), "name": function.get("name"), "arguments": parsed}

    def _refused(self, code: str, message: str, pointer: str) -> None:
        loss = Loss(code=code, message=message, place=self._place(pointer), refuses=True)
        self._losses.append(loss)

    def _lost(self, code: str, message: str, pointer: str) -> None:
        loss = Loss(code=code, message=message, place=self._place(pointer))
        if loss not in self._losses:
            self._losses.append(loss)
