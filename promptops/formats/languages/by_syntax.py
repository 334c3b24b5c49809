"""The language of a text: guessed, or named by the user."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from string import Formatter

from promptops.formats.document import ExpressionPart, TemplatePart, TextPart
from promptops.formats.languages.format_string import format_string
from promptops.formats.languages.jinja import default_jinja
from promptops.formats.languages.liquid import liquid
from promptops.formats.languages.mustache import mustache_with
from promptops.formats.translation import InputNames, Translate, Translation
from promptops.model.place import Text
from promptops.patterns import lazy_pattern

_PLACEHOLDERS: Mapping[str, re.Pattern[str]] = {
    "double": lazy_pattern(r"\{\{[ \t]*([\w.-]+)[ \t]*\}\}"),
    "once": lazy_pattern(r"(?<!\{)\{\{\s*([\w.-]+)\s*\}\}"),
    "exact": lazy_pattern(r"\{\{([\w.-]+)\}\}"),
    "single": lazy_pattern(r"(?<!\{)\{([A-Za-z_][\w-]*)\}"),
    "dollar": lazy_pattern(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*)|(\$))"),
}


def placeholders(syntax: str) -> Translate:
    """The translation of `double`, `once`, `exact`, `single` or `dollar`.

    double: `{{name}}`, blanks allowed · once: the same, and `{{{name}}}` is text · exact:
    `{{name}}` without blanks · single: `{name}` · dollar: `${name}`, `$name`,
    and `$$` for one dollar.
    """
    pattern = _PLACEHOLDERS[syntax]

    def translate(text: Text, names: InputNames) -> Translation:
        return Translation(parts=tuple(_replaced(text.value, pattern, names)))

    return translate


def plain(text: Text, _names: InputNames) -> Translation:
    """A text without variables: each character stays."""
    return Translation(parts=(TextPart(text.value),))


def _replaced(text: str, pattern: re.Pattern[str], names: InputNames) -> Iterator[TemplatePart]:
    position = 0
    for match in pattern.finditer(text):
        yield TextPart(text[position : match.start()])
        position = match.end()
        if match[match.lastindex or 1] == "$":
            yield TextPart("$")
        else:
            yield ExpressionPart(names.name(match[match.lastindex or 1]))
    yield TextPart(text[position:])


# The translation of each syntax of a plain text.

OF_LANGCHAIN: Mapping[str, str] = {
    "f-string": "format",
    "jinja2": "jinja",
    "mustache": "mustache",
}
"""The syntax of a template of LangChain, by its `template_format`."""

TRANSLATIONS: Mapping[str, Translate] = {
    "jinja": default_jinja,
    "double": placeholders("double"),
    "once": placeholders("once"),
    "exact": placeholders("exact"),
    "single": placeholders("single"),
    "format": format_string,
    "dollar": placeholders("dollar"),
    "liquid": liquid,
    "mustache": mustache_with({}),
    "none": plain,
}
"""By the name for `--syntax`; `once`, `exact` and `liquid` only for readers."""


# Which language a plain text is written in, where nothing defines it.

_JINJA = lazy_pattern(
    r"\{%[-+]?\s*\w[^{}]*%\}|\{\{(?!\s*[\"']?[\w -]*[\"']?\s*:)[^{}|]*\|\s*\w[^{}]*\}\}"
    r"|\{#(?:(?!\{#|#\}).)*#\}"
)
"""Tags; no `{{"kind": "a | b"}}`, which is JSON with the braces of a format string."""
_SECTION = lazy_pattern(r"\{\{[#^/&>!]\s*[\w.@]")
_DOUBLE = lazy_pattern(r"\{\{[ \t]*[A-Za-z_][\w.-]*[ \t]*\}\}")
_SINGLE = lazy_pattern(r"(?<![{$])\{[A-Za-z_][\w-]*\}")
_FIELD = lazy_pattern(
    r"(?<![{$])\{[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\w+\])*(?:![rsa])?"
    r"(?::[-+ 0#<>^]?\d*,?(?:\.\d+)?[dfeEgGxXos%]?)?\}"
)
_OF_FORMAT = lazy_pattern(r"(?<![{$])\{[A-Za-z_]\w*[.\[\w\]]*(?:[!:][^{}\n\"]+|[.\[][\w.\[\]]+)\}")
"""A field that only `str.format` has: `{a.b}`, `{a!r}`, `{a:.2f}`."""
_FIELD_NAME = lazy_pattern(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\w+\])*")
_DOLLAR = lazy_pattern(r"\$\{[A-Za-z_]\w*\}")
_VARIABLES = {
    "jinja": _JINJA,
    "mustache": _SECTION,
    "double": _DOUBLE,
    "format": _FIELD,
    "single": _SINGLE,
    "dollar": _DOLLAR,
}
_UPPER = lazy_pattern(r"\[[A-Z][A-Z0-9_ ]{2,}\]")


def guessed_syntax(text: str) -> str:
    """The syntax of a text: jinja, mustache, double, format, single, dollar or none."""
    if _JINJA.search(text):
        return "jinja"
    if _SECTION.search(text):
        return "mustache"
    if _DOUBLE.search(text) and not (_SINGLE.search(text) and _is_format_string(text)):
        return "double"
    if _FIELD.search(text):
        plain = "{{" not in text and not _OF_FORMAT.search(text)
        if not plain and _is_format_string(text):
            return "format"
    if _SINGLE.search(text):
        return "single"
    return "dollar" if _DOLLAR.search(text) else "none"


def first_variable(text: str, syntax: str) -> re.Match[str] | None:
    """What looks like a variable or a tag in a text of the syntax that is guessed for it."""
    pattern = _VARIABLES.get(syntax)
    return pattern.search(text) if pattern is not None else None


def guessed_in_javascript(text: str) -> str:
    """The syntax of a string of JavaScript without expressions: also nunjucks.

    There nothing but `{{name}}` has double braces, and a dollar in a string is escaped.
    """
    found = guessed_syntax(text)
    if found == "format" and _DOUBLE.search(text):
        return "double"
    return {"jinja": "nunjucks", "dollar": "none"}.get(found, found)


def _is_format_string(text: str) -> bool:
    """Whether `str.format` takes it, with names as its only fields."""
    try:
        fields = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    except ValueError:
        return False
    return all(_FIELD_NAME.fullmatch(name) for name in fields)


def has_bracketed_names(text: str) -> bool:
    """Whether a text has words such as `[CUSTOMER NAME]`, which may mean variables."""
    return _UPPER.search(text) is not None
