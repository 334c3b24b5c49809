"""The files of one revision, by name and content id."""

from __future__ import annotations

from typing import Literal

from promptops.records import record

Kind = Literal["file", "symlink", "submodule", "unmerged"]


@record(frozen=True, slots=True)
class TreeEntry:
    """One file of a tree.

    Attributes:
        path: Relative to the repository root, forward slashes.
        blob: Git's object id of the content; equal ids are equal content.
        kind: Only a `file` is ever read.
        tracked: In git's index; false only for untracked files of the work tree.
    """

    path: str
    blob: str
    kind: Kind = "file"
    tracked: bool = True


@record(frozen=True, slots=True)
class Changed:
    """One path that differs between two trees; a blob is None where the side lacks the path."""

    path: str
    before: str | None
    after: str | None
