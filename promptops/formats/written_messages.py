"""The turns of a document as `messages` of a prompt file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from promptops.formats.document import (
    Loss,
    MediaContent,
    SourceDocument,
    SourceHistory,
    SourceLoop,
    SourceMessage,
    SourceTurn,
    TextContent,
)
from promptops.formats.emit import jinja
from promptops.formats.parts import TemplatePart, TextPart

Tidy = Callable[[Sequence[TemplatePart]], Sequence[TemplatePart]]
"""What becomes of the parts of a message before they are written."""


def written_messages(document: SourceDocument, tidy: Tidy) -> tuple[list[Any], list[Loss]]:
    """The value of `messages`, and an IMP208 for each message that is left out because it is empty.

    White space at both ends of a message, which providers do not distinguish, is dropped.
    """
    losses: list[Loss] = []
    turns = [written for turn in document.messages for written in _turn(turn, tidy)]
    kept = [turn for turn in turns if turn.get("content") != ""]
    for _ in range(len(turns) - len(kept)):
        message = "a message without text is left out"
        losses.append(Loss(code="IMP208", message=message, place=document.place))
    return kept, losses


def stripped(parts: Sequence[TemplatePart]) -> tuple[TemplatePart, ...]:
    """The parts without white space at the beginning of the first and the end of the last one."""
    kept = list(parts)
    while kept and isinstance(kept[0], TextPart):
        text = kept[0].text.lstrip()
        if text:
            kept[0] = TextPart(text)
            break
        del kept[0]
    while kept and isinstance(kept[-1], TextPart):
        text = kept[-1].text.rstrip()
        if text:
            kept[-1] = TextPart(text)
            break
        del kept[-1]
    return tuple(kept)


def _turn(turn: SourceTurn, tidy: Tidy) -> Iterator[dict[str, Any]]:
    if isinstance(turn, SourceHistory):
        yield {"history": turn.source, **({"last": turn.last} if turn.last else {})}
    elif isinstance(turn, SourceLoop):
        inner = [written for message in turn.messages for written in _turn(message, tidy)]
        yield {"for_each": turn.source, "as": turn.name, "messages": inner}
    else:
        yield _message(turn, tidy)


def _message(message: SourceMessage, tidy: Tidy) -> dict[str, Any]:
    content = _content(message, tidy)
    when = {"when": message.when} if message.when is not None else {}
    if content == "" and message.fields:  # such as a call of a tool, without text
        return {"role": message.role, **when, **message.fields}
    return {"role": message.role, **when, **message.fields, "content": content}


def _content(message: SourceMessage, tidy: Tidy) -> Any:
    content = message.content
    if not content:
        return ""
    if len(content) == 1 and isinstance(content[0], TextContent) and content[0].when is None:
        return template_text(tidy(content[0].parts))
    return [_part(part, tidy) for part in content]


def _part(part: TextContent | MediaContent, tidy: Tidy) -> dict[str, Any]:
    when = {"when": part.when} if part.when is not None else {}
    if isinstance(part, TextContent):
        return {"text": template_text(tidy(part.parts)), **when}
    detail = {"detail": part.detail} if part.detail is not None else {}
    return {part.kind: {part.origin: part.value}, **detail, **when}


def template_text(parts: Sequence[TemplatePart]) -> str:
    """The template of a message; a text of several lines ends with a newline, as YAML blocks do."""
    text = jinja(stripped(parts))
    return f"{text}\n" if "\n" in text and not text.endswith("\n") else text
