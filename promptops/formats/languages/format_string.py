"""Python's `str.format` and its operator `%`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from string import Formatter

from promptops.formats.document import ExpressionPart, Loss, TemplatePart, TextPart
from promptops.formats.translation import InputNames, Translation
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


# Fields of the format strings of Python: what `str.format` and `%` have in common.

Arguments = Mapping[str, str]
"""The Jinja expression that code passes to a field, by its name or its index, as far as known."""

_SPEC = lazy_pattern(r"([-+ ]?)(#?0?\d*(?:\.\d+)?[dfeEgGxXo])")
_LITERAL = lazy_pattern(r'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?')


def printf_spec(spec: str) -> str | None:
    """A format of `str.format` for a number, as one of printf; None without a counterpart.

    A minus is the sign that is written anyway; in printf it would align to the left.
    """
    match = _SPEC.fullmatch(spec)
    return f"%{match[1].strip('-')}{match[2]}" if match is not None else None


def printed(expression: str) -> TemplatePart:
    """An expression that is printed; a literal is text."""
    if _LITERAL.fullmatch(expression) is None:
        return ExpressionPart(expression)
    return TextPart(str(json.loads(expression)) if expression[0] == '"' else expression)


def inner(expression: str) -> str:
    """An expression in front of an attribute or an index."""
    return f"({expression})" if " " in expression and expression[0] != '"' else expression


def stays_text(text: Text, kind: str, why: object) -> tuple[tuple[TemplatePart], tuple[Loss]]:
    """The parts of a text that Python refuses as a format string, and an IMP309."""
    message = f"the text is not {kind} ({why}): it is not changed"
    return (TextPart(text.value),), (Loss(code="IMP309", message=message, place=text.place(0)),)


def field_loss(text: Text, code: str, written: str, what: str) -> Loss:
    """A loss at a field, which is found by how it is written."""
    start = max(text.value.find(written), 0)
    place = text.place(start, start + len(written))
    return Loss(code=code, message=f"`{written}` {what}", place=place)


# Format strings of Python, for the operator `%`: `%s`, `%5.2f`, `%(name)s`.

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
    reader = _PercentFields(text, names, arguments)
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


class _PercentFields:
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
