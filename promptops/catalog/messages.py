"""The messages of a valid prompt file as records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from promptops.model.place import Text
from promptops.model.prompt import (
    ConversationHistory,
    ForEach,
    MediaKind,
    MediaPart,
    Message,
    Part,
    TextPart,
    Turn,
)

TextAt = Callable[[str], Text]
"""From a JSON pointer to the scalar at that place."""

BodyAt = Callable[[str, str], Text]
"""From the path of a body file, and the pointer of that path, to the file's text."""

MediaAt = Callable[[str, str], str]
"""From the path of a media file, and the pointer of that path, to its path in the tree."""

_KINDS: tuple[MediaKind, ...] = ("image", "audio", "document")


class Messages:
    """Builds messages from values that are valid for the schema."""

    def __init__(self, text: TextAt, body: BodyAt, media: MediaAt) -> None:
        self._text = text
        self._body = body
        self._media = media

    def turns(self, values: list[Any], at: str = "/messages") -> tuple[Turn, ...]:
        """All messages of a list, each with its pointer."""
        return tuple(self._turn(value, f"{at}/{index}") for index, value in enumerate(values))

    def _turn(self, value: Mapping[str, Any], at: str) -> Turn:
        if "for_each" in value:
            messages = tuple(
                self._message(message, f"{at}/messages/{index}")
                for index, message in enumerate(value["messages"])
            )
            return ForEach(source=value["for_each"], name=value["as"], messages=messages, at=at)
        if "history" in value:
            return ConversationHistory(source=value["history"], last=value.get("last"), at=at)
        return self._message(value, at)

    def _message(self, value: Mapping[str, Any], at: str) -> Message:
        content = value.get("content", "")
        return Message(
            role=value["role"],
            parts=tuple(self._parts(content, f"{at}/content")),
            plain=not isinstance(content, list),
            name=value.get("name"),
            cache=value.get("cache", False),
            when=self._when(value, at),
            tool_calls=tuple(value.get("tool_calls", ())),
            tool_call_id=value.get("tool_call_id"),
            at=at,
        )

    def _parts(self, content: Any, at: str) -> Iterator[Part]:
        if isinstance(content, str):
            if content:
                yield TextPart(text=self._text(at), at=at)
        elif isinstance(content, Mapping):
            yield TextPart(text=self._body(content["file"], f"{at}/file"), at=at)
        else:
            for index, part in enumerate(content):
                yield self._part(part, f"{at}/{index}")

    def _part(self, value: Mapping[str, Any], at: str) -> Part:
        when = self._when(value, at)
        if "text" in value:
            return TextPart(text=self._text(f"{at}/text"), at=f"{at}/text", when=when)
        kind = next(kind for kind in _KINDS if kind in value)
        origin, name = next(
            (origin, name)
            for origin, name in value[kind].items()
            if origin in ("input", "url", "file")
        )
        if origin == "file":
            name = self._media(name, f"{at}/{kind}/file")
        return MediaPart(
            kind=kind,
            origin=origin,
            value=name,
            at=at,
            detail=value.get("detail"),
            title=value.get("title"),
            when=when,
        )

    def _when(self, value: Mapping[str, Any], at: str) -> Text | None:
        return self._text(f"{at}/when") if "when" in value else None
