"""Names and strings in Python syntax."""

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
    """The names of a module, each given once."""

    def __init__(self, taken: frozenset[str]) -> None:
        self._taken = set(taken)

    def new(self, wanted: str) -> str:
        """That name, or the same with a number."""
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted}{number}"
        self._taken.add(name)
        return name

    def give_back(self, name: str) -> None:
        """It was not needed."""
        self._taken.discard(name)


def class_name(text: str) -> str:
    """`support/triage.de` as `SupportTriageDe`; what is no word of ASCII is left out."""
    words = (word[0].upper() + word[1:] for word in _WORD.findall(text))
    name = "".join(words)[:_LONGEST_NAME]
    return name if name[:1].isalpha() else f"Prompt{name}"


def quoted(text: str) -> str:
    """A text as a literal of Python, with everything in it to be seen."""
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
    """A line that ends no docstring."""
    line = line.replace("\\", "\\\\")
    return line.replace('"', '\\"') if '"""' in line or line.endswith('"') else line


def _lines(text: str) -> list[str]:
    return text.strip().split("\n") if text.strip() else []
