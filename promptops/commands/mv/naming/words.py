"""The characters of names in files: between quotes, in a column of a table, under a cursor."""

from __future__ import annotations

from promptops.catalog.files import Files
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.source.lines import Lines

_IDENTIFIER = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_COLUMN = "inputs."
_BOM = "\ufeff"


class Words:
    """Reads places of files; each file is split into lines once."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._lines: dict[str, Lines] = {}

    def at(self, place: Place) -> str:
        """The characters of a place; "" in a file that can't be read."""
        start, end = self._offsets(place)
        return self._lines_of(place.path).text[start:end]

    def name_in(self, place: Place, name: str) -> Place | None:
        """The place of a name alone, in the place of a scalar or of a table's column as written.

        None if the name is written with escapes, or if the file has another text there.
        """
        written = self.at(place)
        begin = len(written) - len(written.lstrip("\"'"))
        if written.startswith(_COLUMN, begin):
            begin += len(_COLUMN)
        found = _IDENTIFIER.match(written, begin)
        if found is None or found[0] != name:
            return None
        start = self._offsets(place)[0] + begin
        return self._lines_of(place.path).place(start, start + len(name))

    def word_at(self, path: str, line: int, column: int) -> Place | None:
        """The identifier that a position is in or after; line and column are 1-based."""
        lines = self._lines_of(path)
        if line > len(lines.starts):
            return None
        start, end = lines.row(line)
        for found in _IDENTIFIER.finditer(lines.text[start:end]):
            if found.start() <= column - 1 <= found.end():
                return lines.place(start + found.start(), start + found.end())
        return None

    def line(self, path: str, number: int) -> str:
        """A line of a file, 1-based, without its newline; the last one for a larger number."""
        lines = self._lines_of(path)
        start, end = lines.row(number)
        return lines.text[start:end]

    def _offsets(self, place: Place) -> tuple[int, int]:
        lines = self._lines_of(place.path)
        start = lines.row(place.line)[0] + place.column - 1
        return start, lines.row(place.end_line)[0] + place.end_column - 1

    def _lines_of(self, path: str) -> Lines:
        if path not in self._lines:
            text = self._files.text(path)
            value = text.value.removeprefix(_BOM) if text is not None else ""
            self._lines[path] = Lines(path, value)
        return self._lines[path]


def contains(place: Place, line: int, column: int) -> bool:
    """Whether a position is in a place or directly after it."""
    first, last = (place.line, place.column), (place.end_line, place.end_column)
    return first <= (line, column) <= last
