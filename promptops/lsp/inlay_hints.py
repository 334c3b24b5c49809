"""Inlay hints: the estimated tokens of each message."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from promptops.lint.passages import literal_passage
from promptops.lint.request_tokens import estimate
from promptops.lsp.names import readable_places
from promptops.lsp.open_file import OpenFile
from promptops.model.prompt import Message, Prompt, TextPart, messages_of


def inlay_hints(file: OpenFile, params: types.InlayHintParams) -> list[types.InlayHint]:
    """After the role of each message in a range, the tokens of its literal text.

    Included templates count; inserted values don't.
    """
    loaded = file.live.readable(file.path)
    if loaded is None or loaded.prompt is None:
        return []
    lines = range(params.range.start.line, params.range.end.line + 1)
    hints = _hints(file, loaded.prompt)
    return [hint for hint in hints if hint.position.line in lines]


def _hints(file: OpenFile, prompt: Prompt) -> Iterator[types.InlayHint]:
    current = readable_places(file)
    for message in messages_of(prompt.messages):
        place = current(prompt.locate(f"{message.at}/role", False))
        tokens = sum(map(estimate, _literals(file, message)))
        if place is not None and place.path == file.path and tokens:
            end = file.range_of(place).end
            yield types.InlayHint(position=end, label=f"~{tokens:,} tokens", padding_left=True)


def _literals(file: OpenFile, message: Message) -> Iterator[str]:
    """The literal text of a message and of the templates that it includes."""
    catalog = file.live.catalog
    for part in message.parts:
        if isinstance(part, TextPart):
            for text in (part.text, *catalog.included(part.text)):
                yield literal_passage(text, catalog.template(text), message.role).text
