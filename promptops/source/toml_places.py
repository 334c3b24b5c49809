"""The places of the keys of a TOML file, as exact as a small scanner can find them."""

from __future__ import annotations

import re
from collections import Counter

from promptops.json_pointer import escaped
from promptops.model.place import Place
from promptops.patterns import lazy_pattern

_KEY = r"(?:[A-Za-z0-9_-]+|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*')"
_DOTTED = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_TABLE = lazy_pattern(rf"[ \t]*\[(\[?)[ \t]*({_DOTTED})[ \t]*\]")
_PAIR = lazy_pattern(rf"[ \t]*({_DOTTED})[ \t]*=")
_PART = lazy_pattern(_KEY)


class TomlPlaces:
    """The places of a file's keys by JSON pointer; within inline tables, of the key before them.

    Attributes:
        text: The file with LF newlines.
    """

    def __init__(self, path: str, text: str, prefix: str = "") -> None:
        """`prefix` is the pointer of the table that pointers begin at."""
        self._path = path
        self._prefix = prefix
        self.text = text
        self._lines = text.split("\n")
        self._places = _scan(path, text)

    def place(self, pointer: str, _key: bool = False) -> Place:
        """The place of a key, or of its nearest ancestor; see model.prompt.Locate."""
        pointer = self._prefix + pointer
        while pointer and pointer not in self._places:
            pointer = pointer.rpartition("/")[0]
        return self._places.get(pointer, Place(self._path))

    def word(self, pointer: str, word: str) -> Place | None:
        """The first place of a word at or after a key: an item of its array or a key of its inline
        table; None if the file has no such key or no such word after it."""
        pointer = self._prefix + pointer
        place = self._places.get(pointer) or self._places.get(pointer.rpartition("/")[0])
        if place is None:
            return None
        pattern = re.compile(rf"(?<![\w-])([\"']?){re.escape(word)}\1(?![\w-])")
        for number in range(place.line, len(self._lines) + 1):
            line = self._lines[number - 1]
            start = place.column - 1 if number == place.line else 0
            if number > place.line and _TABLE.match(line):
                return None
            found = pattern.search(line, start)
            if found:
                return Place(self._path, number, found.start() + 1, number, found.end() + 1)
        return None


def starts_a_statement(line: str) -> bool:
    """Whether a line looks like the header of a table, or a key with `=`."""
    return bool(_TABLE.match(line) or _PAIR.match(line))


def _scan(path: str, text: str) -> dict[str, Place]:
    places: dict[str, Place] = {}
    tables: Counter[str] = Counter()
    table = ""
    for number, line in enumerate(text.split("\n"), 1):
        header = _TABLE.match(line)
        match = header or _PAIR.match(line)
        if match is None:
            continue
        name = match[2] if header else match[1]
        start = match.start(2 if header else 1)
        place = Place(path, number, start + 1, number, start + len(name) + 1)
        below = _below(name, "" if header else table, tables)
        if header:
            if match[1]:
                tables[below] += 1
                places.setdefault(below, place)
                below = f"{below}/{tables[below] - 1}"
            table = below
        places.setdefault(below, place)
    return places


def _below(name: str, table: str, tables: Counter[str]) -> str:
    """The pointer of a dotted name; within an array of tables, of its last table."""
    pointer = table
    for part in _PART.findall(name):
        if pointer and pointer in tables:
            pointer = f"{pointer}/{tables[pointer] - 1}"
        pointer = f"{pointer}/{escaped(part.strip(chr(34) + chr(39)))}"
    return pointer
