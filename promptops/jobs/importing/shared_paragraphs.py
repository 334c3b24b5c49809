"""Paragraphs that several imported prompts share: candidates for a partial."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.formats.document import Loss, SourceDocument, SourceLoop, SourceMessage, TextContent
from promptops.formats.parts import TextPart
from promptops.patterns import lazy_pattern
from promptops.plurals import some

SHORTEST = 120  # characters
FEWEST = 3  # source files
_SHOWN = 5
_BLANK_LINES = lazy_pattern(r"\n[ \t]*\n")


def shared_paragraphs(documents: Iterable[SourceDocument]) -> Iterator[Loss]:
    """An IMP314 for each paragraph without variables that is in several source files."""
    found: dict[str, dict[str, SourceDocument]] = {}
    for document in documents:
        for paragraph in _paragraphs(document):
            found.setdefault(paragraph, {}).setdefault(document.place.path, document)
    for paragraph, prompts in found.items():
        if len(prompts) >= FEWEST:
            yield _shared(paragraph, list(prompts.values()))


def _shared(paragraph: str, documents: list[SourceDocument]) -> Loss:
    others = some([f"`{one.id}`" for one in documents[1:]], _SHOWN, "prompt")
    beginning = " ".join(paragraph.split())[:40]
    return Loss(
        code="IMP314",
        message=f"the paragraph `{beginning}…` is also in {others}",
        place=documents[0].place,
        hint="move it to a partial, and include it in each",
    )


def _paragraphs(document: SourceDocument) -> Iterator[str]:
    for turn in document.messages:
        for message in turn.messages if isinstance(turn, SourceLoop) else (turn,):
            if isinstance(message, SourceMessage):
                yield from _of_message(message)


def _of_message(message: SourceMessage) -> Iterator[str]:
    for content in message.content:
        if isinstance(content, TextContent):
            marked = "".join(
                part.text if isinstance(part, TextPart) else "\0" for part in content.parts
            )
            for paragraph in _BLANK_LINES.split(marked):
                if len(paragraph.strip()) >= SHORTEST and "\0" not in paragraph:
                    yield paragraph.strip()
