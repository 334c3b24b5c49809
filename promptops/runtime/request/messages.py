"""Render the messages of a prompt, optionally tracing the source of each character."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from promptops.model.place import Text
from promptops.model.prompt import (
    ConversationHistory,
    ForEach,
    MediaPart,
    Message,
    Part,
    Prompt,
    TextPart,
)
from promptops.records import record
from promptops.runtime.template.limits import MAX_MEDIA_BYTES, Meter
from promptops.runtime.template.scope import Frame, Load, Piece, Run, TemplateFailure
from promptops.runtime.template.text_rendering import evaluate, render_text, trace_text

MAX_TURNS = 1_000

Media = Callable[[str], bytes | None]
"""From the path of a file to its bytes, or None."""


@record(frozen=True, slots=True)
class SourcedText:
    """A text of the request, with the source of its characters.

    Attributes:
        message: Index in the request's messages, 0-based.
        at: JSON pointer of the text part in the prompt file.
        pieces: Joined, they are the text of the request, without trailing newlines.
    """

    message: int
    role: str
    at: str
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


class MediaUrls:
    """The files of media parts as `data:` URLs, each created once."""

    def __init__(self, read: Media | None) -> None:
        self._read = read
        self._urls: dict[str, str] = {}

    def url(self, path: str) -> str:
        """Raises LookupError with the problem: lower case, no full stop."""
        if path not in self._urls:
            self._urls[path] = self._data_url(path)
        return self._urls[path]

    def _data_url(self, path: str) -> str:
        import base64
        import mimetypes

        data = self._read(path) if self._read is not None else None
        if data is None:
            raise LookupError(f"there is no file `{path}`")
        if len(data) > MAX_MEDIA_BYTES:  # such a file is not read to its end
            raise LookupError(f"`{path}` is larger than 2 MB")
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return f"data:{kind};base64,{base64.b64encode(data).decode()}"


class Rendering:
    """One rendering of the messages with one set of inputs; raises TemplateFailure.

    Attributes:
        messages: The messages of the request rendered so far.
        meter: The remaining work of the request.
    """

    _traced = False

    def __init__(self, prompt: Prompt, names: dict[str, Any], load: Load, media: MediaUrls) -> None:
        self.messages: list[dict[str, Any]] = []
        self.meter = Meter()
        self._prompt = prompt
        self._names = names
        self._run = Run(load, self._traced, self.meter)
        self._media = media

    def walk(self) -> tuple[dict[str, Any], ...]:
        for turn in self._prompt.messages:
            if isinstance(turn, Message):
                self._message(turn, self._names)
            elif isinstance(turn, ForEach):
                for item in self._items(turn):
                    names = {**self._names, turn.name: item}
                    for message in turn.messages:
                        self._message(message, names)
            else:
                self._history(turn)
        return tuple(self.messages)

    def _message(self, message: Message, names: dict[str, Any]) -> None:
        if message.when is not None and not self.holds(message.when, names):
            return
        parts = [
            part for part in message.parts if part.when is None or self.holds(part.when, names)
        ]
        content: Any
        if message.plain:
            texts = [self.text(message, p, names) for p in parts if isinstance(p, TextPart)]
            content = texts[0] if texts else ""
        else:
            content = [self._part(message, part, names) for part in parts]
        self._add(message_data(message, content), message.at)

    def _add(self, turn: dict[str, Any], at: str) -> None:
        if len(self.messages) >= MAX_TURNS:
            raise self._failure(f"over {MAX_TURNS:,} messages", at, refused=True)
        self.messages.append(turn)

    def _part(self, message: Message, part: Part, names: dict[str, Any]) -> dict[str, Any]:
        if isinstance(part, TextPart):
            return {"type": "text", "text": self.text(message, part, names)}
        origin = {"type": part.kind, "detail": part.detail, "title": part.title}
        return {
            **{key: value for key, value in origin.items() if value is not None},
            **self._content(part, names),
        }

    def _content(self, part: MediaPart, names: dict[str, Any]) -> dict[str, Any]:
        """A URL stays a URL; a file is read; an input is a URL or base64.

        Base64 becomes a `data:` URL if the schema of the input declares its media type.
        """
        if part.origin == "file":
            return {"url": self._read(part)}
        from promptops.runtime.request.media import is_address, is_media, no_media

        value = names.get(part.value) if part.origin == "input" else part.value
        if not value:
            raise self._failure(f"`{part.value}` has no value", part.at)
        if is_address(value) or part.origin == "url":
            return {"url": value}
        if not is_media(value):
            raise self._failure(no_media(part.value), part.at)
        schema = (self._prompt.inputs.get("properties") or {}).get(part.value)
        kind = schema.get("contentMediaType") if isinstance(schema, Mapping) else None
        return {"url": f"data:{kind};base64,{value}"} if kind else {"data": value}

    def _read(self, part: MediaPart) -> str:
        try:
            return self._media.url(part.value)
        except LookupError as error:
            raise self._failure(str(error.args[0]), part.at) from None

    def _history(self, turn: ConversationHistory) -> None:
        """The caller's conversation, unchanged: it is never rendered as a template."""
        turns = self._items(turn)
        for item in turns if turn.last is None else turns[max(len(turns) - turn.last, 0) :]:
            if not isinstance(item, dict):
                raise self._failure(
                    f"`{turn.source}` contains an item that is not a message", turn.at
                )
            self._add(item, turn.at)

    def _items(self, turn: ForEach | ConversationHistory) -> list[Any]:
        items = self._names.get(turn.source)
        if items is None:
            return []
        if not isinstance(items, list):
            raise self._failure(f"`{turn.source}` is not a list", turn.at)
        return items

    def _failure(self, message: str, at: str, refused: bool = False) -> TemplateFailure:
        """A failure at a value of the prompt file that is not in a template."""
        place = self._prompt.locate(at, False)
        text = Text(place.path, " ", lambda offset: (place.line, place.column + offset))
        return TemplateFailure(message, Frame(text), 0, 1, refused)

    def holds(self, when: Text, names: dict[str, Any]) -> bool:
        return evaluate(when, names, self._run)

    def text(self, message: Message, part: TextPart, names: dict[str, Any]) -> str:
        """Only the text, without its sources: the fast variant for applications."""
        return render_text(part.text, names, self._run).rstrip("\n")


def message_data(message: Message, content: Any) -> dict[str, Any]:
    """A message of the request."""
    turn = {"role": message.role, "content": content}
    if message.name is not None:
        turn["name"] = message.name
    if message.tool_calls:
        turn["tool_calls"] = list(message.tool_calls)
    if message.tool_call_id is not None:
        turn["tool_call_id"] = message.tool_call_id
    if message.cache:
        turn["cache"] = True
    return turn


class TracedRendering(Rendering):
    """Texts with their sources: the slower variant for lint and blame."""

    _traced = True

    def __init__(self, prompt: Prompt, names: dict[str, Any], load: Load, media: MediaUrls) -> None:
        super().__init__(prompt, names, load, media)
        self.texts: list[SourcedText] = []
        self.messages_at: list[str] = []
        self.branches = self._run.branches

    def _add(self, turn: dict[str, Any], at: str) -> None:
        super()._add(turn, at)
        self.messages_at.append(at)

    def text(self, message: Message, part: TextPart, names: dict[str, Any]) -> str:
        pieces = _without_trailing_newlines(trace_text(part.text, names, self._run))
        traced = SourcedText(len(self.messages), message.role, part.at, pieces)
        self.texts.append(traced)
        return traced.text

    def holds(self, when: Text, names: dict[str, Any]) -> bool:
        result = super().holds(when, names)
        self.branches.add((when, 0, "holds" if result else "fails"))
        return result


def _without_trailing_newlines(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    pieces_ = list(pieces)
    while pieces_:
        last = pieces_.pop()
        text = last.text.rstrip("\n")
        if text:
            end = last.start + len(text) if last.literal else last.end
            return (*pieces_, Piece(text, last.frame, last.start, end, last.literal))
    return ()
