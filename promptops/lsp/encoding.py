"""Columns of an editor, in the units of its encoding, and ours, which count characters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from lsprotocol import types

from promptops.patterns import lazy_pattern
from promptops.records import record

_NEWLINE = lazy_pattern(r"\r\n?|\n")

_UNITS = {
    types.PositionEncodingKind.Utf8: ("utf-8", 1),
    types.PositionEncodingKind.Utf16: ("utf-16-le", 2),
}


@lru_cache(maxsize=4)
def split_lines(text: str) -> tuple[str, ...]:
    """The lines of a text as the protocol and lint count them, without their newlines.

    Those of the last few texts are kept, because each place in a file needs them.
    """
    return tuple(with_lf(text).split("\n"))


def with_lf(text: str) -> str:
    """The text with LF as its newlines."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def offset_of(text: str, line: int, column: int) -> int:
    """The offset of a 1-based line and column of a text whose newlines are of any kind."""
    if "\r" not in text:
        return sum(len(each) + 1 for each in split_lines(text)[: line - 1]) + column - 1
    starts = [0, *(match.end() for match in _NEWLINE.finditer(text))]
    return starts[line - 1] + column - 1


@record(frozen=True, slots=True)
class Encoding:
    """The unit in which an editor counts the columns of a line.

    pygls has a codec for this, but it changes the position that it reads, moves one that is after
    the last line, and needs time for each character of a line.
    """

    kind: types.PositionEncodingKind

    def column(self, line: str, character: int) -> int:
        """The 1-based column of the editor's 0-based character; the line's end if it is beyond."""
        if line.isascii() or self.kind not in _UNITS:
            return min(character, len(line)) + 1
        codec, size = _UNITS[self.kind]
        before = line.encode(codec, "surrogatepass")[: character * size]
        return len(before.decode(codec, "ignore")) + 1

    def character(self, line: str, column: int) -> int:
        """The editor's 0-based character of a 1-based column; the line's end if it is beyond."""
        before = line[: max(column - 1, 0)]
        if before.isascii() or self.kind not in _UNITS:
            return len(before)
        codec, size = _UNITS[self.kind]
        return len(before.encode(codec, "surrogatepass")) // size

    def cursor(self, lines: Sequence[str], position: types.Position) -> tuple[int, int]:
        """The 1-based line and column of a position; after the last line, the text's end."""
        if position.line >= len(lines):
            return len(lines), len(lines[-1]) + 1
        return position.line + 1, self.column(lines[position.line], position.character)

    def position(self, lines: Sequence[str], line: int, column: int) -> types.Position:
        """The position of a 1-based line and column; after the last line, the text's end."""
        if line > len(lines):
            line, column = len(lines), len(lines[-1]) + 1
        character = self.character(lines[line - 1], column)
        return types.Position(line=line - 1, character=character)


def preferred(
    offered: Sequence[types.PositionEncodingKind | str],
) -> list[types.PositionEncodingKind | str]:
    """The encodings that an editor offers, with UTF-32 first: its units are characters."""
    return sorted(offered, key=lambda name: name != types.PositionEncodingKind.Utf32)
