"""Which parts of a message `![alt](image)` makes."""

from __future__ import annotations

import pytest

from promptops.formats.chat_messages import with_images
from promptops.formats.document import ExpressionPart, MediaContent, TextContent, TextPart

IMG = ExpressionPart("img")


def text(*parts):
    return TextContent(parts=parts)


def image(origin, value):
    return MediaContent(kind="image", origin=origin, value=value)


@pytest.mark.parametrize(
    ("parts", "content"),
    [
        (
            [TextPart("a ![x](b.png) c ![](https://h/d.png)")],
            [
                text(TextPart("a ")),
                image("file", "b.png"),
                text(TextPart(" c ")),
                image("url", "https://h/d.png"),
            ],
        ),
        (
            [TextPart("a ![x]("), IMG, TextPart(") ![y]("), IMG, TextPart(")")],
            [text(TextPart("a ")), image("input", "img"), image("input", "img")],
        ),
        ([TextPart("![x]("), IMG], [text(TextPart("![x]("), IMG)]),
        (
            [TextPart("![x]("), IMG, TextPart("/b.png)")],
            [text(TextPart("![x]("), IMG, TextPart("/b.png)"))],
        ),
        ([TextPart("![x]( ) ![y](z")], [text(TextPart("![x]( ) ![y](z"))]),
    ],
)
def test_only_complete_images_are_taken_out_of_a_text(parts, content):
    assert _without_empty(with_images(parts)) == content


def _without_empty(found):
    """Without the empty texts around images, which render nothing."""
    return [
        text(*(part for part in one.parts if part != TextPart("")))
        if isinstance(one, TextContent)
        else one
        for one in found
    ]
