"""Open documents, their repositories, and places in them as the protocol counts characters."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, lsp_method
from pygls.uris import from_fs_path, to_fs_path

from promptops.catalog.catalog import Catalog
from promptops.commands.lint.live import Live
from promptops.errors import GitError
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.repo.process import Git, records
from promptops.repo.repository import Repository
from promptops.untrusted import is_untrusted


@record(frozen=True, slots=True, kw_only=True)
class Document:
    """A text in the editor.

    Attributes:
        uri: As the editor writes it.
        text: Without half surrogate pairs, which no file can contain.
        version: The number of the text, which the editor counts up.
        in_step: Whether the text is that of the editor. A change that arrives in the wrong order
            can't be applied, so the text is unknown until the editor sends all of it.
        hidden: What the file has before the text: a byte order mark that the editor hides, or "".
    """

    uri: str
    text: str
    version: int
    in_step: bool = True
    hidden: str = ""


class Documents:
    """The open documents, found by the path of their file or, without a file, by their address."""

    def __init__(self) -> None:
        self._open: dict[str, Document] = {}

    def find(self, uri: str) -> Document | None:
        """The open document of an address, or None."""
        return self._open.get(_document_key(uri))

    def opened(self, item: types.TextDocumentItem, hidden: str) -> Document:
        """A document that the editor opened, or opened once more; see `Document.hidden`."""
        text = without_half_pairs(item.text)
        return self._put(Document(uri=item.uri, text=text, version=item.version, hidden=hidden))

    def changed(
        self, params: types.DidChangeTextDocumentParams, encoding: Encoding
    ) -> Document | None:
        """The document after changes; None for one that is not open."""
        known = self.find(params.text_document.uri)
        if known is None:
            return None
        version = params.text_document.version
        return self._put(_after_changes(known, version, params.content_changes, encoding))

    def replaced(self, uri: str, text: str) -> Document | None:
        """The document with the text that the editor saved; None for one that is not open."""
        known = self.find(uri)
        if known is None:
            return None
        return self._put(replace(known, text=without_half_pairs(text), in_step=True))

    def closed(self, uri: str) -> Document | None:
        """Forget a document; returns it."""
        return self._open.pop(_document_key(uri), None)

    def all(self) -> tuple[Document, ...]:
        """The open documents, in the order in which they were opened."""
        return tuple(self._open.values())

    def _put(self, document: Document) -> Document:
        self._open[_document_key(document.uri)] = document
        return document


def without_half_pairs(text: str) -> str:
    """A text in which half surrogate pairs are replaced; JSON can contain them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _document_key(uri: str) -> str:
    return to_fs_path(uri) or uri


def _after_changes(
    known: Document,
    version: int,
    changes: Iterable[types.TextDocumentContentChangeEvent],
    encoding: Encoding,
) -> Document:
    """The document after changes; those of an earlier version are refused."""
    text, in_step = known.text, known.in_step and version > known.version
    for change in changes:
        if isinstance(change, types.TextDocumentContentChangeWholeDocument):
            text, in_step = without_half_pairs(change.text), True
        elif in_step:
            lines = split_lines(text)
            start = offset_of(text, *encoding.cursor(lines, change.range.start))
            end = max(start, offset_of(text, *encoding.cursor(lines, change.range.end)))
            text = without_half_pairs(text[:start] + change.text + text[end:])
    version = version if in_step else max(version, known.version)
    return replace(known, text=text, version=version, in_step=in_step)


# A file of a repository as an editor has it: what every feature gets.


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
        refreshes_lenses: The editor requests code lenses again when the server reports that they
            may differ.
        find_open: From an address to the document, if it is open.
    """

    live: Live
    path: str
    uri: str
    text: str
    version: int | None = None
    trusted: bool
    encoding: Encoding
    refreshes_lenses: bool = False
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
        lines = split_lines(text_of(self.live.catalog, place.path))
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


def text_of(catalog: Catalog, path: str) -> str:
    """A file's text with unsaved changes, newlines as written, without a byte order mark."""
    data = catalog.files.data(path) or b""
    return data.decode("utf-8", "replace").removeprefix("\ufeff")


# Columns of an editor, in the units of its encoding, and ours, which count characters.

_NEWLINE = lazy_pattern(r"\r\n?|\n")

_CODECS = {
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
        if line.isascii() or self.kind not in _CODECS:
            return min(character, len(line)) + 1
        codec, size = _CODECS[self.kind]
        before = line.encode(codec, "surrogatepass")[: character * size]
        return len(before.decode(codec, "ignore")) + 1

    def character(self, line: str, column: int) -> int:
        """The editor's 0-based character of a 1-based column; the line's end if it is beyond."""
        before = line[: max(column - 1, 0)]
        if before.isascii() or self.kind not in _CODECS:
            return len(before)
        codec, size = _CODECS[self.kind]
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


def preferred_encodings(
    offered: Sequence[types.PositionEncodingKind | str],
) -> list[types.PositionEncodingKind | str]:
    """The encodings that an editor offers, with UTF-32 first: its units are characters."""
    return sorted(offered, key=lambda name: name != types.PositionEncodingKind.Utf32)


# The protocol, with our choice of position encoding and our own documents.


class PromptopsProtocol(LanguageServerProtocol):
    """The protocol of pygls with two differences.

    UTF-32 is used where the editor offers it. Texts are kept in `Documents`, because pygls splits
    lines at characters such as U+2028, which end no line in an editor.
    """

    @property
    def was_shut_down(self) -> bool:
        """Whether the editor requested the shutdown of the server."""
        return self._shutdown

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(
        self, params: types.InitializeParams
    ) -> Generator[Any, Any, types.InitializeResult]:
        """Answer with what the server can do."""
        general = params.capabilities.general
        if general is not None and general.position_encodings:
            general.position_encodings = preferred_encodings(general.position_encodings)
        return (yield from super().lsp_initialize(params))

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        """Call our own handler only."""
        self.fm.features[types.TEXT_DOCUMENT_DID_OPEN](params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        """Call our own handler only: the generators of pygls keep 2 KB for each notification."""
        self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE](params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        """Call our own handler only."""
        self.fm.features[types.TEXT_DOCUMENT_DID_CLOSE](params)


class RequestRefused(JsonRpcException):
    """A request that can't be answered, with the reason for the user."""

    CODE = types.LSPErrorCodes.RequestFailed.value


# The repositories of the open files, each opened once; git runs no programs of untrusted ones.


@record(frozen=True, slots=True)
class FileInRepository:
    """A file, which may not exist yet.

    Attributes:
        path: Relative to the repository root, forward slashes.
    """

    live: Live
    path: str


class Repositories:
    """One `Live` for each work tree; it is found from the path of a file."""

    def __init__(self) -> None:
        self._by_root: dict[Path, Live] = {}

    def find(self, file: Path) -> FileInRepository:
        """The repository of a file. Raises GitError if the file is in no work tree."""
        above = file.parent
        folder = next((each for each in (above, *above.parents) if each.is_dir()), Path("/"))
        full = folder.resolve() / file.relative_to(folder)
        live = self._live_of(folder.resolve())
        root = live.root.resolve()
        if not full.is_relative_to(root):
            raise GitError("the file is not in the work tree", where=str(file))
        return FileInRepository(live, full.relative_to(root).as_posix())

    def __iter__(self) -> Iterator[Live]:
        return iter(tuple(self._by_root.values()))

    def _live_of(self, folder: Path) -> Live:
        with Repository.open(folder) as repository:
            root, bare = repository.root, repository.bare
            if is_untrusted() and root not in self._by_root:
                run_no_programs(repository.git)
        if bare:
            message = "git's directory and bare repositories have no files to edit"
            raise GitError(message, where=str(folder))
        if root not in self._by_root:
            self._by_root[root] = Live(root, untrusted=is_untrusted())
        return self._by_root[root]

    def close(self, live: Live) -> None:
        """Forget a repository, and end its git process."""
        self._by_root.pop(live.root, None)
        live.close()


# Git without the programs that the configuration of an untrusted repository names.

_PROGRAMS = r"^filter\..*\.(clean|smudge|process)$"
_MONITOR = "core.fsmonitor"


def run_no_programs(git: Git) -> None:
    """From now on, git runs neither file system monitors nor filters, in all repositories.

    Git runs them when it lists changed files. The environment overrides each configuration file.
    """
    answer = git.ask("config", "--name-only", "-z", "--get-regexp", _PROGRAMS)
    count = int(os.environ.get("GIT_CONFIG_COUNT", "0"))
    overridden = [os.environ[f"GIT_CONFIG_KEY_{number}"] for number in range(count)]
    names = dict.fromkeys((*overridden, _MONITOR, *records(answer.stdout)))
    os.environ["GIT_CONFIG_COUNT"] = str(len(names))
    for number, name in enumerate(names):
        os.environ[f"GIT_CONFIG_KEY_{number}"] = name
        os.environ[f"GIT_CONFIG_VALUE_{number}"] = "false" if name == _MONITOR else ""
