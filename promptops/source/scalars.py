"""The place of each character of a scalar in its file."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator

from promptops.patterns import lazy_pattern
from promptops.source.lines import Lines, starts_of
from promptops.source.nodes import Node, bounds

Locate = Callable[[int], tuple[int, int]]
Unit = tuple[str, int]
"""A character of the value, and its offset in the file."""

STYLES = {"|": "literal", ">": "folded", "'": "single", '"': "double"}

_NAMED = dict(zip("0abtnvfre N_LP\t", "\0\a\b\t\n\v\f\r\x1b \x85\xa0\u2028\u2029\t", strict=True))
_ESCAPE = lazy_pattern(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(\n[ \t]*)|(.))",
    re.DOTALL,
)


def unescaped(raw: str, style: str) -> str:
    """What the text between single or double quotes means; of other styles, the text itself.

    Line breaks stay, without the blanks around them.
    """
    if style == "single" and ("'" in raw or "\n" in raw):
        return "".join(char for char, _ in _joined(_single, raw, (0, len(raw)), "'"))
    if style == "double" and ("\\" in raw or "\n" in raw):
        return "".join(char for char, _ in _joined(_double, raw, (0, len(raw)), '"'))
    return raw


def locator(node: Node, lines: Lines) -> Locate:
    """From an offset in a scalar's value to its line and column; computed on first use.

    Exact for plain, quoted and `|` scalars; for `>` scalars except for spaces removed by folding.
    """
    if node.style == "|":
        return _literal(node, lines)
    offsets: list[int] = []

    def locate(offset: int) -> tuple[int, int]:
        if not offsets:
            offsets.extend(_offsets(node, lines))
        return lines.position(offsets[min(offset, len(offsets) - 1)])

    return locate


def _literal(node: Node, lines: Lines) -> Locate:
    """Each line of the value is the end of a line of the file, after the indentation."""
    rows = node.value.split("\n")
    if len(rows) > 1 and not rows[-1]:
        rows.pop()
    lengths = list(map(len, rows))
    starts = starts_of(rows)
    first = lines.position(node.start_mark.index)[0] + 1
    columns: list[int] = []

    def locate(offset: int) -> tuple[int, int]:
        if not columns:
            columns.extend(_first_columns(lengths, lines, first))
        index = bisect_right(starts, offset) - 1
        column = columns[index] + min(offset - starts[index], lengths[index])
        return first + index, max(column, 0) + 1

    return locate


def _first_columns(lengths: list[int], lines: Lines, first: int) -> Iterator[int]:
    """The 0-based columns where rows of these lengths begin, which are lines from `first` on."""
    for line, length in enumerate(lengths, first):
        start, end = lines.row(line)
        yield end - start - length


def _offsets(node: Node, lines: Lines) -> list[int]:
    start, end = bounds(node, lines)
    if node.style == ">":
        return [*_aligned(node.value, list(_folded(node, lines, end))), end]
    quoted = node.style in ("'", '"') or (node.style == "csv" and lines.text[start:end][:1] == '"')
    inside = (start + 1, end - 1) if quoted else (start, end)
    if not quoted and "\n" not in lines.text[start:end]:
        return list(range(start, end + 1))
    if node.style == "csv":
        return [*_table_field(lines.text, *inside), inside[1]]
    units = _joined(_double if node.style == '"' else _single, lines.text, inside, node.style)
    return [*_aligned(node.value, units), inside[1]]


def _joined(
    read: Callable[[str, int, str], tuple[str, int]], text: str, inside: tuple[int, int], style: str
) -> list[Unit]:
    """The units of a flow scalar: blanks around its newlines are dropped."""
    units: list[Unit] = []
    offset, end = inside
    protected = 0  # escaped units, which a line break must not remove
    while offset < end:
        if text[offset] == "\n":
            while len(units) > protected and units[-1][0] in " \t":
                units.pop()
            units.append(("\n", offset))
            offset = _after_blanks(text, offset + 1, end)
            continue
        char, after = read(text, offset, style)
        if char:
            units.append((char, offset))
        if text[offset] == "\\":
            protected = len(units)
        offset = after
    return units


def _after_blanks(text: str, offset: int, end: int) -> int:
    while offset < end and text[offset] in " \t":
        offset += 1
    return offset


def _single(text: str, offset: int, style: str) -> tuple[str, int]:
    char = text[offset]
    return char, offset + (2 if style == "'" and char == "'" else 1)


def _double(text: str, offset: int, _style: str) -> tuple[str, int]:
    match = _ESCAPE.match(text, offset) if text[offset] == "\\" else None
    if match is None:
        return text[offset], offset + 1
    pair, byte, short, long, newline, named = match.groups()
    if newline:
        return "", match.end()
    if named:
        return _NAMED.get(named, named), match.end()
    if pair:
        high, low = int(pair[:4], 16), int(pair[6:], 16)
        return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)), match.end()
    return chr(min(int(byte or short or long, 16), 0x10FFFF)), match.end()


def _table_field(text: str, offset: int, end: int) -> Iterator[int]:
    while offset < end:
        yield offset
        offset += 2 if text.startswith('""', offset) else 1


def _folded(node: Node, lines: Lines, end: int) -> Iterator[Unit]:
    offset = lines.line_end(node.start_mark.index) + 1
    indent = _indentation(node.value, lines.text[offset:end])
    while offset < end:
        line_end = lines.line_end(offset)
        first = min(offset + indent, line_end)
        yield from ((lines.text[at], at) for at in range(first, line_end))
        yield "\n", line_end
        offset = line_end + 1


def _indentation(value: str, raw: str) -> int:
    def blanks(text: str) -> int:
        first = next((line for line in text.split("\n") if line.strip()), "")
        return len(first) - len(first.lstrip(" "))

    return max(blanks(raw) - blanks(value), 0)


def _aligned(value: str, units: list[Unit]) -> Iterator[int]:
    """Offsets of a folded value's characters: newlines may have become a blank, or nothing."""
    index, last = 0, len(units) - 1
    for char in value:
        while index < last and units[index][0] == "\n" and char not in " \n":
            index += 1
        yield units[min(index, last)][1] if units else 0
        index += 1
