"""From offsets in a text to lines and columns."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, count
from operator import add

from promptops.model.place import Place


def starts_of(lines: Sequence[str]) -> list[int]:
    """The offsets where lines begin that are joined by newlines."""
    lengths = accumulate(map(len, lines[:-1]), initial=0)
    return list(map(add, lengths, count()))


class Lines:
    """The starts of the lines of a text, computed on first use.

    Attributes:
        path: The file, relative to the repository root.
        text: Newlines as LF.
    """

    __slots__ = ("_starts", "path", "text")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._starts: list[int] | None = None

    @property
    def starts(self) -> list[int]:
        """Offsets of the first character of each line."""
        if self._starts is None:
            self._starts = starts_of(self.text.split("\n"))
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """1-based line and column of an offset."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def line_end(self, offset: int) -> int:
        """Offset of the newline that ends the line of an offset, or of the text's end."""
        end = self.text.find("\n", offset)
        return len(self.text) if end < 0 else end

    def row(self, line: int) -> tuple[int, int]:
        """Start and end, without its newline, of a 1-based line; of the last line if beyond it."""
        starts = self.starts
        if line < len(starts):
            return starts[line - 1], starts[line] - 1
        return starts[-1], len(self.text)

    def place(self, start: int, end: int) -> Place:
        """The span of two offsets."""
        line, column = self.position(start)
        end_line, end_column = self.position(max(start, end))
        return Place(self.path, line, column, end_line, end_column)
