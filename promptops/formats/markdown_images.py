"""Images in the Markdown of a message: `![alt](image)`."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.formats.document import MediaContent, TextContent
from promptops.formats.parts import ExpressionPart, TemplatePart, TextPart, is_blank
from promptops.patterns import lazy_pattern

_IMAGE = lazy_pattern(r"!\[[^\[\]]*\]\(")


def with_images(parts: tuple[TemplatePart, ...]) -> Iterator[TextContent | MediaContent]:
    """The content of a message, with `![alt](image)` as images."""
    current: list[TemplatePart] = []
    rest = list(parts)
    index = 0
    while index < len(rest):
        part = rest[index]
        match = _IMAGE.search(part.text) if isinstance(part, TextPart) else None
        if match is None or not isinstance(part, TextPart):
            current.append(part)
            index += 1
            continue
        current.append(TextPart(part.text[: match.start()]))
        after = part.text[match.end() :]
        following = rest[index + 1] if index + 1 < len(rest) else None
        image, left = _image(after, following)
        if image is None:
            current.append(TextPart(part.text[match.start() :]))
            index += 1
            continue
        if any(not is_blank(one) for one in current):
            yield TextContent(parts=tuple(current))
        current = []
        yield image
        if after.strip():
            rest[index] = TextPart(left)
        else:
            closing = rest[index + 2]
            assert isinstance(closing, TextPart)
            rest[index + 2] = TextPart(closing.text.removeprefix(")"))
            index += 2
    if any(not is_blank(one) for one in current):
        yield TextContent(parts=tuple(current))


def _image(after: str, following: TemplatePart | None) -> tuple[MediaContent | None, str]:
    """The image after `![alt](`, and the text after its bracket."""
    if after == "" and isinstance(following, ExpressionPart) and following.source.isidentifier():
        return MediaContent(kind="image", origin="input", value=following.source), ""
    address, bracket, left = after.partition(")")
    if not bracket:
        return None, ""
    origin = "url" if "://" in address or address.startswith("data:") else "file"
    return MediaContent(kind="image", origin=origin, value=address.strip()), left  # type: ignore[arg-type]
