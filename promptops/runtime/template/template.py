"""A parsed template with its tokens, and the errors of one that can't be parsed."""

from __future__ import annotations

from bisect import bisect_right

from promptops.records import record
from promptops.runtime.template import nodes
from promptops.runtime.template.limits import MAX_TEMPLATE_CHARS, cached_by_size
from promptops.runtime.template.text_rendering import is_template

__all__ = [
    "Template",
    "TemplateError",
    "Token",
    "is_template",
    "parse",
    "parse_expression",
    "token_at",
]

MAX_NODES = 20_000
MAX_DEPTH = 150
"""Of a syntax tree; one that is deeper can't be walked safely."""

MAX_CACHED_BYTES = 48_000_000
"""The size limit of all cached syntax trees; their programs need as much again."""


@record(frozen=True, slots=True)
class Token:
    """A token of a template: its kind in Jinja's names, and its offsets in the text."""

    kind: str
    start: int
    end: int


@record(frozen=True, slots=True)
class Template:
    """A parsed template.

    Attributes:
        source: The text, newlines as LF.
        tree: The syntax tree.
        tokens: All tokens in order, including comments and whitespace within tags.
    """

    source: str
    tree: nodes.Template
    tokens: tuple[Token, ...]


class TemplateError(Exception):
    """A template that can't be parsed, or that uses forbidden syntax.

    Attributes:
        message: The problem: lower case, no full stop.
        start, end: Offsets in the template's text.
        code: `TPL001` for a syntax error, `TPL005` for forbidden syntax.
        hint: What to write instead, if it is known.
    """

    def __init__(
        self, message: str, start: int, end: int, code: str = "TPL001", hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end
        self.code = code
        self.hint = hint


def _parsed_bytes(source: str, template: Template) -> int:
    return 1_000 + 2 * len(source) + 250 * len(template.tokens)


@cached_by_size(MAX_CACHED_BYTES, _parsed_bytes)
def parse(source: str) -> Template:
    """Parse a template's text, newlines as LF.

    Raises TemplateError with the offsets of the wrong token.
    """
    if "\r" in source:
        # Jinja would treat it as a newline, so later offsets would be wrong.
        at = source.index("\r")
        raise TemplateError("a carriage return; write a newline", at, at + 1)
    if len(source) > MAX_TEMPLATE_CHARS:
        raise TemplateError(f"a template of over {MAX_TEMPLATE_CHARS // 1024} KB", 0, 1, "TPL005")
    from promptops.runtime.template.jinja_parser import parse_template

    return parse_template(source)


@cached_by_size(MAX_CACHED_BYTES // 4, _parsed_bytes)
def parse_expression(source: str) -> Template:
    """Parse a `when`: the tree is a template whose only output is the expression.

    Raises TemplateError with the offsets of the wrong token.
    """
    if len(source) > MAX_TEMPLATE_CHARS:
        raise TemplateError("an expression that is too long", 0, 1, "TPL005")
    from promptops.runtime.template.jinja_parser import parse_single_expression

    return parse_single_expression(source)


def token_at(template: Template, offset: int) -> int:
    """The index in `tokens` of the token that starts at, or else contains, an offset."""
    return max(bisect_right(template.tokens, offset, key=lambda span: span.start) - 1, 0)
