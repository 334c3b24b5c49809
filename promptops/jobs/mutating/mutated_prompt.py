"""A prompt with a changed text laid over it; no file is written."""

from __future__ import annotations

from collections.abc import Collection

from promptops.model.place import Text
from promptops.model.prompt import ForEach, Message, Part, Prompt, TextPart, Turn
from promptops.records import record, replace
from promptops.runtime.template.scope import Load


@record(frozen=True, slots=True)
class Variant:
    """A prompt, and how its templates find others."""

    prompt: Prompt
    load: Load


def laid_over(of: Variant, originals: Collection[int], path: str, text: Text) -> Variant:
    """The prompt with another text in place of some of its own.

    Args:
        originals: The `id` of each Text of the prompt to replace.
        path: The file that is replaced for includes, or "".
    """
    turns = tuple(_turn(turn, originals, text) for turn in of.prompt.messages)
    prompt = replace(of.prompt, messages=turns)

    def load(origin: str, name: str) -> Text | None:
        found = of.load(origin, name)
        return text if found is not None and found.path == path else found

    return Variant(prompt, load if path else of.load)


def _turn(turn: Turn, originals: Collection[int], text: Text) -> Turn:
    if isinstance(turn, Message):
        return _message(turn, originals, text)
    if isinstance(turn, ForEach):
        messages = tuple(_message(message, originals, text) for message in turn.messages)
        return replace(turn, messages=messages)
    return turn


def _message(message: Message, originals: Collection[int], text: Text) -> Message:
    parts = tuple(_part(part, originals, text) for part in message.parts)
    return replace(message, parts=parts, when=_text(message.when, originals, text))


def _part(part: Part, originals: Collection[int], text: Text) -> Part:
    when = _text(part.when, originals, text)
    if isinstance(part, TextPart):
        own = text if id(part.text) in originals else part.text
        return replace(part, text=own, when=when)
    return replace(part, when=when)


def _text(own: Text | None, originals: Collection[int], text: Text) -> Text | None:
    return text if id(own) in originals else own


def with_span(text: Text, start: int, end: int, after: str) -> Text:
    """The text with a span replaced; places are those of the original."""
    value = f"{text.value[:start]}{after}{text.value[end:]}"
    last = len(text.value)
    return Text(text.path, value, lambda offset: text.locate(min(offset, last)))
