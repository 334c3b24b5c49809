"""Creates Python names, string literals and docstrings."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from promptops.patterns import lazy_pattern
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
