"""Rename a file in the editor: the names of it in other files follow, as with `promptops mv`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.uris import to_fs_path

from promptops.errors import PromptopsError, UsageError
from promptops.jobs.live.live import Live
from promptops.jobs.moving.plan import moving_workspace, plan_move
from promptops.jobs.workspace.changed_tree import with_changes
from promptops.jobs.workspace.workspace import Workspace
from promptops.lsp.open_file import uri_of
from promptops.lsp.repositories import FileInRepository
from promptops.lsp.workspace_edit import EditedFile, edited_file, workspace_edit
from promptops.model.moving import MovePlan
from promptops.records import record

if TYPE_CHECKING:
    from promptops.lsp.server import PromptopsServer

OPTIONS = types.FileOperationRegistrationOptions(
    filters=[
        types.FileOperationFilter(pattern=types.FileOperationPattern(glob="**/*"), scheme="file")
    ]
)
_MANUAL_SHOWN = 5


def will_rename_files(
    server: PromptopsServer, params: types.RenameFilesParams
) -> types.WorkspaceEdit | None:
    """The edits of files that refer to renamed files, and the files that go with them.

    Nothing is written. The editor renames the files in any case, so a refusal is a message that
    the references were not updated.
    """
    changes: list[types.TextDocumentEdit | types.CreateFile | types.RenameFile | types.DeleteFile]
    changes = []
    for renamed in params.files:
        found = server.place_of(renamed.old_uri)
        if found is None or not _is_managed(found):
            continue
        try:
            move = _planned(server, found, renamed)
        except PromptopsError as error:
            message = f"{found.path}: references to it are not updated: {error}"
            _show(server, types.MessageType.Warning, message)
            continue
        changes += move.changes
        _show_manual(server, move.plan)
    return types.WorkspaceEdit(document_changes=changes) if changes else None


@record(frozen=True, slots=True, kw_only=True)
class _Move:
    plan: MovePlan
    changes: list[types.TextDocumentEdit | types.CreateFile | types.RenameFile | types.DeleteFile]


def _is_managed(found: FileInRepository) -> bool:
    """Whether promptops reads the file, or files in the folder."""
    if found.live.manages(found.path):
        return True
    inside = f"{found.path}/"
    return any(path.startswith(inside) for path in found.live.catalog.files.entries)


def _planned(server: PromptopsServer, found: FileInRepository, renamed: types.FileRename) -> _Move:
    live = found.live
    new = _path_in(live, renamed.new_uri)
    workspace = _as_open(server, live)
    plan = plan_move(workspace, str(live.root / found.path), str(live.root / new))
    companions = {
        old: to for old, to in plan.moves.items() if not _goes_along(old, to, found.path, new)
    }
    if companions and not _can_rename_files(server):
        names = " ".join(sorted(companions))
        hint = f"undo this, and run `promptops mv {found.path} {new}`"
        raise UsageError(f"the editor can't move the files that go with it: {names}", hint=hint)

    def file_at(path: str) -> EditedFile:
        uri = uri_of(live, path)
        data = workspace.catalog.files.data(path) or b""
        text = data.decode("utf-8", "replace").removeprefix("\ufeff")
        return edited_file(uri, server.documents.find(uri), text)

    edits = [each.edit for each in plan.edits]
    changed = workspace_edit(edits, file_at, server.encoding).document_changes or ()
    return _Move(plan=plan, changes=[*changed, *_renames(live, companions)])


def _path_in(live: Live, uri: str) -> str:
    """The path of a new address, relative to the root of the repository."""
    file = to_fs_path(uri)
    root = live.root.resolve()
    path = Path(file).parent.resolve() / Path(file).name if file is not None else None
    if path is None or not path.is_relative_to(root):
        raise UsageError(f"`{file or uri}` is outside of the repository")
    return path.relative_to(root).as_posix()


def _as_open(server: PromptopsServer, live: Live) -> Workspace:
    """The work tree with all files that a move may change, as they are in the editor."""
    workspace = moving_workspace(live.workspace.repository)
    unsaved: dict[str, bytes] = {}
    for document, file in server.open_files():
        if file.live is live and document.in_step:
            data = (document.hidden + document.text).encode()
            if data != workspace.catalog.files.data(file.path):
                unsaved[file.path] = data
    known = {
        path: data for path, data in unsaved.items() if path in workspace.catalog.files.entries
    }
    return with_changes(workspace, known) if known else workspace


def _goes_along(old: str, new: str, renamed: str, to: str) -> bool:
    """Whether the editor itself renames a file, since it is the renamed one or inside of it."""
    if old == renamed:
        return new == to
    return old.startswith(f"{renamed}/") and new == to + old[len(renamed) :]


def _can_rename_files(server: PromptopsServer) -> bool:
    workspace = server.client_capabilities.workspace
    edit = workspace.workspace_edit if workspace is not None else None
    operations = edit.resource_operations if edit is not None else None
    return types.ResourceOperationKind.Rename in (operations or ())


def _renames(live: Live, moves: Mapping[str, str]) -> list[types.RenameFile]:
    return [
        types.RenameFile(old_uri=uri_of(live, old), new_uri=uri_of(live, new))
        for old, new in sorted(moves.items())
    ]


def _show_manual(server: PromptopsServer, plan: MovePlan) -> None:
    """What has to be changed by hand."""
    for manual in plan.manual[:_MANUAL_SHOWN]:
        _show(server, types.MessageType.Info, f"change by hand: {manual.place}: {manual.message}")


def _show(server: PromptopsServer, kind: types.MessageType, message: str) -> None:
    server.window_show_message(types.ShowMessageParams(type=kind, message=message))
