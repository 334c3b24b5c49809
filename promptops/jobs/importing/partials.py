"""Where the partials of imported prompts go: below `partials/`, equal texts to one file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from promptops.formats.document import (
    MediaContent,
    SourceDocument,
    SourceLoop,
    SourceMessage,
    SourceTurn,
    TextContent,
)
from promptops.formats.emit import jinja
from promptops.formats.parts import TagPart, TemplatePart
from promptops.patterns import lazy_pattern
from promptops.records import replace

_NAMED = lazy_pattern(r"(?:include|import|from)\s+([\"'])([^\"']+)\1")


class Partials:
    """The files of one import."""

    def __init__(self, prefix: str) -> None:
        self._prefix = f"{prefix}/" if prefix else ""
        self._texts: dict[str, str] = {}

    def renamed(self, document: SourceDocument) -> SourceDocument:
        """The document with the new paths of its partials, in the tags that include them, too."""
        if not document.partials:
            return document
        paths = {path: self._path(path, document.partials) for path in document.partials}
        partials = {
            paths[path]: tuple(_renamed(parts, paths)) for path, parts in document.partials.items()
        }
        turns = tuple(_turn(turn, paths) for turn in document.messages)
        return replace(document, messages=turns, partials=partials)

    def _path(self, path: str, partials: Mapping[str, Sequence[TemplatePart]]) -> str:
        """`partials/NAME`; another text of that name gets the folder of its source, or a number."""
        text = "\n".join(_reached(path, partials, set()))
        for candidate in _candidates(path):
            known = self._texts.setdefault(f"{self._prefix}partials/{candidate}", text)
            if known == text:
                return f"{self._prefix}partials/{candidate}"
        raise AssertionError("the candidates have no end")


def _candidates(path: str) -> Iterator[str]:
    *folders, name = path.split("/")
    own = [folder for folder in folders if folder != "partials"]
    yield name
    if own:
        name = f"{own[-1]}-{name}"
        yield name
    stem, dot, ending = name.partition(".")
    for number in range(2, 1_000_000):
        yield f"{stem}-{number}{dot}{ending}"


def _reached(
    path: str, partials: Mapping[str, Sequence[TemplatePart]], seen: set[str]
) -> Iterator[str]:
    """The text of a partial, and of those that it includes."""
    if path in seen or path not in partials:
        return
    seen.add(path)
    yield jinja(partials[path])
    for part in partials[path]:
        match = _NAMED.match(part.source) if isinstance(part, TagPart) else None
        if match is not None:
            yield from _reached(match[2], partials, seen)


def _turn(turn: SourceTurn, paths: Mapping[str, str]) -> SourceTurn:
    if isinstance(turn, SourceLoop):
        return replace(turn, messages=tuple(_message(one, paths) for one in turn.messages))
    return _message(turn, paths) if isinstance(turn, SourceMessage) else turn


def _message(message: SourceMessage, paths: Mapping[str, str]) -> SourceMessage:
    content: list[TextContent | MediaContent] = [
        replace(one, parts=tuple(_renamed(one.parts, paths)))
        if isinstance(one, TextContent)
        else one
        for one in message.content
    ]
    return replace(message, content=tuple(content))


def _renamed(parts: Sequence[TemplatePart], paths: Mapping[str, str]) -> Iterator[TemplatePart]:
    for part in parts:
        match = _NAMED.match(part.source) if isinstance(part, TagPart) else None
        if match is None or match[2] not in paths or not isinstance(part, TagPart):
            yield part
            continue
        start, end = match.span(2)
        source = f"{part.source[:start]}{paths[match[2]]}{part.source[end:]}"
        yield TagPart(source, part.alone)
