"""How files move to other names, and what changes in other files."""

from __future__ import annotations

import shlex
from typing import Literal

from promptops.model.finding import Edit
from promptops.model.place import Place
from promptops.records import record
from promptops.records.outputs import output, shown

_MOST_NAMED_PATHS = 8

EditKind = Literal["reference", "alias", "recording", "config"]


@record(frozen=True, slots=True, kw_only=True)
class FileMove:
    """A file with its old and its new path.

    Attributes:
        old, new: Relative to the repository root.
        tracked: In git's index, under the old path.
    """

    old: str
    new: str
    tracked: bool = True


@record(frozen=True, slots=True, kw_only=True)
class MoveEdit:
    """A changed text in a file.

    Attributes:
        kind: What the text is: a path or an id that refers to a moved file, the alias of a moved
            prompt, a key of a recording, or a setting of the configuration.
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
    """What can't be changed automatically, and the fix.

    Attributes:
        place: In the file as it is before the move, under its old path.
        message: What no longer fits.
    """

    place: Place
    message: str


@record(frozen=True, slots=True, kw_only=True)
class KeptAlias:
    """The old id of a moved prompt, which it keeps as an alias.

    Attributes:
        prompt: Its new id.
        alias: Its old id.
    """

    prompt: str
    alias: str


@output("mv", version=1)
@record(frozen=True, slots=True, kw_only=True)
class MovePlan:
    """The result of `promptops mv`: everything that a move changes.

    Attributes:
        old, new: What was moved: the id of a prompt, else the path of a file or of a folder.
        files: Sorted by old path.
        edits: Sorted by place.
        aliases: The old ids that moved prompts keep, by their new ids.
        manual: What must be changed by hand, sorted by place.
        dry_run: Nothing was written.
    """

    old: str
    new: str
    files: tuple[FileMove, ...]
    edits: tuple[MoveEdit, ...] = ()
    aliases: tuple[KeptAlias, ...] = ()
    manual: tuple[ManualEdit, ...] = ()
    dry_run: bool = False

    @property
    def moves(self) -> dict[str, str]:
        """From each old path to the new one."""
        return {file.old: file.new for file in self.files}

    @property
    def changed_files(self) -> tuple[str, ...]:
        """The old paths of the files with edits, sorted."""
        return tuple(sorted({edit.place.path for edit in self.edits}))

    @shown
    def next(self) -> str | None:
        """The command that stages the move; null if nothing was written.

        For many files it names their folders.
        """
        if self.dry_run:
            return None
        paths = {file.new for file in self.files}
        paths |= {file.old for file in self.files if file.tracked}
        moves = self.moves
        paths |= {moves.get(path, path) for path in self.changed_files}
        if len(paths) > _MOST_NAMED_PATHS:
            paths = {path.rpartition("/")[0] or path for path in paths}
        if len(paths) > _MOST_NAMED_PATHS:
            paths = {path.partition("/")[0] for path in paths}
        return shlex.join(["git", "add", "--all", "--", *sorted(paths)])
