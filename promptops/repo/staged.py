"""The staged changes as a hook first found them: git runs once for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from promptops.records import record
from promptops.repo.blobs import Blobs
from promptops.repo.process import Git, records

RAW = ("--raw", "-z", "--no-renames", "--no-abbrev", "--no-ext-diff", "--ignore-submodules=dirty")


@record(frozen=True, slots=True, kw_only=True)
class Staged:
    """Results of git about the index of the repository around a directory.

    Attributes:
        directory: Where git was run, absolute.
        changes: The index compared with HEAD: `git diff --cached` with `RAW`.
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
        """Of what differs from HEAD."""
        return changed_paths(self.changes)


def staged_in(git: Git, paths: tuple[str, ...]) -> Staged | None:
    """What the index has that HEAD lacks, with the contents of some paths; None for nothing.

    Raises GitError where git refuses.
    """
    changes = git.run("diff", "--cached", *RAW, "--no-relative", "--")
    if not changes:
        return None
    blobs = Blobs(git)
    contents = blobs.in_index(paths)
    return Staged(directory=git.directory, changes=changes, contents=contents, blobs=blobs)


def changed_paths(changes: bytes) -> list[str]:
    """The paths in what git writes with `RAW`."""
    return records(changes)[1::2]
