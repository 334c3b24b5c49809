"""Rename a file in the editor: the names of it in other files follow, as with `promptops mv`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.uris import to_fs_path

from promptops.catalog.references import is_below
from promptops.errors import PromptopsError, UsageError
from promptops.jobs.live.live import Live
from promptops.jobs.moving.plan import moving_workspace, plan_move
from promptops.jobs.workspace.changed_tree import with_changes
from promptops.jobs.workspace.workspace import Workspace
from promptops.lsp.documents import Document
from promptops.lsp.encoding import Encoding
from promptops.lsp.open_file import uri_of
from promptops.lsp.repositories import FileInRepository
from promptops.lsp.workspace_edit import EditedFile, FileChange, edited_file, file_edits
from promptops.model.moving import ManualEdit
from promptops.records import record

if TYPE_CHECKING:
    from promptops.lsp.server import PromptopsServer

OPTIONS = types.FileOperationRegistrationOptions(
    filters=[
        types.FileOperationFilter(pattern=types.FileOperationPattern(glob="**/*"), scheme="file")
    ]
)
_MANUAL_SHOWN = 5


@record(frozen=True, slots=True, kw_only=True)
class RenamingEditor:
    """What the editor can do, and has open.

    Attributes:
        find_open: From an address to the document, if it is open.
        renames_files: A workspace edit may rename files.
    """

    encoding: Encoding
    find_open: Callable[[str], Document | None]
    renames_files: bool


@record(frozen=True, slots=True, kw_only=True)
class FileRename:
    """What the rename of a file changes in others.

    Attributes:
        changes: Edits, and the renames of files that go with it.
        manual: What has to be changed by hand.
    """

    changes: tuple[FileChange, ...]
    manual: tuple[ManualEdit, ...]


def file_rename(found: FileInRepository, new_uri: str, editor: RenamingEditor) -> FileRename:
    """What `promptops mv` would change for the same two names; nothing is written.

    Raises UsageError and InputError with the reason why it refuses.
    """
    live, old, new = found.live, found.path, _path_in(found.live, new_uri)
    workspace = _as_open(live, editor)
    plan = plan_move(workspace, str(live.root / old), str(live.root / new))
    more = {before: to for before, to in plan.moves.items() if not _is_inside(before, to, old, new)}
    if more and not editor.renames_files:
        message = f"the editor can't move the files that go with it: {', '.join(sorted(more))}"
        raise UsageError(message, hint=f"undo the rename, and run `promptops mv {old} {new}`")
    edits = (each.edit for each in plan.edits)
    changed = file_edits(edits, _file_at(workspace, live, editor), editor.encoding)
    return FileRename(changes=(*changed, *_renames(live, more)), manual=plan.manual)


def _path_in(live: Live, uri: str) -> str:
    """The path of a new address, relative to the root of the repository."""
    file = to_fs_path(uri)
    root = live.root.resolve()
    path = Path(file).parent.resolve() / Path(file).name if file is not None else None
    if path is None or not path.is_relative_to(root):
        raise UsageError(f"`{file or uri}` is outside of the repository")
    return path.relative_to(root).as_posix()


def _as_open(live: Live, editor: RenamingEditor) -> Workspace:
    """The work tree with all files that a move may change, as they are in the editor."""
    workspace = moving_workspace(live.workspace.repository)
    files = workspace.catalog.files
    unsaved: dict[str, bytes] = {}
    for path in files.entries:
        document = editor.find_open(uri_of(live, path))
        if document is not None and document.in_step:
            data = (document.hidden + document.text).encode()
            if data != files.data(path):
                unsaved[path] = data
    return with_changes(workspace, unsaved) if unsaved else workspace


def _is_inside(before: str, after: str, old: str, new: str) -> bool:
    """Whether the editor itself renames a file, since it is the renamed one or inside of it."""
    if before == old:
        return after == new
    return before.startswith(f"{old}/") and after == new + before[len(old) :]


def _file_at(
    workspace: Workspace, live: Live, editor: RenamingEditor
) -> Callable[[str], EditedFile]:
    def file_at(path: str) -> EditedFile:
        uri = uri_of(live, path)
        data = workspace.catalog.files.data(path) or b""
        text = data.decode("utf-8", "replace").removeprefix("\ufeff")
        return edited_file(uri, editor.find_open(uri), text)

    return file_at


def _renames(live: Live, moves: Mapping[str, str]) -> list[types.RenameFile]:
    return [
        types.RenameFile(old_uri=uri_of(live, old), new_uri=uri_of(live, new))
        for old, new in sorted(moves.items())
    ]


def will_rename_files(
    server: PromptopsServer, params: types.RenameFilesParams
) -> types.WorkspaceEdit | None:
    """The changes for all renamed files.

    The editor renames the files in any case, so a refusal is a message that the references were
    not updated.
    """
    editor = RenamingEditor(
        encoding=server.encoding,
        find_open=server.documents.find,
        renames_files=_renames_files(server.client_capabilities),
    )
    changes: list[FileChange] = []
    for renamed in params.files:
        found = server.place_of(renamed.old_uri)
        if found is not None and _is_managed(found):
            changes += _changes(server, found, renamed.new_uri, editor)
    return types.WorkspaceEdit(document_changes=changes) if changes else None


def _changes(
    server: PromptopsServer, found: FileInRepository, new_uri: str, editor: RenamingEditor
) -> tuple[FileChange, ...]:
    try:
        planned = file_rename(found, new_uri, editor)
    except PromptopsError as error:
        message = f"{found.path}: references to it are not updated: {error}"
        _show(server, types.MessageType.Warning, message)
        return ()
    for each in planned.manual[:_MANUAL_SHOWN]:
        _show(server, types.MessageType.Info, f"change by hand: {each.place}: {each.message}")
    return planned.changes


def _is_managed(found: FileInRepository) -> bool:
    """Whether it is a file in a root of prompts or schemas, or a folder with such files."""
    config, entries = found.live.workspace.config, found.live.catalog.files.entries
    inside = f"{found.path}/"
    files = [path for path in entries if path == found.path or path.startswith(inside)]
    roots = (*config.prompts, *config.schemas)
    return any(is_below(path, root) for path in files for root in roots)


def _renames_files(capabilities: types.ClientCapabilities) -> bool:
    workspace = capabilities.workspace
    edit = workspace.workspace_edit if workspace is not None else None
    operations = edit.resource_operations if edit is not None else None
    return types.ResourceOperationKind.Rename in (operations or ())


def _show(server: PromptopsServer, kind: types.MessageType, message: str) -> None:
    server.window_show_message(types.ShowMessageParams(type=kind, message=message))
