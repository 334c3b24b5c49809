"""Apply a planned move to the work tree; git's index stays as it is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from promptops.catalog.prompt_ids import PROMPT_ENDINGS
from promptops.commands.mv.plan import new_contents
from promptops.commands.mv.references import UNFINISHED
from promptops.errors import InputError, UsageError, os_reason
from promptops.model.moving import MovePlan
from promptops.source.cases import ENDINGS as CASE_ENDINGS
from promptops.source.recording_files import ENDING as RECORDINGS_ENDING
from promptops.storage.atomic import replace_whole
from promptops.workspace.workspace import Workspace


def apply_move(workspace: Workspace, plan: MovePlan) -> None:
    """Write the new files, then change the files that refer to them, then remove the old ones.

    Each file is replaced as a whole, and at any time every reference leads to a file: a move that
    is interrupted leaves nothing that git does not show, and the same command completes it as long
    as the old files exist.

    Raises:
        InputError: A file can't be written.
        UsageError: Git ignores a new path; nothing is changed then.
    """
    root = workspace.repository.root
    contents = new_contents(workspace.catalog, plan.edits)
    moves = plan.moves
    try:
        _remove_leftovers(workspace)
        for old, new in sorted(moves.items(), key=_prompts_last):
            _write_new(root / old, root / new, contents.get(old))
        _refuse_ignored(workspace, moves)
        for path in sorted(contents.keys() - moves.keys()):
            replace_whole(root / path, contents[path], _temporary(root / path))
        _remove_old(root, moves)
    except OSError as error:
        where = os.path.relpath(str(error.filename or root), root)
        hint = "correct that, and run the same command again"
        raise InputError(f"can't be moved: {os_reason(error)}", where=where, hint=hint) from None


def _prompts_last(move: tuple[str, str]) -> tuple[bool, str]:
    """A prompt is there only with all that it names."""
    return move[0].endswith(PROMPT_ENDINGS), move[0]


def _write_new(old: Path, new: Path, data: bytes | None) -> None:
    """With the permissions of the old file."""
    new.parent.mkdir(parents=True, exist_ok=True)
    if new.exists() and os.path.samefile(old, new):
        os.rename(old, new)  # to a name that differs in case, where the file system ignores case
        if data is not None:
            replace_whole(new, data, _temporary(new))
        return
    replace_whole(new, old.read_bytes() if data is None else data, _temporary(new))
    shutil.copymode(old, new)


def _temporary(file: Path) -> Path:
    """The name is always the same, so that the next run replaces what a crash left."""
    return file.with_name(f".{file.name}{UNFINISHED}")


def _remove_leftovers(workspace: Workspace) -> None:
    """Remove the temporary files of any move that was killed: untracked, and named as ours are."""
    cases = tuple(f".cases{ending}" for ending in CASE_ENDINGS)
    for path, entry in workspace.catalog.files.entries.items():
        name = path.rpartition("/")[2]
        written = name.removeprefix(".").removesuffix(UNFINISHED)
        is_ours = written.endswith((*PROMPT_ENDINGS, *cases, RECORDINGS_ENDING))
        if is_ours and not entry.tracked and name == f".{written}{UNFINISHED}":
            (workspace.repository.root / path).unlink(missing_ok=True)


def _refuse_ignored(workspace: Workspace, moves: Mapping[str, str]) -> None:
    """Git answers for existing files only. One file of each folder is checked."""
    repository = workspace.repository
    for new in {path.rpartition("/")[0]: path for path in moves.values()}.values():
        if repository.is_ignored(new):
            _remove_new(repository.root, moves)
            hint = "choose another name, or edit .gitignore"
            raise UsageError(f"git ignores `{new}`", hint=hint)


def _remove_new(root: Path, moves: Mapping[str, str]) -> None:
    for old, new in moves.items():
        if new not in moves and not _is_renamed(root / old, root / new):
            (root / new).unlink(missing_ok=True)
            _remove_empty((root / new).parent, root)


def _remove_old(root: Path, moves: Mapping[str, str]) -> None:
    """Prompts first: without its prompt, no other old file is read."""
    new = {*moves.values()}
    for path in sorted(moves, key=lambda path: (not path.endswith(PROMPT_ENDINGS), path)):
        if path not in new and not _is_renamed(root / path, root / moves[path]):
            (root / path).unlink(missing_ok=True)
    for folder in sorted({(root / path).parent for path in moves}, reverse=True):
        _remove_empty(folder, root)


def _is_renamed(old: Path, new: Path) -> bool:
    return old.exists() and os.path.samefile(old, new)


def _remove_empty(folder: Path, root: Path) -> None:
    """A folder and those above it, as far as they are empty: git does not track folders."""
    with suppress(OSError):
        while folder != root:
            folder.rmdir()
            folder = folder.parent
