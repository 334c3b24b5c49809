"""Formats type expressions: on one line if they fit, else on several."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.records import record
from promptops.report.stubs.names import WIDTH


@record(frozen=True, slots=True)
class Of:
    """A type with arguments, `head[…]`: a list, a mapping, a literal."""

    head: str
    arguments: tuple[Type, ...]


@record(frozen=True, slots=True)
class Union:
    """A union of types."""

    members: tuple[Type, ...]


Type = str | Of | Union


def union(members: Iterator[Type] | list[Type]) -> Type:
    """The union of types, simplified: `None` comes last, and `Any` includes all others."""
    found: dict[Type, None] = {}
    for member in members:
        found |= dict.fromkeys(member.members if isinstance(member, Union) else (member,))
    if not found or "Any" in found:
        return "Any"
    if "float" in found:
        found.pop("int", None)
    if "None" in found:
        found.pop("None")
        found["None"] = None
    return Union(tuple(found)) if len(found) > 1 else next(iter(found))


def on_one_line(type_: Type) -> str:
    """A type on one line, regardless of its length."""
    if isinstance(type_, str):
        return type_
    if isinstance(type_, Union):
        return " | ".join(map(on_one_line, type_.members))
    return f"{type_.head}[{', '.join(map(on_one_line, type_.arguments))}]"


def laid_out(before: str, type_: Type, after: str, margin: str) -> Iterator[str]:
    """The lines of a type with the text before and after it."""
    line = f"{margin}{before}{on_one_line(type_)}{after}"
    if len(line) <= WIDTH or isinstance(type_, str):
        yield line
    elif isinstance(type_, Union):
        yield from _in_brackets(f"{before}(", type_, f"){after}", margin)
    elif len(type_.arguments) == 1:
        yield from _in_brackets(f"{before}{type_.head}[", type_.arguments[0], f"]{after}", margin)
    else:
        yield f"{margin}{before}{type_.head}["
        for argument in type_.arguments:
            yield from laid_out("", argument, ",", f"{margin}    ")
        yield f"{margin}]{after}"


def _in_brackets(before: str, type_: Type, after: str, margin: str) -> Iterator[str]:
    inner = f"{margin}    "
    yield f"{margin}{before}"
    if isinstance(type_, Union) and len(inner + on_one_line(type_)) > WIDTH:
        for number, member in enumerate(type_.members):
            yield from laid_out("| " if number else "", member, "", inner)
    else:
        yield from laid_out("", type_, "", inner)
    yield f"{margin}{after}"
