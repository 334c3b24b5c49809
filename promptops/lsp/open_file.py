"""A file of a repository as an editor has it: what every feature gets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.uris import from_fs_path

from promptops.lsp.documents import Document
from promptops.lsp.encoding import Encoding, split_lines
from promptops.model.place import Place
from promptops.records import record

if TYPE_CHECKING:
    from promptops.jobs.live.live import Live


@record(frozen=True, slots=True, kw_only=True)
class OpenFile:
    """A file that is open in an editor.

    Attributes:
        live: The repository, with the unsaved texts of all open files.
        path: Relative to the repository root, forward slashes.
        uri: As the editor writes it.
        text: The text in the editor.
        version: The number of the text, which the editor counts up.
        trusted: Whether code of the repository and of plug-ins may run.
        encoding: How the editor counts columns.
        find_open: From an address to the document, if it is open.
    """

    live: Live
    path: str
    uri: str
    text: str
    version: int | None = None
    trusted: bool
    encoding: Encoding
    find_open: Callable[[str], Document | None] = lambda _uri: None

    def cursor(self, position: types.Position) -> tuple[int, int]:
        """Line and column of a position in this file, 1-based, in characters."""
        return self.encoding.cursor(split_lines(self.text), position)

    def range_of(self, place: Place) -> types.Range:
        """The editor's range of a place in this file."""
        return range_in(split_lines(self.text), place, self.encoding)

    def location_of(self, place: Place) -> types.Location:
        """The editor's location of a place in any file of the repository."""
        if place.path == self.path:
            return types.Location(uri=self.uri, range=self.range_of(place))
        lines = split_lines(text_of(self.live, place.path))
        uri = self.uri_of(place.path)
        return types.Location(uri=uri, range=range_in(lines, place, self.encoding))

    def uri_of(self, path: str) -> str:
        """The address of any file of the repository, as the editor writes it if it is open."""
        uri = uri_of(self.live, path)
        document = self.find_open(uri)
        return uri if document is None else document.uri


def range_in(lines: Sequence[str], place: Place, encoding: Encoding) -> types.Range:
    """The editor's range of a place in a file with these lines."""
    return types.Range(
        start=encoding.position(lines, place.line, place.column),
        end=encoding.position(lines, place.end_line, place.end_column),
    )


def uri_of(live: Live, path: str) -> str:
    """The address of a file of the repository, for the editor."""
    return from_fs_path(str(live.workspace.repository.root / path)) or ""


def text_of(live: Live, path: str) -> str:
    """A file's text with unsaved changes, newlines as written, without a byte order mark."""
    data = live.catalog.files.data(path) or b""
    return data.decode("utf-8", "replace").removeprefix("\ufeff")
