"""A template in no language: text, expressions, tags and comments."""

from __future__ import annotations

from promptops.records import record


@record(frozen=True, slots=True)
class TextPart:
    """Text that is rendered as it is; it may contain braces."""

    text: str


@record(frozen=True, slots=True)
class ExpressionPart:
    """A Jinja expression whose value is rendered, without its braces: `ticket | upper`."""

    source: str


@record(frozen=True, slots=True)
class TagPart:
    """A Jinja statement without its braces, such as `if ticket`; it renders nothing.

    Attributes:
        alone: It had a line of its own in its source, of which nothing was rendered: the texts
            around it have neither its blanks nor its newline.
    """

    source: str
    alone: bool = False


@record(frozen=True, slots=True)
class CommentPart:
    """A comment; it renders nothing. `alone` as for a tag."""

    text: str
    alone: bool = False


TemplatePart = TextPart | ExpressionPart | TagPart | CommentPart


def is_blank(part: TemplatePart) -> bool:
    """Whether a part is text of white space only."""
    return isinstance(part, TextPart) and not part.text.strip()
