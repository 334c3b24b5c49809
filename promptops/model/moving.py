"""How files move to other names, and what changes in other files."""

from __future__ import annotations

from typing import Literal

from promptops.model.finding import Edit
from promptops.model.place import Place
from promptops.records import record

EditKind = Literal["reference", "alias", "recording", "config"]


@record(frozen=True, slots=True, kw_only=True)
class FileMove:
    """A file with its old and its new path, relative to the repository root.

    Attributes:
        tracked: In git's index, under the old path.
    """

    old: str
    new: str
    tracked: bool = True


@record(frozen=True, slots=True, kw_only=True)
class MoveEdit:
    """A changed text in a file.

    Attributes:
        place: In the file as it is before the move, under its old path; empty to insert.
        before, after: The text at the place, as written in the file, and its replacement.
    """

    kind: EditKind
    place: Place
    before: str
    after: str

    @property
    def edit(self) -> Edit:
        return Edit(self.place, self.after)


@record(frozen=True, slots=True, kw_only=True)
class ManualEdit:
    """What can't be changed automatically, and the fix."""

    place: Place
    message: str


@record(frozen=True, slots=True, kw_only=True)
class MovePlan:
    """Everything that a move changes, before it is applied.

    Attributes:
        old, new: What was moved: the id of a prompt, else the path of a file or of a folder.
        files: Sorted by old path.
        edits: Sorted by place.
        aliases: From the new id of each moved prompt to its old id, which it keeps as an alias.
        manual: Sorted by place.
    """

    old: str
    new: str
    files: tuple[FileMove, ...]
    edits: tuple[MoveEdit, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    manual: tuple[ManualEdit, ...] = ()

    @property
    def moves(self) -> dict[str, str]:
        """From each old path to the new one."""
        return {file.old: file.new for file in self.files}

    @property
    def changed_files(self) -> tuple[str, ...]:
        """The old paths of the files with edits, sorted."""
        return tuple(sorted({edit.place.path for edit in self.edits}))
