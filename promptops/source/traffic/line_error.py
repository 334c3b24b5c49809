"""Why a line, or a row of a table, has no sample."""

from __future__ import annotations


class LineError(Exception):
    """A line that can't be read; caught where the lines of a part are read.

    Attributes:
        message: Lower case, no full stop, without text of the line.
        column: 1-based, in characters.
        key: The key whose value is wrong, or ""; then `column` is computed from it.
    """

    def __init__(self, message: str, *, column: int = 1, key: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.key = key
