"""The lines of files, as they are and with their secrets masked."""

from __future__ import annotations

from collections.abc import Iterable

from promptops.analysis.masking import Masked, masked
from promptops.catalog.files import Files
from promptops.source.document import MAX_BYTES


class FileLines:
    """Lines of the files of a tree, split on first use."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._lines: dict[str, list[str]] = {}
        self._masked: dict[str, Masked] = {}
        self._masked_lines: dict[str, list[str]] = {}

    def masked(self, path: str) -> Masked:
        """A file with its secrets masked, newlines as LF; empty if it is missing or over 1 MB."""
        if path not in self._masked:
            data = self._files.data(path) or b""
            text = data.decode("utf-8", "replace") if len(data) <= MAX_BYTES else ""
            self._masked[path] = masked(text.replace("\r\n", "\n"))
        return self._masked[path]

    def masked_line(self, path: str, number: int) -> str:
        """A line of a file, 1-based, with its secrets masked; "" if it does not exist."""
        if path not in self._masked_lines:
            self._masked_lines[path] = self.masked(path).text.split("\n")
        return _line(self._masked_lines[path], number)

    def line(self, path: str, number: int) -> str:
        """A line of a file, 1-based, without its newline; "" if it does not exist."""
        if path not in self._lines:
            text = (self._files.data(path) or b"").decode("utf-8", "replace")
            self._lines[path] = text.replace("\r\n", "\n").split("\n")
        return _line(self._lines[path], number)

    def forget(self, paths: Iterable[str]) -> None:
        """Split the lines of some files anew when they are next needed."""
        for path in paths:
            for known in (self._lines, self._masked, self._masked_lines):
                known.pop(path, None)


def _line(lines: list[str], number: int) -> str:
    return lines[number - 1] if 0 < number <= len(lines) else ""
