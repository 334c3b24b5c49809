"""The places of a TOML file's keys and syntax errors, as exact as a small scanner finds them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from promptops.json_pointer import escaped
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.lines import Lines

_KEY = r"(?:[A-Za-z0-9_-]+|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*')"
_DOTTED = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY}){{0,49}}"  # longer ones are refused
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
        self._implied = _implied(self._places)

    def place(self, pointer: str, _key: bool = False) -> Place:
        """The place of a key, or of its nearest ancestor; see model.prompt.Locate."""
        pointer = self._prefix + pointer
        if pointer in self._implied:
            return self._implied[pointer]
        return self._nearest(pointer) or Place(self._path)

    def _nearest(self, pointer: str) -> Place | None:
        """The place of a key or of its nearest ancestor that has one."""
        while pointer and pointer not in self._places:
            pointer = pointer.rpartition("/")[0]
        return self._places.get(pointer)

    def word(self, pointer: str, word: str) -> Place | None:
        """The first place of a word at or after a key or its nearest ancestor that has a place.

        It is an item of an array or a key of an inline table; None if the file has no such key or
        no such word after it.
        """
        place = self._nearest(self._prefix + pointer)
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


@record(frozen=True, slots=True, kw_only=True)
class Statement:
    """The header of a table, or a key with `=`.

    Attributes:
        pointer: The JSON pointer of the table or the value; in an array of tables with its index.
        array: Of the header of an array of tables, the pointer of the array; else None.
        line: 1-based.
        column: Of its name, 1-based.
        name: As written, with its dots and quotes.
        end: The column after `]` or `=`, 1-based.
    """

    pointer: str
    array: str | None = None
    is_header: bool
    line: int
    column: int
    name: str
    end: int


def statements(text: str) -> Iterator[Statement]:
    """The headers and keys of a text with LF newlines, in order; no keys of inline tables."""
    tables: Counter[str] = Counter()
    table = ""
    for number, line in enumerate(text.split("\n"), 1):
        header = _TABLE.match(line)
        match = header or _PAIR.match(line)
        if match is None:
            continue
        group = 2 if header else 1
        below, array = _below(match[group], "" if header else table, tables), None
        if header and match[1]:
            tables[below] += 1
            below, array = f"{below}/{tables[below] - 1}", below
        if header:
            table = below
        yield Statement(
            pointer=below,
            array=array,
            is_header=header is not None,
            line=number,
            column=match.start(group) + 1,
            name=match[group],
            end=match.end() + 1,
        )


def _scan(path: str, text: str) -> dict[str, Place]:
    places: dict[str, Place] = {}
    for each in statements(text):
        end = each.column + len(each.name)
        place = Place(path, each.line, each.column, each.line, end)
        if each.array is not None:
            places.setdefault(each.array, place)
        places.setdefault(each.pointer, place)
    return places


def _implied(places: Mapping[str, Place]) -> dict[str, Place]:
    """The tables that only dotted names define, each at the first of these names."""
    found: dict[str, Place] = {}
    for pointer, place in places.items():
        above = pointer.rpartition("/")[0]
        while above and above not in places:
            found.setdefault(above, place)
            above = above.rpartition("/")[0]
    return found


def _below(name: str, table: str, tables: Counter[str]) -> str:
    """The pointer of a dotted name; within an array of tables, of its last table."""
    pointer = table
    for part in _PART.findall(name):
        if pointer and pointer in tables:
            pointer = f"{pointer}/{tables[pointer] - 1}"
        pointer = f"{pointer}/{escaped(part.strip(chr(34) + chr(39)))}"
    return pointer


_TOKEN = lazy_pattern(
    r'"""(?:\\.|[^\\])*?"""|"(?!"")(?:\\.|[^"\\\n])*"'
    r"|'''.*?'''|'(?!'')[^'\n]*'|#[^\n]*|[\[\]{}]|\"\"\"|'''|\"|'",
    re.DOTALL,
)
_MESSAGE = lazy_pattern(r"(.*) \(at line (\d+), column (\d+)\)", re.DOTALL)
_QUOTED = r"'([^'\\]*)'"
_TUPLE = lazy_pattern(rf"\((?:{_QUOTED},? ?)+\)")
_CLOSING = {"[": "]", "{": "}"}
_OF_SEVERAL_LINES = ("[", '"""', "'''")

Opening = tuple[int, str]
"""The offset of a bracket or quote, and the bracket or quote."""


def toml_problem(message: str, lines: Lines) -> Problem:
    """SCH001, from `tomllib`'s error: at the opening bracket or quote that is not closed."""
    match = _MESSAGE.fullmatch(message)
    reason = _reason(match[1] if match else message.removesuffix(" (at end of document)"))
    end = len(lines.text.rstrip())
    line, column = (int(match[2]), int(match[3])) if match else (0, 0)
    opening = _unclosed(lines.text, _offset(lines.text, line, column) if match else end)
    if opening is not None:
        return _never_closed(opening, lines)
    place = Place(lines.path, line, column, line, column + 1) if match else lines.place(end, end)
    hint = _hint(reason, lines.text[_offset(lines.text, line, column) :]) if match else None
    message = f"not TOML: {reason[:1].lower()}{reason[1:]}"
    return Problem(message, at=place, hint=hint, code="SCH001")


def _hint(reason: str, rest: str) -> str | None:
    """How TOML writes what another language writes in this way, from the error on."""
    if rest.startswith(("\u201c", "\u201d", "\u2018", "\u2019")):
        return "write straight quotes"
    if rest.startswith(":"):
        return "write `=`"
    if reason != "Invalid value":
        return None
    if rest.startswith(("True", "False")):
        return f"write `{rest.partition('e')[0].lower()}e`"
    if rest.startswith(("None", "null")):
        return "leave the key out"
    return "quote it" if rest[:1].isalpha() else None


def _offset(text: str, line: int, column: int) -> int:
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    return starts[line - 1] + column - 1


def _reason(message: str) -> str:
    """The message of `tomllib`, with a dotted key where it has a tuple of Python."""
    if message == "Cannot overwrite a value":
        return "this key has a value already"
    return _TUPLE.sub(lambda found: f"`{'.'.join(re.findall(_QUOTED, found[0]))}`", message)


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
    """The bracket or quote that should have been closed before an error.

    It ends at the latest at the end of the file, or of its line, or at the next key or table.
    """
    opened = list(_open_at(text, offset))
    start = text.rfind("\n", 0, offset) + 1
    if not text[offset:].strip():
        return opened[-1] if opened else None
    if text[offset] == "\n" and opened and opened[-1][1] not in _OF_SEVERAL_LINES:
        return opened[-1]
    if starts_a_statement(text[start:].partition("\n")[0]):
        return next((opening for opening in reversed(opened) if opening[0] < start), None)
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
