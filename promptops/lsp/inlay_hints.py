"""Inlay hints: the estimated tokens of each message."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from promptops.lint.passages import literal_passage
from promptops.lint.request_tokens import estimate
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
    prompt = loaded.prompt
    hints = (_hint(file, prompt, message) for message in messages_of(prompt.messages))
    return [hint for hint in hints if hint is not None and hint.position.line in lines]


def _hint(file: OpenFile, prompt: Prompt, message: Message) -> types.InlayHint | None:
    place = prompt.locate(f"{message.at}/role", False)
    tokens = sum(map(estimate, _literals(file, message)))
    if place.path != file.path or not tokens:
        return None
    return types.InlayHint(
        position=file.range_of(place).end, label=f"~{tokens:,} tokens", padding_left=True
    )


def _literals(file: OpenFile, message: Message) -> Iterator[str]:
    """The literal text of a message and of the templates that it includes."""
    catalog = file.live.catalog
    for part in message.parts:
        if isinstance(part, TextPart):
            for text in (part.text, *catalog.included(part.text)):
                yield literal_passage(text, catalog.template(text), message.role).text
