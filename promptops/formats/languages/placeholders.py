"""Texts in which names between braces or after `$` are replaced, without any logic."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from string import Formatter

from promptops.formats.document import Loss
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
_STEP = lazy_pattern(r"\.([A-Za-z_]\w*)|\[(\w+)\]")
_CONVERSIONS = {"r": " | json", "s": "", "a": " | json"}


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


def format_string(text: Text, names: InputNames) -> Translation:
    """A string for `str.format`: `{a.b}`, `{a[0]}`, `{n:.2f}`, `{{` for one brace.

    A string that Python refuses is text, with an IMP309; a field that has no counterpart is
    IMP103.
    """
    try:
        fields = list(Formatter().parse(text.value))
    except ValueError as error:
        message = f"the text is not a format string ({error}): it is not changed"
        loss = Loss(code="IMP309", message=message, place=text.place(0))
        return Translation(parts=(TextPart(text.value),), losses=(loss,))
    parts: list[TemplatePart] = []
    losses: list[Loss] = []
    numbers: list[str] = []
    for literal, name, spec, conversion in fields:
        parts.append(TextPart(literal))
        if name is None:
            continue
        expression = _field(name, names)
        shown = _formatted(expression, spec or "", conversion)
        if shown is None or expression is None:
            parts.append(TextPart(f"{{{name}{':' if spec else ''}{spec or ''}}}"))
            losses.append(_no_counterpart(text, name, spec or ""))
            continue
        if spec:
            numbers.append(expression)
        if conversion in ("r", "a"):
            losses.append(_written_as_json(text, name, conversion))
        parts.append(ExpressionPart(shown))
    return Translation(parts=tuple(parts), losses=tuple(losses), numbers=tuple(numbers))


def _field(name: str, names: InputNames) -> str | None:
    """The expression of `a.b[0]`; or None if it can't be written here."""
    head = re.split(r"[.\[]", name, maxsplit=1)[0]
    if not head or head.isdecimal():
        return names.name(f"arg{head}" if head else "arg")
    expression, position = names.name(head), len(head)
    while position < len(name):
        step = _STEP.match(name, position)
        if step is None:
            return None
        inner = step[2]
        key = inner if inner is None or inner.isdecimal() else f'"{inner}"'
        expression += f".{step[1]}" if step[1] else f"[{key}]"
        position = step.end()
    return expression


def _formatted(expression: str | None, spec: str, conversion: str | None) -> str | None:
    if expression is None:
        return None
    if not spec:
        return f"{expression}{_CONVERSIONS.get(conversion or 's', '')}"
    if conversion is None and re.fullmatch(r"[-+ 0#]*\d*(?:\.\d+)?[dfeEgGxXo]", spec):
        return f'"%{spec}" | format({expression})'
    return None


def _written_as_json(text: Text, name: str, conversion: str) -> Loss:
    written = f"{{{name}!{conversion}}}"
    start = max(text.value.find(written), 0)
    message = f"`{written}` is written as JSON, with other quotes"
    return Loss(code="IMP213", message=message, place=text.place(start, start + len(written)))


def _no_counterpart(text: Text, name: str, spec: str) -> Loss:
    written = f"{{{name}:{spec}}}" if spec else f"{{{name}}}"
    start = text.value.find(f"{{{name}")
    place = text.place(max(start, 0), max(start, 0) + len(written))
    message = f"`{written}` has no counterpart: it stays as text"
    return Loss(code="IMP103", message=message, place=place)
