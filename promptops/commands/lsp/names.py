"""What names in an open file refer to, also while the file is half typed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lsprotocol import types

from promptops.catalog.catalog import Catalog
from promptops.commands.lsp.documents import OpenFile, split_lines
from promptops.commands.mv.symbols import Symbol, symbol_at, symbol_by_name
from promptops.model.place import Place
from promptops.records import record
from promptops.source.line_shift import LineShift, line_shift


@record(frozen=True, slots=True, kw_only=True)
class NameLookup:
    """The catalog in which a name is looked up.

    Attributes:
        file: As it is in the editor.
        shift: From the file as it could last be read; None if it can be read now.
    """

    file: OpenFile
    catalog: Catalog
    shift: LineShift | None = None

    def symbol(self, position: types.Position) -> Symbol | None:
        """What the name at a position refers to."""
        line, column = self.file.cursor(position)
        seen = line if self.shift is None else self.shift.to_old(line)
        found = None
        if seen is not None:
            found = symbol_at(self.catalog, self.file.path, seen, column)
        return found or symbol_by_name(self.catalog, self.file.path, self._line(line), line, column)

    def _line(self, number: int) -> str:
        lines = split_lines(self.file.text)
        return lines[number - 1] if number <= len(lines) else ""

    def locations(self, places: tuple[Place, ...]) -> list[types.Location]:
        """The editor's locations; without those in lines that changed since."""
        current = (self.current(place) for place in places)
        return [self.file.location_of(place) for place in current if place is not None]

    def current(self, place: Place) -> Place | None:
        """The place in the file as it is now; None in a line that changed since."""
        if self.shift is None or place.path != self.file.path:
            return place
        return self.shift.to_new(place)


@contextmanager
def names_in(file: OpenFile) -> Iterator[NameLookup]:
    """The names of a file; for a prompt that can't be read, those that it had last."""
    shift = _shift(file)
    if shift is None:
        yield NameLookup(file=file, catalog=file.live.catalog)
        return
    with file.live.trying({file.path: file.live.readable_text(file.path) or ""}) as catalog:
        yield NameLookup(file=file, catalog=catalog, shift=shift)


def readable_places(file: OpenFile) -> Callable[[Place], Place | None]:
    """From a place of the prompt that `Live.readable` returns to the place in the text as it is.

    None in a line that changed since the prompt could last be read.
    """
    return NameLookup(file=file, catalog=file.live.catalog, shift=_shift(file)).current


def _shift(file: OpenFile) -> LineShift | None:
    """From the text that could last be read; None if that is the current text."""
    before = file.live.readable_text(file.path)
    now = file.live.catalog.files.text(file.path)
    if before is None or now is None or now.value == before:
        return None
    return line_shift(before, now.value)
