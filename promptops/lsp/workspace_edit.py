"""Edits of several files as the editor applies them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from lsprotocol import types

from promptops.errors import UsageError
from promptops.lsp.documents import Document
from promptops.lsp.encoding import Encoding, split_lines
from promptops.lsp.open_file import OpenFile, range_in, text_of
from promptops.model.finding import Edit, edits_by_path
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
    """A file with its text on disk, or as it is open.

    Raises UsageError if the text in the editor is unknown; see `Document.in_step`.
    """
    if document is None:
        return EditedFile(uri=uri, version=None, text=text)
    if not document.in_step:
        message = (
            "the text of this file is unknown: the editor's changes arrived in the wrong order"
        )
        raise UsageError(message, where=document.uri, hint="save the file, or open it again")
    return EditedFile(uri=document.uri, version=document.version, text=document.text)


def workspace_edit(file: OpenFile, edits: Iterable[Edit]) -> types.WorkspaceEdit:
    """The edits of an open file and of others in its repository."""

    def file_at(path: str) -> EditedFile:
        if path == file.path:
            return EditedFile(uri=file.uri, version=file.version, text=file.text)
        uri = file.uri_of(path)
        return edited_file(uri, file.find_open(uri), text_of(file.live, path))

    return types.WorkspaceEdit(document_changes=[*file_edits(edits, file_at, file.encoding)])


def file_edits(
    edits: Iterable[Edit], file_at: Callable[[str], EditedFile], encoding: Encoding
) -> list[types.TextDocumentEdit]:
    """The edits of each file, in order of paths; `file_at` finds a file by its path."""
    return [
        _file_edit(file_at(path), own, encoding)
        for path, own in sorted(edits_by_path(edits).items())
    ]


def _file_edit(
    file: EditedFile, edits: Sequence[Edit], encoding: Encoding
) -> types.TextDocumentEdit:
    lines = split_lines(file.text)
    document = types.OptionalVersionedTextDocumentIdentifier(uri=file.uri, version=file.version)
    return types.TextDocumentEdit(
        text_document=document,
        edits=[
            types.TextEdit(range=range_in(lines, edit.place, encoding), new_text=edit.text)
            for edit in edits
        ],
    )
