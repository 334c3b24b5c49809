"""Why a file is not valid TOML, at the character to change."""

from __future__ import annotations

import re
from collections.abc import Iterator

from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.source.lines import Lines
from promptops.source.toml_places import starts_a_statement

_TOKEN = lazy_pattern(
    r'"""(?:\\.|[^\\])*?"""|"(?!"")(?:\\.|[^"\\\n])*"'
    r"|'''.*?'''|'(?!'')[^'\n]*'|#[^\n]*|[\[\]{}]|\"\"\"|'''|\"|'",
    re.DOTALL,
)
_PLACE = lazy_pattern(r"(.*) \(at line (\d+), column (\d+)\)", re.DOTALL)
_CLOSING = {"[": "]", "{": "}"}
_OF_SEVERAL_LINES = ("[", '"""', "'''")

Opening = tuple[int, str]
"""The offset of a bracket or quote, and the bracket or quote."""


def toml_problem(said: str, lines: Lines) -> Problem:
    """SCH001, from `tomllib`'s error: at the opening bracket or quote that is not closed."""
    match = _PLACE.fullmatch(said)
    reason = match[1] if match else said.removesuffix(" (at end of document)")
    end = len(lines.text.rstrip())
    line, column = (int(match[2]), int(match[3])) if match else (0, 0)
    opening = _unclosed(lines.text, _offset(lines.text, line, column) if match else end)
    if opening is not None:
        return _never_closed(opening, lines)
    place = Place(lines.path, line, column, line, column + 1) if match else lines.place(end, end)
    return Problem(f"not TOML: {reason[:1].lower()}{reason[1:]}", at=place, code="SCH001")


def _offset(text: str, line: int, column: int) -> int:
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    return starts[line - 1] + column - 1


def _never_closed(opening: Opening, lines: Lines) -> Problem:
    offset, opened = opening
    closed = "never closed" if opened in _OF_SEVERAL_LINES else "not closed on its line"
    return Problem(
        f"not TOML: `{opened}` is {closed}",
        at=lines.place(offset, offset + len(opened)),
        hint=f"add `{_CLOSING.get(opened, opened)}`",
        code="SCH001",
    )


def _unclosed(text: str, offset: int) -> Opening | None:
    """What is open at an error, and should have been closed before it: by the end of the file, of
    its line, or by the next key or table."""
    opened = list(_open_at(text, offset))
    start = text.rfind("\n", 0, offset) + 1
    if not text[offset:].strip():
        return opened[-1] if opened else None
    if text[offset] == "\n" and opened and opened[-1][1] not in _OF_SEVERAL_LINES:
        return opened[-1]
    if starts_a_statement(text[start:].partition("\n")[0]):
        return next((each for each in reversed(opened) if each[0] < start), None)
    return None


def _open_at(text: str, end: int) -> Iterator[Opening]:
    """The brackets and quotes that are open at an offset, the outermost first."""
    opened: list[Opening] = []
    for token in _TOKEN.finditer(text, 0, end):
        if token[0] in ("[", "{"):
            opened.append((token.start(), token[0]))
        elif token[0] in ("]", "}"):
            opened = opened[:-1]
        elif token[0] in ('"""', "'''", '"', "'"):
            opened.append((token.start(), token[0]))
            break
    yield from opened
