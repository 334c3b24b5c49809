"""Apply a planned move to the work tree; git's index stays as it is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from promptops.catalog.prompt_ids import PROMPT_ENDINGS
from promptops.errors import InputError, os_reason
from promptops.jobs.moving.plan import new_contents
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.moving import MovePlan
from promptops.storage.atomic import part_of, replace_whole, sync_folder


def apply_move(workspace: Workspace, plan: MovePlan) -> None:
    """Write the new files, then change the files that refer to them, then remove the old ones.

    Each file is replaced as a whole, and at any time every reference leads to a file: a move that
    is interrupted leaves nothing that git does not show, and the same command completes it as long
    as the old files exist.

    Raises:
        InputError: A file can't be written.
    """
    root = workspace.repository.root
    contents = new_contents(workspace.catalog, plan.edits)
    moves = plan.moves
    try:
        for old, new in moves.items():
            _write_new(root / old, root / new, contents.get(old))
        for path in sorted(contents.keys() - moves.keys()):
            replace_whole(root / path, contents[path], part_of(root / path))
        _remove_old(root, moves)
    except OSError as error:
        where = os.path.relpath(str(error.filename or root), root)
        hint = "correct that, and run the same command again"
        raise InputError(f"can't be moved: {os_reason(error)}", where=where, hint=hint) from None


def _write_new(old: Path, new: Path, data: bytes | None) -> None:
    """With the permissions of the old file."""
    new.parent.mkdir(parents=True, exist_ok=True)
    if new.exists() and os.path.samefile(old, new):
        os.rename(old, new)  # to a name that differs in case, where the file system ignores case
        if data is not None:
            replace_whole(new, data, part_of(new))
        return
    temporary = part_of(new)
    try:
        shutil.copyfile(old, temporary)
        shutil.copymode(old, temporary)
        if data is not None:
            replace_whole(temporary, data, part_of(new))
        os.replace(temporary, new)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(new.parent)


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
