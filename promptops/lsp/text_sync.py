"""What the editor opens, changes, saves and closes, and what changes outside of it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from promptops.errors import PromptopsError
from promptops.jobs.live.live import Live
from promptops.lsp.diagnostics import is_prompt_file
from promptops.lsp.documents import Document
from promptops.lsp.encoding import with_lf
from promptops.lsp.repositories import FileInRepository

if TYPE_CHECKING:
    from promptops.lsp.server import PromptopsServer

BOM = "\ufeff"
WARNING = types.MessageType.Warning


def did_open(server: PromptopsServer, params: types.DidOpenTextDocumentParams) -> None:
    """Check a file, and look for changes of its repository."""
    item = params.text_document
    server.forget_place(item.uri)
    found = server.place_of(item.uri)
    disk = _on_disk(found) or b""
    hidden = BOM if disk.startswith(BOM.encode()) and not item.text.startswith(BOM) else ""
    document = server.documents.opened(item, hidden)
    if found is not None:
        _put_unless_saved(server, document, found)
        server.checking.refresh(found.live)
    elif is_prompt_file(item.uri):
        server.checking.explain(document, server.reason(item.uri))


def did_change(server: PromptopsServer, params: types.DidChangeTextDocumentParams) -> None:
    """Check the changed file at once, and what depends on it after a rest."""
    document = server.documents.changed(params, server.encoding)
    found = server.place_of(params.text_document.uri)
    if document is None:
        server.log(f"{params.text_document.uri}: changed, but it is not open", WARNING)
    elif found is not None:
        _put(server, found, _content(document))


def did_save(server: PromptopsServer, params: types.DidSaveTextDocumentParams) -> None:
    """Use the content on disk, and check the whole catalog."""
    uri = params.text_document.uri
    if server.place_of(uri) is None:
        server.forget_place(uri)  # a repository may have been created
    found = server.place_of(uri)
    text = (
        params.text
        if params.text is not None
        else _text((_on_disk(found) or b"").decode("utf-8", "replace"))
    )
    document = server.documents.replaced(uri, text)
    if document is not None and found is not None:
        _put_unless_saved(server, document, found)
        server.checking.refresh(found.live)


def did_close(server: PromptopsServer, params: types.DidCloseTextDocumentParams) -> None:
    """Use the content on disk again."""
    uri = params.text_document.uri
    document, found = server.documents.closed(uri), server.place_of(uri)
    server.forget_place(uri)
    if document is None:
        return
    server.checking.closed(document)
    if found is not None:
        _put(server, found, None)


def did_change_outside(server: PromptopsServer, _params: object) -> None:
    """Look for changes in all repositories: a file, HEAD, or the settings of the editor."""
    for live in server.repositories:
        server.checking.refresh(live)


def did_change_folders(
    server: PromptopsServer, _params: types.DidChangeWorkspaceFoldersParams
) -> None:
    """Close the repositories that have no open file; one that is needed again is opened again."""
    used = {id(file.live) for _, file in server.open_files()}
    for live in server.repositories:
        if id(live) not in used:
            server.checking.stop(live)
            server.repositories.close(live)


def keep_open_texts(server: PromptopsServer, live: Live, changed: Collection[str]) -> None:
    """After other programs changed files: the text of an open file is still that of the editor.

    An editor that does not read the file again shows the findings at the right places. The text of
    a deleted file does not count: what needs the file is wrong, whether or not it is open.
    """
    for document, file in server.open_files():
        found = FileInRepository(live, file.path)
        if file.live is live and file.path in changed and _on_disk(found) is not None:
            _put_unless_saved(server, document, found)


def _put_unless_saved(server: PromptopsServer, document: Document, found: FileInRepository) -> None:
    """Use the text in the editor, or the content on disk if the editor shows that."""
    saved = _shows(document, _on_disk(found))
    _put(server, found, None if saved else _content(document))


def _content(document: Document) -> str | None:
    """The file as the editor would save it; None if its text is unknown."""
    return document.hidden + document.text if document.in_step else None


def _put(server: PromptopsServer, found: FileInRepository, text: str | None) -> None:
    """Give a file a text, or None for the content on disk, and check what this touches."""
    if Path(found.live.root, found.path).is_symlink():
        text = None  # it is reported; the text is that of another file
    try:
        touched = found.live.put(found.path, text)
    except PromptopsError as error:
        server.log(f"{found.path}: {error}", WARNING)
        return
    server.checking.edited(found.live, found.path, touched)


def _on_disk(found: FileInRepository | None) -> bytes | None:
    """The content of a file; None if it can't be read."""
    if found is None or not (file := Path(found.live.root, found.path)).is_file():
        return None
    try:
        return file.read_bytes()
    except OSError:
        return None


def _shows(document: Document, data: bytes | None) -> bool:
    """Whether the editor shows what is on disk; for what is not UTF-8 it shows replacements."""
    if data is None:
        return False
    try:
        return with_lf(_text(data.decode())) == with_lf(_text(document.text))
    except UnicodeDecodeError:
        return True


def _text(content: str) -> str:
    return content.removeprefix(BOM)
