"""Save edits: to the files, or as one commit on a new branch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from promptops.commands.ui.editing import Edits
from promptops.commands.ui.records import UiBranch, UiConflict, UiSaved
from promptops.errors import InputError, UsageError, os_reason
from promptops.repo.new_branch import commit_on_new_branch, push_command
from promptops.repo.repository import Repository
from promptops.storage.atomic import check_replaceable, part_of, replace_whole


class Conflicts(UsageError):
    """The page shows what is not so any more; the attributes are those of `UiConflicts`."""

    kind: Literal["disk", "state", "text"]
    files: tuple[UiConflict, ...] = ()
    text = ""


class OtherText(Conflicts):
    """A text was edited meanwhile, in another tab or by another program."""

    kind = "text"

    def __init__(self, path: str, text: str) -> None:
        hint = "copy your text, and edit the present one"
        super().__init__("the text was changed meanwhile", where=path, hint=hint)
        self.text = text


class OtherChange(Conflicts):
    """There are other edits than the page shows, or the last commit is another one."""

    kind = "state"

    def __init__(self) -> None:
        message = "your changes differ from what this page shows"
        super().__init__(message, hint="look at them again, then save")


class ChangedOnDisk(Conflicts):
    """Files changed on disk after they were first edited here."""

    kind = "disk"

    def __init__(self, files: tuple[UiConflict, ...]) -> None:
        others = tuple(_changed_meanwhile(each.path) for each in files[1:])
        first = _changed_meanwhile(files[0].path)
        super().__init__(first.message, where=first.where, hint=first.hint, others=others)
        self.files = files


def save_to_files(edits: Edits, root: Path) -> UiSaved:
    """Write each edited file, atomically; nothing is written if one changed meanwhile.

    Raises ChangedOnDisk; InputError if a file can't be written, after which the files before it are
    written and the edits of the others are still pending.
    """
    _refuse_conflicts(edits)
    for path in edits.pending:
        _write(root, path, None)
    written = []
    for path, edit in list(edits.pending.items()):
        _write(root, path, edit.after)
        edits.forget(path)
        written.append(path)
    return UiSaved(paths=tuple(written))


def save_to_branch(edits: Edits, repository: Repository, name: str, message: str) -> UiBranch:
    """Commit the edited files on a new branch; see `commit_on_new_branch`.

    Raises ChangedOnDisk, UsageError and GitError.
    """
    if not edits.pending:
        raise UsageError("there are no edits to save", hint="edit a text, or keep a case")
    _refuse_conflicts(edits)
    commit = commit_on_new_branch(repository, name, message, edits.contents)
    return UiBranch(branch=name, commit=commit, next=push_command(repository, name))


def _refuse_conflicts(edits: Edits) -> None:
    found = tuple(_conflicts(edits))
    if found:
        raise ChangedOnDisk(found)


def _conflicts(edits: Edits) -> Iterator[UiConflict]:
    for path, edit in edits.pending.items():
        if edits.is_outdated(path):
            disk = _text(edits.on_disk(path))
            yield UiConflict(path=path, disk=disk, edited=edit.after.decode("utf-8"))


def _text(data: bytes | None) -> str | None:
    try:
        return None if data is None else data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _changed_meanwhile(path: str) -> UsageError:
    hint = "copy your text, undo the edits of this prompt, and edit it again"
    return UsageError("another program changed the file meanwhile", where=path, hint=hint)


def _write(root: Path, path: str, data: bytes | None) -> None:
    """Replace a file; without data, only check that this is possible. Raises InputError."""
    file = root / path
    try:
        if data is None:
            check_replaceable(file)
        else:
            replace_whole(file, data, part_of(file))
    except OSError as error:
        raise InputError(f"can't be written: {os_reason(error)}", where=path) from None
