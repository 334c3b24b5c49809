"""Format strings of Python, for `str.format`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from string import Formatter

from promptops.formats.document import Loss
from promptops.formats.input_names import InputNames
from promptops.formats.languages.format_fields import (
    Arguments,
    field_loss,
    inner,
    printed,
    printf_spec,
    stays_text,
)
from promptops.formats.parts import ExpressionPart, TemplatePart, TextPart
from promptops.formats.translation import Translation
from promptops.model.place import Text
from promptops.patterns import lazy_pattern

_STEP = lazy_pattern(r"\.([A-Za-z_]\w*)|\[(\w+)\]")
_HEAD = lazy_pattern(r"[^.\[]*")
_CONVERSIONS = {"r": " | json", "s": "", "a": " | json"}

Field = tuple[str, str | None, str, str | None]
"""The text before a field; its name, or None at the end; its format; its conversion."""


def format_string(text: Text, names: InputNames) -> Translation:
    """A string for `str.format`: `{a.b}`, `{a[0]}`, `{n:.2f}`, `{{` for one brace.

    A string that Python refuses is text, with an IMP309; a field that has no counterpart is
    IMP103. `{}` and `{0}` are the inputs `arg0`, `arg1` and so on.
    """
    return format_call(text, names, {})


def format_call(text: Text, names: InputNames, arguments: Arguments) -> Translation:
    """A string for `str.format`, of which the code passes some arguments; see `format_string`."""
    try:
        fields = _numbered(list(Formatter().parse(text.value)))
    except ValueError as error:
        parts, losses = stays_text(text, "a format string", error)
        return Translation(parts=parts, losses=losses)
    reader = _Fields(text, names, arguments)
    found = tuple(part for each in fields for part in reader.parts(each))
    return Translation(parts=found, losses=tuple(reader.losses))


def _numbered(fields: Sequence[tuple[str, str | None, str | None, str | None]]) -> list[Field]:
    """The fields, with an index for each `{}`. Raises ValueError for `{}` beside `{0}`."""
    heads = [_head(name) for _, name, _, _ in fields if name is not None]
    if "" in heads and any(map(str.isdecimal, heads)):
        raise ValueError("it mixes `{}` with numbered fields")
    count = 0
    found: list[Field] = []
    for literal, name, spec, conversion in fields:
        numbered = name
        if name is not None and not _head(name):
            numbered = f"{count}{name}"
            count += 1
        found.append((literal, numbered, spec or "", conversion))
    return found


def _head(name: str) -> str:
    match = _HEAD.match(name)
    return match[0] if match is not None else ""


class _Fields:
    """The fields of one string."""

    def __init__(self, text: Text, names: InputNames, arguments: Arguments) -> None:
        self.losses: list[Loss] = []
        self._text = text
        self._names = names
        self._arguments = arguments

    def parts(self, found: Field) -> Iterator[TemplatePart]:
        """The text before a field, and the field."""
        literal, name, spec, conversion = found
        yield TextPart(literal)
        if name is None:
            return
        expression = self._expression(name)
        shown = None if expression is None else self._formatted(expression, spec, conversion)
        if shown is not None:
            yield shown
            return
        written = f"{{{name}:{spec}}}" if spec else f"{{{name}}}"
        yield TextPart(written)
        what = "has no counterpart: it stays as text"
        self.losses.append(field_loss(self._text, "IMP103", written, what))

    def _expression(self, name: str) -> str | None:
        """The expression of `a.b[0]`; or None if it can't be written here."""
        head = _head(name)
        known = self._arguments.get(head)
        expression = known or self._names.name(f"arg{head}" if head.isdecimal() else head)
        position = len(head)
        while position < len(name):
            step = _STEP.match(name, position)
            if step is None:
                return None
            key = step[2] if step[2] is None or step[2].isdecimal() else f'"{step[2]}"'
            expression = f"{inner(expression)}{f'.{step[1]}' if step[1] else f'[{key}]'}"
            position = step.end()
        return expression

    def _formatted(self, expression: str, spec: str, conversion: str | None) -> TemplatePart | None:
        if not spec:
            if conversion in ("r", "a"):
                self._note_json(expression, conversion)
            filters = _CONVERSIONS.get(conversion or "s", "")
            return ExpressionPart(f"{expression}{filters}") if filters else printed(expression)
        written = printf_spec(spec) if conversion is None else None
        return ExpressionPart(f'"{written}" | format({expression})') if written else None

    def _note_json(self, expression: str, conversion: str) -> None:
        found = re.search(rf"\{{[^{{}}]*!{conversion}\}}", self._text.value)
        written = found[0] if found is not None else f"{{{expression}!{conversion}}}"
        what = "is written as JSON, with other quotes"
        self.losses.append(field_loss(self._text, "IMP213", written, what))
