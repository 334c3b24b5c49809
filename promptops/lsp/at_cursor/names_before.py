"""The names that a template defines before the cursor.

The text may be half-typed, so it has no syntax tree; `analysis/local_names.py` needs one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal

from promptops.patterns import lazy_pattern
from promptops.records import record

Kind = Literal["item", "set", "macro", "argument", "module", "imported", "loop"]

_TAG = lazy_pattern(r"\{%[-+]?\s*(\w+)\s*((?:[^%]|%(?!\}))*?)\s*[-+]?%\}")
_NAME = lazy_pattern(r"[A-Za-z_]\w*")
_FOR = lazy_pattern(r"(.+?)\s+in\s+(.+?)(?:\s+if\s.*|\s+recursive)?", re.DOTALL)
_SET = lazy_pattern(r"([\w\s,]+?)\s*=\s*(.*)", re.DOTALL)
_PAIR = lazy_pattern(r"([A-Za-z_]\w*)\s*=\s*([\w.\[\]]+)")
_CALLABLE = lazy_pattern(r"([A-Za-z_]\w*)\s*\((.*)\)", re.DOTALL)
_MODULE = lazy_pattern(r"['\"]([^'\"]*)['\"]\s+as\s+(\w+).*", re.DOTALL)
_FROM = lazy_pattern(
    r"['\"]([^'\"]*)['\"]\s+import\s+(.*?)(?:\s+with(?:out)?\s+context)?", re.DOTALL
)
_ARGUMENT = lazy_pattern(r"(?:^|,)\s*([A-Za-z_]\w*)")
_MACRO = lazy_pattern(r"\{%[-+]?\s*macro\s+([A-Za-z_]\w*)\s*\(([^)]*)\)")

_OPENING = ("for", "with", "macro", "call")


@record(frozen=True, slots=True, kw_only=True)
class DefinedName:
    """A name that a template defines.

    Attributes:
        source: Of an item, the list; of a `set`, the value; of a module or an imported name, the
            template; of a macro, its arguments. As written.
        original: Of an imported name, the name in that template.
    """

    name: str
    kind: Kind
    source: str = ""
    original: str = ""


Scope = tuple[str, dict[str, DefinedName]]


def names_before(text: str) -> dict[str, DefinedName]:
    """The names that are defined at the end of a text, the innermost ones last."""
    scopes: list[Scope] = [("", {})]
    for tag in _TAG.finditer(text):
        _follow(tag[1], tag[2], scopes)
    return {name: found for _, names in scopes for name, found in names.items()}


def macros_of(text: str) -> dict[str, DefinedName]:
    """The macros that a template defines."""
    return {
        name: DefinedName(name=name, kind="macro", source=arguments.strip())
        for name, arguments in _MACRO.findall(text)
    }


def _follow(statement: str, rest: str, scopes: list[Scope]) -> None:
    if statement.startswith("end"):
        _close(statement.removeprefix("end"), scopes)
        return
    defined = list(_DEFINED[statement](rest)) if statement in _DEFINED else []
    outer = [each for each in defined if each.kind == "macro"]
    scopes[-1][1].update((each.name, each) for each in outer)
    inner = [each for each in defined if each.kind != "macro"]
    if statement in _OPENING:
        scopes.append((statement, {}))
    scopes[-1][1].update((each.name, each) for each in inner)


def _close(statement: str, scopes: list[Scope]) -> None:
    names = [name for name, _ in scopes]
    if statement in names[1:]:
        del scopes[len(names) - 1 - names[::-1].index(statement) :]


def _in_for(rest: str) -> Iterator[DefinedName]:
    found = _FOR.fullmatch(rest)
    if found:
        targets = _NAME.findall(found[1])
        kind: Kind = "item" if len(targets) == 1 else "argument"
        yield from (DefinedName(name=each, kind=kind, source=found[2]) for each in targets)
        yield DefinedName(name="loop", kind="loop", source=found[2])


def _in_set(rest: str) -> Iterator[DefinedName]:
    found = _SET.fullmatch(rest)
    names, value = (found[1], found[2]) if found else (rest, "")
    for name in _NAME.findall(names.partition("|")[0]):
        yield DefinedName(name=name, kind="set", source=value)


def _in_with(rest: str) -> Iterator[DefinedName]:
    for name, value in _PAIR.findall(rest):
        yield DefinedName(name=name, kind="set", source=value)


def _in_macro(rest: str) -> Iterator[DefinedName]:
    found = _CALLABLE.fullmatch(rest)
    if found:
        yield DefinedName(name=found[1], kind="macro", source=found[2])
        yield from _arguments(found[2])


def _in_call(rest: str) -> Iterator[DefinedName]:
    if rest.startswith("("):
        yield from _arguments(rest[1:].partition(")")[0])


def _arguments(written: str) -> Iterator[DefinedName]:
    for name in _ARGUMENT.findall(written):
        yield DefinedName(name=name, kind="argument")


def _in_import(rest: str) -> Iterator[DefinedName]:
    found = _MODULE.fullmatch(rest)
    if found:
        yield DefinedName(name=found[2], kind="module", source=found[1])


def _in_from(rest: str) -> Iterator[DefinedName]:
    found = _FROM.fullmatch(rest)
    for part in found[2].split(",") if found else ():
        original, *alias = _NAME.findall(part)[:1] + _NAME.findall(part)[2:3] or [""]
        if original:
            name = alias[0] if alias else original
            yield DefinedName(
                name=name, kind="imported", source=found[1] if found else "", original=original
            )


_DEFINED: dict[str, Callable[[str], Iterator[DefinedName]]] = {
    "for": _in_for,
    "set": _in_set,
    "with": _in_with,
    "macro": _in_macro,
    "call": _in_call,
    "import": _in_import,
    "from": _in_from,
}
