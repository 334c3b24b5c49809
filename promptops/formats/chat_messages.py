"""Lists of messages as the APIs of providers take them."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
from promptops.formats.plain_texts import translated
from promptops.formats.registry import ReadOptions
from promptops.json_pointer import value_at
from promptops.source.document import Document

_ROLES = {
    "human": "user",
    "ai": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "function": "tool",
    **{role: role for role in ("system", "developer", "user", "assistant", "tool")},
}
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
    reader = _Reader(document, options, names, losses, syntax or "double")
    listed = value_at(document.value, pointer)
    found = [
        reader.turn(item, f"{pointer}/{index}")
        for index, item in enumerate(listed if isinstance(listed, list) else ())
    ]
    return tuple(turn for turn in found if turn is not None)


class _Reader:
    """One list."""

    def __init__(
        self,
        document: Document,
        options: ReadOptions,
        names: InputNames,
        losses: list[Loss],
        syntax: str,
    ) -> None:
        self._document = document
        self._options = options
        self._names = names
        self._losses = losses
        self._syntax = syntax

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
        return SourceMessage(
            role=role,
            content=self._content(item.get("content"), f"{pointer}/content"),
            fields=self._fields(item, pointer),
        )

    def _content(self, content: Any, pointer: str) -> tuple[TextContent | MediaContent, ...]:
        if isinstance(content, str):
            return (self._text(pointer),)
        if not isinstance(content, list):
            if content is not None:
                message = "the content of a message is neither a text nor a list: it is not carried"
                self._lost("IMP114", message, pointer)
            return ()
        found = [self._part(part, f"{pointer}/{index}") for index, part in enumerate(content)]
        return tuple(part for part in found if part is not None)

    def _text(self, pointer: str) -> TextContent:
        text = self._document.template(pointer)
        found = translated(text, self._options, self._names, self._syntax)
        self._losses += found.losses
        return TextContent(parts=found.parts)

    def _part(self, part: Any, pointer: str) -> TextContent | MediaContent | None:
        if isinstance(part, str):
            return self._text(pointer)
        if not isinstance(part, Mapping):
            message = "a part that is neither a text nor an object is not carried"
            self._lost("IMP114", message, pointer)
            return None
        if part.get("type", "text") in _TEXTS and isinstance(part.get("text"), str):
            return self._text(f"{pointer}/text")
        if part.get("type") in ("image_url", "input_image", "image"):
            return self._image(part, pointer)
        self._lost("IMP105", f"a part of type `{part.get('type')}` is not carried", pointer)
        return None

    def _image(self, part: Mapping[str, Any], pointer: str) -> MediaContent | None:
        given = part.get("image_url", part.get("source"))
        url = given.get("url", given.get("data")) if isinstance(given, Mapping) else given
        detail = given.get("detail") if isinstance(given, Mapping) else part.get("detail")
        if not isinstance(url, str):
            self._lost("IMP105", "an image without an address is not carried", pointer)
            return None
        name = url.strip().removeprefix("{{").removesuffix("}}").strip()
        if url.strip() != name and name.isidentifier():
            return MediaContent(
                kind="image", origin="input", value=self._names.name(name), detail=detail
            )
        return MediaContent(kind="image", origin="url", value=url, detail=detail)

    def _fields(self, item: Mapping[str, Any], pointer: str) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if isinstance(item.get("name"), str) and item.get("role") != "function":
            fields["name"] = item["name"]
        if isinstance(item.get("tool_call_id"), str):
            fields["tool_call_id"] = item["tool_call_id"]
        calls = item.get("tool_calls")
        if isinstance(calls, list):
            fields["tool_calls"] = [
                found
                for index, call in enumerate(calls)
                if (found := self._call(call, f"{pointer}/tool_calls/{index}")) is not None
            ]
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
        place = self._document.place(pointer)
        self._losses.append(Loss(code=code, message=message, place=place, refuses=True))

    def _lost(self, code: str, message: str, pointer: str) -> None:
        place = self._document.place(pointer)
        self._losses.append(Loss(code=code, message=message, place=place))
