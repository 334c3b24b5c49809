"""Declares objects with known keys as `TypedDict`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from keyword import iskeyword

from promptops.records import record
from promptops.report.stubs.syntax import Type, docstring, laid_out, quoted

TYPE_NAMES = frozenset(("bool", "dict", "float", "int", "list", "str"))
"""Names that a key of a class can't have, because types of other keys would refer to it."""
_MARGIN = " " * 4


@record(frozen=True, slots=True)
class RecordField:
    """A key of an object; `description` may be empty."""

    key: str
    type: Type
    description: str


def typed_dict(name: str, fields: Sequence[RecordField], description: str) -> Iterator[str]:
    """The lines of a declaration: a class, or a call if a key is not a valid attribute."""
    if all(_can_be_declared(each.key) for each in fields):
        yield from _class(name, fields, description)
    else:
        yield from _call(name, fields, description)


def _class(name: str, fields: Sequence[RecordField], description: str) -> Iterator[str]:
    yield f"class {name}(TypedDict):"
    yield from docstring(description, _MARGIN)
    if description and fields:
        yield ""
    for field in fields:
        yield from laid_out(f"{field.key}: ", field.type, "", _MARGIN)
        yield from docstring(field.description, _MARGIN)
    if not fields and not description:
        yield f"{_MARGIN}pass"


def _call(name: str, fields: Sequence[RecordField], description: str) -> Iterator[str]:
    yield f"{name} = TypedDict("
    yield f'{_MARGIN}"{name}",'
    yield f"{_MARGIN}{{"
    for field in fields:
        yield from _comment(field.description, _MARGIN * 2)
        yield from laid_out(f"{quoted(field.key)}: ", field.type, ",", _MARGIN * 2)
    yield f"{_MARGIN}}},"
    yield ")"
    yield from docstring(description, "")


def _comment(text: str, margin: str) -> Iterator[str]:
    for line in docstring(text, margin):
        said = line.strip().removeprefix('"""').removesuffix('"""')
        if said:
            yield f"{margin}# {said}"


def _can_be_declared(key: str) -> bool:
    """Whether a key can be an attribute: Python mangles or reserves other names."""
    is_name = key.isascii() and key.isidentifier() and not iskeyword(key)
    return is_name and not key.startswith("__") and not key[0].isupper() and key not in TYPE_NAMES
