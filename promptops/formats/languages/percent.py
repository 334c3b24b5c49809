"""Format strings of Python, for the operator `%`: `%s`, `%5.2f`, `%(name)s`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from promptops.formats.document import Loss
from promptops.formats.input_names import InputNames
from promptops.formats.languages.format_fields import (
    Arguments,
    field_loss,
    printed,
    stays_text,
)
from promptops.formats.parts import ExpressionPart, TemplatePart, TextPart
from promptops.formats.translation import Translation
from promptops.model.place import Text
from promptops.patterns import lazy_pattern

_FIELD = lazy_pattern(
    r"%(?:\(([^()]*)\))?([-+ #0]*(?:\*|\d*)(?:\.(?:\*|\d*))?)[hlL]?([diouxXeEfFgGcrsa%]|)"
)


def percent_string(
    text: Text, names: InputNames, arguments: Arguments, count: int | None
) -> Translation:
    """A string that is the left operand of `%`.

    Named fields are inputs of their names, others the inputs `arg0`, `arg1` and so on, where
    `arguments` has no expression for them.

    Args:
        count: Number of values that the code passes; None if it is not known.

    A string that Python refuses is text, with an IMP309; a field that has no counterpart is IMP103.
    """
    fields = list(_FIELD.finditer(text.value))
    problem = _problem(fields, count)
    if problem:
        parts, losses = stays_text(text, "a format string for `%`", problem)
        return Translation(parts=parts, losses=losses)
    reader = _Fields(text, names, arguments)
    return Translation(parts=tuple(reader.parts(fields)), losses=tuple(reader.losses))


def _problem(fields: Sequence[re.Match[str]], count: int | None) -> str:
    """Why Python refuses a string; "" if it does not."""
    wrong = next((field for field in fields if not field[3]), None)
    if wrong is not None:
        return f"`{wrong[0]}` is not a conversion"
    values = [field for field in fields if field[3] != "%"]
    named = [field for field in values if field[1] is not None]
    if named and len(named) < len(values):
        return "it mixes names with positions"
    stars = sum(field[2].count("*") for field in values)
    if count is not None and not named and len(values) + stars != count:
        return f"it has {len(values) + stars} conversions for {count} values"
    return ""


class _Fields:
    """The fields of one string."""

    def __init__(self, text: Text, names: InputNames, arguments: Arguments) -> None:
        self.losses: list[Loss] = []
        self._text = text
        self._names = names
        self._arguments = arguments
        self._count = 0

    def parts(self, fields: Sequence[re.Match[str]]) -> Iterator[TemplatePart]:
        """All texts and fields."""
        position = 0
        for found in fields:
            yield TextPart(self._text.value[position : found.start()])
            yield TextPart("%") if found[3] == "%" else self._part(found)
            position = found.end()
        yield TextPart(self._text.value[position:])

    def _part(self, found: re.Match[str]) -> TemplatePart:
        name, flags, conversion = found.groups()
        expression = self._expression(name, flags.count("*"))
        if "*" in flags:
            what = "has a computed width: it stays as text"
            self.losses.append(field_loss(self._text, "IMP103", found[0], what))
            return TextPart(found[0])
        if flags or conversion not in "rsa":
            return ExpressionPart(f'"%{flags}{conversion}" | format({expression})')
        if conversion == "s":
            return printed(expression)
        what = "is written as JSON, with other quotes"
        self.losses.append(field_loss(self._text, "IMP213", found[0], what))
        return ExpressionPart(f"{expression} | json")

    def _expression(self, name: str | None, stars: int) -> str:
        """The expression of a field; a position is the next one after those of its stars."""
        key = name
        if key is None:
            key = str(self._count + stars)
            self._count += 1 + stars
        known = self._arguments.get(key)
        return known or self._names.name(f"arg{key}" if name is None else key)
