"""The staged changes at the start of a hook, read with one run of git."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from promptops.model.tree import Changed
from promptops.records import record
from promptops.repo.blobs import Blobs
from promptops.repo.process import Git, records
from promptops.repo.tree import kind_of

RAW = ("--raw", "-z", "--no-renames", "--no-abbrev", "--no-ext-diff", "--ignore-submodules=dirty")


@record(frozen=True, slots=True, kw_only=True)
class Staged:
    """Git's results about the index of the repository around a directory.

    Attributes:
        directory: The absolute path where git ran.
        changes: The index compared with HEAD: output of `git diff --cached` with `RAW`.
        contents: The index contents of some paths; for a link, its target. None for a missing path,
            or a conflict.
        blobs: Reads contents; its process is still running.
    """

    directory: Path
    changes: bytes
    contents: Mapping[str, bytes | None]
    blobs: Blobs

    @property
    def paths(self) -> list[str]:
        """The paths that differ from HEAD."""
        return changed_paths(self.changes)


def staged_in(git: Git, paths: tuple[str, ...]) -> Staged | None:
    """The staged changes, with the index contents of some paths; None without changes.

    Raises GitError if git fails.
    """
    changes = git.run("diff", "--cached", *RAW, "--no-relative", "--")
    if not changes:
        return None
    blobs = Blobs(git)
    contents = blobs.in_index(paths)
    return Staged(directory=git.directory, changes=changes, contents=contents, blobs=blobs)


def changed_paths(changes: bytes) -> list[str]:
    """The paths in git's output with `RAW`."""
    return records(changes)[1::2]


def parse_changes(lines: Sequence[str], conflicts: Mapping[str, str]) -> tuple[Changed, ...]:
    """Parse git's output with `RAW`: `:MODE MODE ID ID STATUS` and path, in turn.

    Args:
        conflicts: The blob by path for files with a merge conflict.
    """
    changes = (
        _change(facts[1:].split(" "), path, conflicts)
        for facts, path in zip(lines[::2], lines[1::2], strict=True)
    )
    return tuple(sorted((each for each in changes if each), key=lambda change: change.path))


def _change(facts: list[str], path: str, conflicts: Mapping[str, str]) -> Changed | None:
    mode, new_mode, before, after, _ = facts
    if before == after and kind_of(mode) == kind_of(new_mode) and path not in conflicts:
        return None  # only the permissions differ
    return Changed(path, _blob_or_none(before), conflicts.get(path, _blob_or_none(after)))


def _blob_or_none(blob: str) -> str | None:
    return blob if blob.strip("0") else None
