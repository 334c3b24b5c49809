"""Frequent mistakes in templates, recognised after the parser has rejected one.

Imported only after a syntax error, so valid templates do not pay for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from promptops.patterns import lazy_pattern
from promptops.runtime.template.template import TemplateError, Token

_SHOWN = 40
_BEGINS = {"variable_begin": "}}", "block_begin": "%}"}
_ENDS = frozenset(("variable_end", "block_end"))
_BLANK = frozenset(("whitespace", "linecomment"))

_CURLY_QUOTES = "“”„‟‘’‚‛«»‹›"
_DASHES = "‐‑‒–—−"
_OPEN_BLOCK = lazy_pattern(r"The innermost block that needs to be closed is '(\w+)'")
_TRIPLE = lazy_pattern(r"\{\{\{([^{}\n]{1,200})\}\}\}")
_SECTION = lazy_pattern(r"\{\{(\s*[#^/>]|[!&])\s*([\w.]*)[ \t]*([\w./-]*)")
_JSON_KEY = lazy_pattern(r"""\{\{\s*(?:"[^"\n]*"|'[^'\n]*')\s*:""")
_BRACES = lazy_pattern(r"\$?\{\{?([^{}%\n]{1,200})\}?\}")
_TAG = lazy_pattern(r"\{%([^{}%\n]{1,200})%\}")
_BAD_BRACE = ("expected token ':', got '}'", "unexpected char '$'")


def recognised(
    error: TemplateError, source: str, spans: Sequence[Token], *, expression: bool
) -> TemplateError:
    """The error at the place of the mistake, with a hint; unchanged if no mistake is recognised.

    Attributes:
        spans: The tokens before the error.
        expression: `source` is a `when`, an expression without a tag around it.
    """
    if error.code != "TPL001":
        return error
    begin = None if expression else _tag_begin(spans, error.start)
    found = (
        _typography(error, source)
        or _unclosed_block(error, source, spans)
        or (begin and (_of_other_languages(source, begin) or _unclosed_tag(error, source, begin)))
        or _braces(error, source, expression=expression)
        or (_of_a_tag(error, source) if expression else None)
    )
    return found or error


def _tag_begin(spans: Sequence[Token], offset: int) -> Token | None:
    """The `{{` or `{%` that is open at an offset."""
    for span in reversed(spans):
        if span.kind in _BEGINS and span.start <= offset:
            return span
        if span.kind in _ENDS and span.end <= offset:
            return None
    return None


def _typography(error: TemplateError, source: str) -> TemplateError | None:
    """Characters that a word processor inserts."""
    char = source[error.start : error.end]
    if not error.message.startswith("unexpected char") or len(char) != 1:
        return None
    if char in _CURLY_QUOTES:
        hint = """write a straight quote, " or '"""
        return TemplateError(
            f"the curly quote `{char}` in an expression", error.start, error.end, hint=hint
        )
    if char in _DASHES:
        message = f"the dash `{char}` in an expression"
        return TemplateError(message, error.start, error.end, hint="write `-`")
    return None


def _unclosed_block(
    error: TemplateError, source: str, spans: Sequence[Token]
) -> TemplateError | None:
    """A block, a comment or `raw` that is not closed at the template's end, where it was opened."""
    if error.message.startswith("missing end of") and spans:
        return TemplateError(error.message, spans[-1].start, spans[-1].end)
    block = _OPEN_BLOCK.search(error.message)
    if block is None or not error.message.startswith("unexpected end of template"):
        return None
    opened: list[tuple[str, Token]] = []
    for name, tag in _tags(source, spans):
        if name == block[1]:
            opened.append((name, tag))
        elif name == f"end{block[1]}" and opened:
            opened.pop()
    if not opened:
        return None
    return TemplateError(error.message, opened[-1][1].start, opened[-1][1].end)


def _tags(source: str, spans: Sequence[Token]) -> Iterator[tuple[str, Token]]:
    """Each `{% … %}` with its first word, without a `set` that needs no end."""
    begin = name = None
    assigns = False
    for span in spans:
        if span.kind == "block_begin":
            begin, name, assigns = span, None, False
        elif begin is not None and span.kind == "block_end":
            if name is not None and not (assigns and name == "set"):
                yield name, Token("block", begin.start, _tag_end(source, span))
            begin = None
        elif begin is not None and span.kind not in _BLANK:
            word = source[span.start : span.end]
            name = name or word
            assigns = assigns or word == "="


def _tag_end(source: str, end: Token) -> int:
    """The end without the newline that `trim_blocks` removes with it."""
    return end.start + len(source[end.start : end.end].rstrip("\n"))


def _unclosed_tag(error: TemplateError, source: str, begin: Token) -> TemplateError | None:
    """A `{{` or `{%` that is followed by text on a later line, or by the template's end."""
    closing = _BEGINS[begin.kind]
    at_end = error.message.startswith("unexpected end of template")
    between = source[begin.end : error.start]
    rest = source[begin.end :]
    closed = rest.find(closing)
    opened = re.search(r"\{[{%]", rest)
    is_open = closed < 0 or (opened is not None and opened.start() < closed)
    if not (at_end or ("\n" in between and is_open)):
        return None
    opening = source[begin.start : begin.end].rstrip()
    return TemplateError(
        f"`{opening}` is never closed", begin.start, begin.end, hint=f"close it with `{closing}`"
    )


def _of_other_languages(source: str, begin: Token) -> TemplateError | None:
    """Mustache and Handlebars, and the doubled braces of Python's `str.format`."""
    if begin.kind != "variable_begin":
        return None
    if triple := _TRIPLE.match(source, begin.start):
        hint = f"write `{{{{ {_short(triple[1].strip())} }}}}`"
        return TemplateError("`{{{` is not Jinja", triple.start(), triple.end(), hint=hint)
    if section := _SECTION.match(source, begin.start):
        sigil, word, argument = section[1].strip(), section[2], section[3]
        hint = _jinja_for(sigil, word, argument)
        return TemplateError(f"`{{{{{sigil}` is not Jinja", begin.start, section.end(1), hint=hint)
    if _JSON_KEY.match(source, begin.start):
        hint = "for a brace in the text write `{` and `}` once, not twice"
        return TemplateError("JSON between `{{` and `}}`", begin.start, begin.end, hint=hint)
    return None


def _jinja_for(sigil: str, word: str, argument: str) -> str:
    """The Jinja tag that replaces a tag of Mustache or Handlebars."""
    name = _short(argument or "x")
    helpers = {
        "#if": f"write `{{% if {name} %}}`",
        "#unless": f"write `{{% if not {name} %}}`",
        "#each": f"write `{{% for item in {name} %}}`",
        "#with": f"write `{{% with item = {name} %}}`",
        "/if": "write `{% endif %}`",
        "/unless": "write `{% endif %}`",
        "/each": "write `{% endfor %}`",
        "/with": "write `{% endwith %}`",
    }
    word = _short(word or "x")
    sections = {
        "#": f"write `{{% if {word} %}}`, or `{{% for item in {word} %}}`",
        "^": f"write `{{% if not {word} %}}`",
        "/": "write `{% endif %}` or `{% endfor %}`",
        ">": f'write `{{% include "{word}.md.j2" %}}`',
        "!": f"write `{{# {word} #}}` for a comment, `not {word}` for a condition",
        "&": f"write `{{{{ {word} }}}}`",
    }
    return helpers.get(f"{sigil}{word}", sections[sigil])


def _braces(error: TemplateError, source: str, *, expression: bool) -> TemplateError | None:
    """Superfluous braces around a name within an expression."""
    match = _covering(_BRACES, source, error.start) if error.message in _BAD_BRACE else None
    of_shell = error.message.endswith("'$'")  # `${x}`, and not a `$` within other braces
    if match is None or not match[1].strip() or (of_shell and match.start() != error.start):
        return None
    where = "a `when`, which is an expression" if expression else "an expression"
    hint = f"write `{_short(match[1].strip())}`"
    return TemplateError(f"braces in {where}", match.start(), match.end(), hint=hint)


def _of_a_tag(error: TemplateError, source: str) -> TemplateError | None:
    """A `when` that is written as in a template: `{% if x %}`, `if x`, or `x = 1`."""
    tag = _covering(_TAG, source, error.start)
    if tag is not None:
        condition = tag[1].strip("- ").removeprefix("if ")
        message, hint = "a tag in a `when`, which is an expression", f"write `{_short(condition)}`"
        return TemplateError(message, tag.start(), tag.end(), hint=hint)
    if not error.message.startswith("one expression"):
        return None
    return TemplateError(error.message, error.start, error.end, hint=_one_expression(error, source))


def _one_expression(error: TemplateError, source: str) -> str | None:
    if source[error.start] == "=":
        return "to compare, write `==`"
    return "write the condition without `if`" if source.startswith("if ") else None


def _covering(pattern: re.Pattern[str], source: str, offset: int) -> re.Match[str] | None:
    line = source.rfind("\n", 0, offset) + 1
    end = source.find("\n", offset)
    found = pattern.finditer(source, line, len(source) if end < 0 else end)
    return next((match for match in found if match.start() <= offset < match.end()), None)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
