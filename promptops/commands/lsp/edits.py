"""Edits that the server proposes: fixes of findings, and what follows a renamed file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.uris import to_fs_path

from promptops.catalog.references import is_below
from promptops.commands.lint.fix import correction, declaration, safe_edits, suppression
from promptops.commands.lint.live import Live
from promptops.commands.lsp.checking import (
    diagnostic,
    error_diagnostic,
    error_place,
    errors_in,
)
from promptops.commands.lsp.documents import (
    Document,
    Encoding,
    FileInRepository,
    OpenFile,
    range_in,
    split_lines,
    text_of,
    uri_of,
)
from promptops.commands.mv.plan import moving_workspace, plan_move
from promptops.errors import PromptopsError, UsageError
from promptops.model.finding import Edit, Finding, edits_by_path
from promptops.model.moving import ManualEdit
from promptops.model.place import Place
from promptops.records import record
from promptops.report.visible import visible
from promptops.workspace.edits import with_changes
from promptops.workspace.workspace import Workspace

if TYPE_CHECKING:
    from promptops.commands.lsp.server import PromptopsServer


QUICK_FIX = types.CodeActionKind.QuickFix.value
FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.promptops"
CODE_ACTION_OPTIONS = types.CodeActionOptions(code_action_kinds=[QUICK_FIX, FIX_ALL])

_MOST_FINDINGS = 20
"""Of the findings in a range, so many have actions."""

_LONGEST_IN_TITLE = 40
"""Characters of a text that a title shows."""


def code_actions(file: OpenFile, params: types.CodeActionParams) -> list[types.CodeAction]:
    """What can be done about the findings in a range, and with the whole file."""
    found: list[types.CodeAction] = []
    if _is_wanted(QUICK_FIX, params.context):
        found += _quick_fixes(file, params.range)
    is_automatic = params.context.trigger_kind == types.CodeActionTriggerKind.Automatic
    only_asks_whether = is_automatic and params.context.only is None
    if _is_wanted(FIX_ALL, params.context) and not only_asks_whether:
        found += _fix_all(file)
    return found


def _is_wanted(kind: str, context: types.CodeActionContext) -> bool:
    """Whether the editor requests actions of a kind, by its name or by the start of it."""
    return context.only is None or any(f"{kind}.".startswith(f"{only}.") for only in context.only)


def _quick_fixes(file: OpenFile, wanted: types.Range) -> Iterator[types.CodeAction]:
    findings = file.live.findings(file.path)
    within = (each for each in findings if _overlaps(file.range_of(each.place), wanted))
    for finding in islice(within, _MOST_FINDINGS):
        yield from _finding_actions(file, finding)
    for error in errors_in(file):
        place = error_place(error)
        shown = error_diagnostic(file, error)
        edit = correction(file.live.catalog, place, error.message, error.hint)
        if edit is not None and _overlaps(shown.range, wanted):
            yield _action(file, shown, _title(file, (edit,)), (edit,), preferred=True)


def _finding_actions(file: OpenFile, finding: Finding) -> Iterator[types.CodeAction]:
    catalog, shown = file.live.catalog, diagnostic(file, finding)
    yield from _fixes(file, finding, shown)
    declared = declaration(catalog, finding)
    if declared:
        title = f"Add the input `{_written(file, finding.place)}`"
        yield _action(file, shown, title, declared)
    comment = suppression(catalog, finding)
    if comment is not None:
        title = f"Ignore {finding.code} here: add the reason to the comment"
        yield _action(file, shown, title, (comment,))


def _fixes(file: OpenFile, finding: Finding, shown: types.Diagnostic) -> Iterator[types.CodeAction]:
    """The suggested name for a misspelt word, or else the fix of the rule."""
    fix, place = finding.fix, finding.place
    corrected = correction(file.live.catalog, place, finding.message, finding.hint)
    if corrected is not None and (fix is None or [edit.place for edit in fix.edits] == [place]):
        yield _action(file, shown, _title(file, (corrected,)), (corrected,), preferred=True)
    elif fix is not None and fix.edits:
        title = _title(file, fix.edits) + ("" if fix.safe else " (may change the request)")
        yield _action(file, shown, title, fix.edits, preferred=fix.safe)


def _action(
    file: OpenFile,
    shown: types.Diagnostic,
    title: str,
    edits: Iterable[Edit],
    *,
    preferred: bool | None = None,
) -> types.CodeAction:
    return types.CodeAction(
        title=title,
        kind=QUICK_FIX,
        diagnostics=[shown],
        is_preferred=preferred or None,
        edit=workspace_edit(file, edits),
    )


def _fix_all(file: OpenFile) -> Iterator[types.CodeAction]:
    """The safe fixes of the file that are proved to change no request."""
    findings = [
        each
        for each in file.live.findings(file.path)
        if each.fix is None or all(edit.place.path == file.path for edit in each.fix.edits)
    ]
    edits = safe_edits(file.live.workspace, findings)
    if edits:
        yield types.CodeAction(
            title="Fix everything that changes no request",
            kind=FIX_ALL,
            edit=workspace_edit(file, edits),
        )


def _title(file: OpenFile, edits: Sequence[Edit]) -> str:
    """What a fix does, such as "Replace `tikcet` by `ticket`"."""
    if len(edits) > 1:
        return f"Fix it with {len(edits)} edits"
    before, after = _written(file, edits[0].place), edits[0].text
    if not before.strip():
        return f"Insert {_shown(after)}" if after.strip() else "Change the white space"
    return f"Replace {_shown(before)} by {_shown(after)}" if after else f"Remove {_shown(before)}"


def _written(file: OpenFile, place: Place) -> str:
    """The characters of a place, up to the end of its first line."""
    line = file.live.catalog.line(place.path, place.line)
    end = place.end_column - 1 if place.end_line == place.line else len(line)
    return line[place.column - 1 : end]


def _shown(text: str) -> str:
    line = text.strip()
    return f"`{visible(line[:_LONGEST_IN_TITLE])}{'…' if len(line) > _LONGEST_IN_TITLE else ''}`"


def _overlaps(found: types.Range, wanted: types.Range) -> bool:
    """Whether two ranges have a position in common, their ends included."""
    return _order(found.start) <= _order(wanted.end) and _order(wanted.start) <= _order(found.end)


def _order(position: types.Position) -> tuple[int, int]:
    return position.line, position.character


# Rename a file in the editor: the names of it in other files follow, as with `promptops mv`.

FILE_RENAME_OPTIONS = types.FileOperationRegistrationOptions(
    filters=[
        types.FileOperationFilter(pattern=types.FileOperationPattern(glob="**/*"), scheme="file")
    ]
)
_MOST_MANUAL_EDITS = 5


def will_rename_files(
    server: PromptopsServer, params: types.RenameFilesParams
) -> types.WorkspaceEdit | None:
    """The changes for all renamed files.

    The editor renames the files in any case, so a refusal is a message that the references were
    not updated.
    """
    workspace = server.client_capabilities.workspace
    edit = workspace.workspace_edit if workspace is not None else None
    operations = edit.resource_operations if edit is not None else None
    editor = RenamingEditor(
        encoding=server.encoding,
        find_open=server.documents.find,
        renames_files=types.ResourceOperationKind.Rename in (operations or ()),
    )
    changes: list[FileChange] = []
    for renamed in params.files:
        found = server.place_of(renamed.old_uri)
        if found is not None and _is_managed(found):
            changes += _rename_changes(server, found, renamed.new_uri, editor)
    return types.WorkspaceEdit(document_changes=changes) if changes else None


def _rename_changes(
    server: PromptopsServer, found: FileInRepository, new_uri: str, editor: RenamingEditor
) -> tuple[FileChange, ...]:
    try:
        planned = file_rename(found, new_uri, editor)
    except PromptopsError as error:
        message = f"{found.path}: references to it are not updated: {error}"
        server.show(message, types.MessageType.Warning)
        return ()
    for each in planned.manual[:_MOST_MANUAL_EDITS]:
        server.show(f"change by hand: {each.place}: {each.message}")
    return planned.changes


def _is_managed(found: FileInRepository) -> bool:
    """Whether it is a file in a root of prompts or schemas, or a folder with such files."""
    config, entries = found.live.workspace.config, found.live.catalog.files.entries
    inside = f"{found.path}/"
    files = [path for path in entries if path == found.path or path.startswith(inside)]
    roots = (*config.prompts, *config.schemas)
    return any(is_below(path, root) for path in files for root in roots)


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
    # The editor itself renames the file, and what is inside of it.
    own = {path: new + path[len(old) :] for path in plan.moves if f"{path}/".startswith(f"{old}/")}
    more = {before: to for before, to in plan.moves.items() if own.get(before) != to}
    if more and not editor.renames_files:
        message = f"the editor can't move the files that go with it: {', '.join(sorted(more))}"
        raise UsageError(message, hint=f"undo the rename, and run `promptops mv {old} {new}`")

    def file_at(path: str) -> EditedFile:
        uri = uri_of(live, path)
        return edited_file(uri, editor.find_open(uri), text_of(workspace.catalog, path))

    changed = file_edits((each.edit for each in plan.edits), file_at, editor.encoding)
    renames = [
        types.RenameFile(old_uri=uri_of(live, before), new_uri=uri_of(live, to))
        for before, to in sorted(more.items())
    ]
    return FileRename(changes=(*changed, *renames), manual=plan.manual)


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


# Edits of several files as the editor applies them.

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
        return edited_file(uri, file.find_open(uri), text_of(file.live.catalog, path))

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
