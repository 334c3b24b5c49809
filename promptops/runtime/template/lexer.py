"""The tokens of a template with their offsets, as Jinja2's lexer finds them.

Jinja's own lexer counts lines and keeps no offsets, and tries its patterns one by one. This one
takes Jinja's patterns for the parts of a tag, and finds the same tokens in half the time.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

from jinja2.lexer import (  # type: ignore[attr-defined]  # `name_re` has another name there
    Lexer,
    TokenStream,
    float_re,
    integer_re,
    name_re,
    newline_re,
    operator_re,
    string_re,
)

from promptops.runtime.template.template import TemplateError, Token

MAX_TAG_TOKENS = 20_000
# Jinja's parser uses a dozen stack frames for each bracket. With these limits it never reaches
# Python's recursion limit, so that the error does not depend on the caller.
MAX_NESTING = 40

_INSIDE_TAG = (
    rf"(?P<whitespace>\s+)|(?P<float>(?ix:{float_re.pattern}))"
    rf"|(?P<integer>(?ix:{integer_re.pattern}))|(?P<name>{name_re.pattern})"
    rf"|(?P<string>(?s:{string_re.pattern}))|(?P<operator>{operator_re.pattern})"
)
_IN_BRACKETS = re.compile(_INSIDE_TAG)
"""The end of a tag can't be inside brackets."""
_IN_BLOCK = re.compile(rf"(?P<block_end>\+%\}}|-%\}}\s*|%\}}\n?)|{_INSIDE_TAG}")
_IN_VARIABLE = re.compile(rf"(?P<variable_end>-\}}\}}\s*|\}}\}})|{_INSIDE_TAG}")
_BEGIN = re.compile(
    r"(?P<raw_begin>\{%[-+]?\s*raw\s*(?:-%\}\s*|%\}))"
    r"|(?P<block_begin>\{%[-+]?)|(?P<variable_begin>\{\{[-+]?)|(?P<comment_begin>\{\#[-+]?)"
)
_END_OF_COMMENT = re.compile(r"\+#\}|-#\}\s*|#\}\n?")
_END_OF_RAW = re.compile(r"\{%[-+]?\s*endraw\s*(?:\+%\}|-%\}\s*|%\}\n?)")
_ENDS = ("block_end", "variable_end")
_CLOSING = {"(": ")", "[": "]", "{": "}"}

_Found = tuple[int, str, str]
"""Where a token begins, its kind in Jinja's names, and its text."""

_Part = Generator[_Found, None, int]
"""The tokens of a part of a template; returns the offset where it ends."""


class OffsetLexer(Lexer):
    """Jinja's lexer with offsets instead of line numbers.

    Attributes:
        spans: All tokens of the last text, including comments and whitespace within tags.
    """

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
        found = self._kept(tokens(newline_re.sub("\n", source), in_tag=state == "variable"))
        return TokenStream(self.wrap(found, name, filename), name, filename)

    def _kept(self, found: Iterator[_Found]) -> Iterator[_Found]:
        spans = self.spans
        for token in found:
            start, kind, value = token
            spans.append(Token(kind, start, start + len(value)))
            if len(spans) > MAX_TAG_TOKENS:
                raise TemplateError("the template is too large", start, start + 1, "TPL005")
            yield token


def tokens(source: str, *, in_tag: bool) -> Iterator[_Found]:
    """The tokens of a text, or from the inside of a variable tag on; raises TemplateError."""
    position = 0
    if in_tag:
        position = yield from _tag(source, 0, _IN_VARIABLE)
    while begin := _BEGIN.search(source, position):
        kind, value = str(begin.lastgroup), begin[0]
        yield from _data(source, position, begin)
        yield begin.start(), kind, value
        position = begin.end()
        if kind == "comment_begin":
            position = yield from _comment(source, position)
        elif kind == "raw_begin":
            position = yield from _raw(source, position)
        else:
            pattern = _IN_BLOCK if kind == "block_begin" else _IN_VARIABLE
            position = yield from _tag(source, position, pattern)
    if position < len(source):
        yield position, "data", source[position:]


def _data(source: str, start: int, tag: re.Match[str]) -> Iterator[_Found]:
    """The text before a tag, without the whitespace that the tag removes; none if it is empty."""
    text, sign = source[start : tag.start()], tag[0][2:3]
    if sign == "-":
        text = text.rstrip()
    elif sign != "+" and tag.lastgroup != "variable_begin":
        line = text.rfind("\n") + 1
        is_first = line > 0 or start == 0 or source[start - 1] == "\n"
        if is_first and text[line:].isspace():
            text = text[:line]
    if text:
        yield start, "data", text


def _comment(source: str, start: int) -> _Part:
    end = _END_OF_COMMENT.search(source, start)
    if end is None:
        return _unended(source, start, "missing end of comment tag")
    if end.start() > start:
        yield start, "comment", source[start : end.start()]
    yield end.start(), "comment_end", end[0]
    return end.end()


def _raw(source: str, start: int) -> _Part:
    end = _END_OF_RAW.search(source, start)
    if end is None:
        return _unended(source, start, "missing end of raw directive")
    yield from _data(source, start, end)
    yield end.start(), "raw_end", end[0]
    return end.end()


def _unended(source: str, start: int, message: str) -> int:
    """Where a text ends with the beginning of a tag; raises TemplateError if something follows."""
    if start < len(source):
        raise TemplateError(message, start, start + 1)
    return start


def _tag(source: str, start: int, outside: re.Pattern[str]) -> _Part:
    brackets: list[str] = []
    pattern, position = outside, start
    while found := pattern.match(source, position):
        kind, value = str(found.lastgroup), found[0]
        if kind == "operator" and value in "()[]{}":
            _nest(brackets, value, position)
            pattern = _IN_BRACKETS if brackets else outside
        yield position, kind, value
        position = found.end()
        if kind in _ENDS:
            return position
    if position < len(source):
        message = f"unexpected char {source[position]!r}"
        raise TemplateError(message, position, position + 1)
    return position


def _nest(brackets: list[str], value: str, position: int) -> None:
    if value in _CLOSING:
        brackets.append(_CLOSING[value])
        if len(brackets) > MAX_NESTING:
            raise TemplateError("brackets are nested too deep", position, position + 1, "TPL005")
        return
    expected = brackets.pop() if brackets else None
    if expected != value:
        other = f", expected '{expected}'" if expected else ""
        raise TemplateError(f"unexpected '{value}'{other}", position, position + 1)
