"""Texts in which names between braces or after `$` are replaced, without any logic."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from promptops.formats.input_names import InputNames
from promptops.formats.parts import ExpressionPart, TemplatePart, TextPart
from promptops.formats.translation import Translate, Translation
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
