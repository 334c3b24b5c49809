"""Places in files."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from promptops.records import record

Offsets = tuple[int, int]
"""A span of a text: of its first character, and of the one after its last."""


@record(frozen=True, slots=True, order=True)
class Place:
    """A span of characters in a file.

    Attributes:
        path: Relative to the repository root, forward slashes.
        line, column: Of the first character; 1-based, columns in characters.
        end_line, end_column: Of the character after the last one.
    """

    path: str
    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"

    def as_json(self) -> dict[str, Any]:
        """The attributes as an object in reports and files."""
        return {
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "end_line": self.end_line,
            "end_column": self.end_column,
        }


@record(frozen=True, slots=True)
class Text:
    """A text with the place of each of its characters in a file.

    Attributes:
        path: The file, relative to the repository root.
        value: The parsed text, newlines as LF: for a YAML scalar, its value.
        locate: From an offset in `value` (0 to its length) to 1-based line and column.
        program: The parsed program of a text in a bundle, as JSON; None if it has to be parsed.
    """

    path: str
    value: str
    locate: Callable[[int], tuple[int, int]]
    program: str | None = None

    def place(self, start: int, end: int | None = None) -> Place:
        """The span of `value[start:end]` in the file; without `end`, of one character."""
        end = start + 1 if end is None else end
        line, column = self.locate(start)
        if end <= start:
            return Place(self.path, line, column, line, column)
        end_line, last = self.locate(min(end, len(self.value)) - 1)
        return Place(self.path, line, column, end_line, last + 1)


def plain_text(path: str, value: str, program: str | None = None) -> Text:
    """A whole file as a text: offsets are those of the file."""
    starts: list[int] = []

    def locate(offset: int) -> tuple[int, int]:
        if not starts:
            starts.append(0)
            starts.extend(index + 1 for index, char in enumerate(value) if char == "\n")
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    return Text(path, value, locate, program)
