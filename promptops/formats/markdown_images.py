"""Images in the Markdown of a message: `![alt](image)`."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from promptops.formats.document import MediaContent, TextContent
from promptops.formats.parts import ExpressionPart, TemplatePart, TextPart, is_blank
from promptops.patterns import lazy_pattern

_IMAGE = lazy_pattern(r"!\[[^\[\]]*\]\((?!\s*\))")
_BEFORE_INPUT = lazy_pattern(r"!\[[^\[\]]*\]\(\Z")


def with_images(parts: Iterable[TemplatePart]) -> Iterator[TextContent | MediaContent]:
    """The content of a message, with `![alt](image)` as images."""
    current: list[TemplatePart] = []
    for piece in _pieces(deque(parts)):
        if isinstance(piece, MediaContent):
            yield from text_content(current)
            current = []
            yield piece
        else:
            current.append(piece)
    yield from text_content(current)


def text_content(parts: Iterable[TemplatePart]) -> Iterator[TextContent]:
    """The parts as a text, unless they are white space only."""
    found = tuple(parts)
    if not all(map(is_blank, found)):
        yield TextContent(parts=found)


def _pieces(rest: deque[TemplatePart]) -> Iterator[TemplatePart | MediaContent]:
    """The parts, with an image in place of what writes it; empties `rest`."""
    while rest:
        part = rest.popleft()
        if not isinstance(part, TextPart):
            yield part
            continue
        position = 0
        for start, end, image in _with_address(part.text):
            yield TextPart(part.text[position:start])
            yield image
            position = end
        yield from _before_input(part.text[position:], rest)


def _with_address(text: str) -> Iterator[tuple[int, int, MediaContent]]:
    """The images with their offsets; the end is exclusive."""
    match = _IMAGE.search(text)
    while match is not None:
        end = text.find(")", match.end())
        if end < 0:
            return
        yield match.start(), end + 1, _of_address(text[match.end() : end].strip())
        match = _IMAGE.search(text, end + 1)


def _of_address(address: str) -> MediaContent:
    if "://" in address or address.startswith("data:"):
        return MediaContent(kind="image", origin="url", value=address)
    return MediaContent(kind="image", origin="file", value=address)


def _before_input(text: str, rest: deque[TemplatePart]) -> Iterator[TemplatePart | MediaContent]:
    """A text, and the input that follows it as an image if it is between `![alt](` and `)`."""
    match = _BEFORE_INPUT.search(text)
    following, closing = (*islice(rest, 2), None, None)[:2]
    if (
        match is None
        or not isinstance(following, ExpressionPart)
        or not following.source.isidentifier()
        or not isinstance(closing, TextPart)
        or not closing.text.startswith(")")
    ):
        yield TextPart(text)
        return
    rest.popleft()
    rest[0] = TextPart(closing.text[1:])
    yield TextPart(text[: match.start()])
    yield MediaContent(kind="image", origin="input", value=following.source)
