"""Edits of several files as the editor applies them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from lsprotocol import types

from promptops.lsp.documents import Document
from promptops.lsp.encoding import Encoding, split_lines
from promptops.lsp.open_file import range_in
from promptops.model.finding import Edit
from promptops.records import record

FileChange = types.TextDocumentEdit | types.CreateFile | types.RenameFile | types.DeleteFile


@record(frozen=True, slots=True, kw_only=True)
class EditedFile:
    """A file to edit.

    Attributes:
        uri: As the editor writes it.
        version: Of the document; None if it is not open.
        text: Without a byte order mark, newlines as written.
    """

    uri: str
    version: int | None
    text: str


def edited_file(uri: str, document: Document | None, text: str) -> EditedFile:
    """A file with its text on disk, or as it is open."""
    if document is None:
        return EditedFile(uri=uri, version=None, text=text)
    return EditedFile(uri=document.uri, version=document.version, text=document.text)


def workspace_edit(
    edits: Iterable[Edit], file_at: Callable[[str], EditedFile], encoding: Encoding
) -> types.WorkspaceEdit:
    """The edits by file; `file_at` finds a file by its path in the repository."""
    by_path: dict[str, list[Edit]] = {}
    for edit in edits:
        by_path.setdefault(edit.place.path, []).append(edit)
    return types.WorkspaceEdit(document_changes=_changes(by_path, file_at, encoding))


def _changes(
    by_path: Mapping[str, Sequence[Edit]],
    file_at: Callable[[str], EditedFile],
    encoding: Encoding,
) -> list[FileChange]:
    return [_change(file_at(path), edits, encoding) for path, edits in sorted(by_path.items())]


def _change(file: EditedFile, edits: Sequence[Edit], encoding: Encoding) -> types.TextDocumentEdit:
    lines = split_lines(file.text)
    document = types.OptionalVersionedTextDocumentIdentifier(uri=file.uri, version=file.version)
    return types.TextDocumentEdit(
        text_document=document,
        edits=[
            types.TextEdit(range=range_in(lines, edit.place, encoding), new_text=edit.text)
            for edit in edits
        ],
    )
