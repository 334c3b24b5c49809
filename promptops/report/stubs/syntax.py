"""Python syntax: names, string literals, docstrings, and types over several lines."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.report.parts.visible import visible, visible_characters

WIDTH = 100
_LONGEST_NAME = 60
_WORD = lazy_pattern(r"[A-Za-z0-9]+")
_QUOTED = {"\\": "\\\\", '"': '\\"'}


class UniqueNames:
    """Gives out names that are unique in a module."""

    def __init__(self, taken: frozenset[str]) -> None:
        self._taken = set(taken)

    def new(self, wanted: str) -> str:
        """The wanted name, with a number if it is taken."""
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted}{number}"
        self._taken.add(name)
        return name

    def give_back(self, name: str) -> None:
        """Free a name that was not used."""
        self._taken.discard(name)


def class_name(text: str) -> str:
    """`SupportTriageDe` for `support/triage.de`; characters outside ASCII are left out."""
    words = (word[0].upper() + word[1:] for word in _WORD.findall(text))
    name = "".join(words)[:_LONGEST_NAME]
    return name if name[:1].isalpha() else f"Prompt{name}"


def quoted(text: str) -> str:
    """A Python string literal; invisible characters are escaped."""
    shown = zip(text, visible_characters(text), strict=True)
    return '"' + "".join(_QUOTED.get(char, seen) for char, seen in shown) + '"'


def docstring(text: str, margin: str) -> Iterator[str]:
    """The lines of a docstring; none for an empty text."""
    paragraphs = [textwrap.wrap(visible(line), WIDTH - len(margin) - 6) for line in _lines(text)]
    lines = [line for paragraph in paragraphs for line in (paragraph or [""])]
    if not lines:
        return
    safe = [_inside(line) for line in lines]
    if len(safe) == 1:
        yield f'{margin}"""{safe[0]}"""'
        return
    yield f'{margin}"""{safe[0]}'
    yield from (f"{margin}{line}" if line else "" for line in safe[1:])
    yield f'{margin}"""'


def _inside(line: str) -> str:
    """A line escaped so that it can't end the docstring."""
    line = line.replace("\\", "\\\\")
    return line.replace('"', '\\"') if '"""' in line or line.endswith('"') else line


def _lines(text: str) -> list[str]:
    return text.strip().split("\n") if text.strip() else []


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
