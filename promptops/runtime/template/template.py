"""Templates parsed by Jinja2, with exact places.

Jinja keeps the line of each node but no column. Here the lexer gives the parser offsets instead of
line numbers, so every node's `lineno` is the offset of its first token, and the tokens that are
kept beside the tree show where each node ends.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any, cast

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.lexer import Lexer, TokenStream
from jinja2.parser import Parser

from promptops.records import record
from promptops.runtime.template.limits import MAX_TEMPLATE_CHARS, cached_by_size
from promptops.runtime.template.node_facts import find_unset
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
MAX_TAG_TOKENS = 20_000
# Jinja's parser uses a dozen stack frames for each bracket. With these limits it never reaches
# Python's recursion limit, so that the error does not depend on the caller.
MAX_NESTING = 40
MAX_DEPTH = 150

_NOISE = frozenset(
    ("whitespace", "comment_begin", "comment", "comment_end", "linecomment", "raw_begin", "raw_end")
)


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
        tree: Jinja's syntax tree; each node's `lineno` is an offset into `source`.
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


class _OffsetLexer(Lexer):
    """Jinja's lexer with offsets instead of line numbers."""

    spans: list[Token]

    def tokenize(
        self,
        source: str,
        name: str | None = None,
        filename: str | None = None,
        state: str | None = None,
    ) -> TokenStream:
        # `state` starts inside a tag, to parse a single expression.
        self.spans = []
        return TokenStream(self.wrap(self._offsets(source, state), name, filename), name, filename)

    def _offsets(self, source: str, state: str | None) -> Iterator[tuple[int, str, str]]:
        position = 0
        nesting = 0
        try:
            for _, kind, value in self.tokeniter(source, None, None, state):
                start = source.find(value, position)
                position = start + len(value)
                self.spans.append(Token(kind, start, position))
                nesting = self._nested(nesting, kind, value, start)
                yield start, kind, value
        except TemplateSyntaxError as error:
            raise _lexer_error(error, position) from None

    def _nested(self, nesting: int, kind: str, value: str, start: int) -> int:
        if len(self.spans) > MAX_TAG_TOKENS:
            raise TemplateError("the template is too large", start, start + 1, "TPL005")
        if kind == "operator":
            nesting += (value in "([{") - (value in ")]}")
            if nesting > MAX_NESTING:
                raise TemplateError("brackets are nested too deep", start, start + 1, "TPL005")
        return nesting


def _lexer_error(error: TemplateSyntaxError, position: int) -> TemplateError:
    message = error.message or "a syntax error"
    at = re.fullmatch(r"(unexpected char .*) at (\d+)", message, re.DOTALL)
    if at:
        return TemplateError(at[1], int(at[2]), int(at[2]) + 1)
    return TemplateError(_plain(message), position, position + 1)


class _Syntax:
    """The attributes of an environment that the lexer and parser use; a whole one imports more."""

    block_start_string, block_end_string = "{%", "%}"
    variable_start_string, variable_end_string = "{{", "}}"
    comment_start_string, comment_end_string = "{#", "#}"
    line_statement_prefix = line_comment_prefix = None
    trim_blocks = lstrip_blocks = keep_trailing_newline = True
    newline_sequence = "\n"

    def __init__(self) -> None:
        self._lexers = threading.local()

    @property
    def lexer(self) -> _OffsetLexer:
        """The lexer of this thread: it keeps the tokens of the last text."""
        try:
            lexer: _OffsetLexer = self._lexers.one
        except AttributeError:
            lexer = self._lexers.one = _OffsetLexer(cast(Any, self))
        return lexer

    def iter_extensions(self) -> Iterator[Any]:
        """Nothing: extensions are not supported."""
        return iter(())

    def _tokenize(
        self, source: str, name: str | None, filename: str | None, state: str | None
    ) -> TokenStream:
        return self.lexer.tokenize(source, name, filename, state)

    def parser(self, source: str, state: str | None = None) -> Parser:
        """Jinja's parser, at the beginning of a text; `state` as `tokenize` has it."""
        return Parser(cast(Any, self), source, state=state)


_SYNTAX = _Syntax()

MAX_CACHED_BYTES = 48_000_000
"""The size limit of all cached syntax trees; their programs need as much again."""


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
    try:
        return _parsed(source, lambda: _SYNTAX.parser(source).parse())
    except TemplateError as error:
        raise _recognised(error, source, expression=False) from None


@cached_by_size(MAX_CACHED_BYTES // 4, _parsed_bytes)
def parse_expression(source: str) -> Template:
    """Parse a `when`: the tree is a template whose only output is the expression.

    Raises TemplateError with the offsets of the wrong token.
    """

    if len(source) > MAX_TEMPLATE_CHARS:
        raise TemplateError("an expression that is too long", 0, 1, "TPL005")

    def tree() -> nodes.Template:
        parser = _SYNTAX.parser(source, "variable")
        expression = parser.parse_expression()
        if not parser.stream.eos:
            parser.fail("one expression, and nothing after it", parser.stream.current.lineno)
        body: list[nodes.Node] = [nodes.Output([expression], lineno=0)]
        return nodes.Template(body, lineno=0)

    try:
        return _parsed(source, tree)
    except TemplateError as error:
        raise _recognised(error, source, expression=True) from None


def _recognised(error: TemplateError, source: str, *, expression: bool) -> TemplateError:
    from promptops.runtime.template.template_mistakes import recognised

    return recognised(error, source, _SYNTAX.lexer.spans, expression=expression)


def _parsed(source: str, build: Callable[[], nodes.Template]) -> Template:
    lexer = _SYNTAX.lexer
    try:
        tree: nodes.Template = build()
        spans = tuple(lexer.spans)
        _refuse_nodes(tree)
        find_unset(source, tree)
    except TemplateSyntaxError as error:
        raise _parser_error(error, source, lexer.spans) from None
    except RecursionError:
        raise TemplateError("the template is nested too deep", 0, 1, "TPL005") from None
    except ValueError:  # the lexer turns digits into a number
        last = lexer.spans[-1]
        raise TemplateError("a number that is too large", last.start, last.end, "TPL005") from None
    return Template(source, tree, spans)


def _refuse_nodes(tree: nodes.Template) -> None:
    """Limits: 20,000 nodes, a depth that can be walked safely, and no `autoescape`."""
    count = 0
    stack: list[tuple[nodes.Node, int]] = [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        count += 1
        at = node.lineno or 0  # the node around `autoescape` has no line
        if count > MAX_NODES or depth > MAX_DEPTH:
            raise TemplateError("the template is too large", at, at + 1, "TPL005")
        if isinstance(node, nodes.ScopedEvalContextModifier):
            raise TemplateError("`autoescape` is not allowed", at, at + len("autoescape"), "TPL005")
        stack.extend((child, depth + 1) for child in node.iter_child_nodes())


def _parser_error(error: TemplateSyntaxError, source: str, spans: list[Token]) -> TemplateError:
    offset = min(error.lineno, max(len(source) - 1, 0))
    for span in reversed(spans):
        if span.start == offset and span.end > offset and span.kind not in _NOISE:
            return TemplateError(_plain(error.message or ""), span.start, span.end)
    return TemplateError(_plain(error.message or ""), offset, offset + 1)


def _plain(message: str) -> str:
    """Jinja's sentence in this project's form: lower case, no full stop."""
    message = message.strip().rstrip(".")
    return message[:1].lower() + message[1:]


def token_at(template: Template, offset: int) -> int:
    """The index in `tokens` of the token that starts at, or else contains, an offset."""
    return max(bisect_right(template.tokens, offset, key=lambda span: span.start) - 1, 0)
