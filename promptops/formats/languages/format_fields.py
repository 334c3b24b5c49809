"""Fields of the format strings of Python: what `str.format` and `%` have in common."""

from __future__ import annotations

import json
from collections.abc import Mapping

from promptops.formats.document import Loss
from promptops.formats.parts import ExpressionPart, TemplatePart, TextPart
from promptops.model.place import Text
from promptops.patterns import lazy_pattern

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
