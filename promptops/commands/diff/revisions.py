"""What can be compared by name: a commit, a directory, or two of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NoReturn

from promptops.errors import GitError, UsageError
from promptops.records import record
from promptops.repo.repository import Repository
from promptops.repo.revisions import NamedCommit

CAN_BE_NAMED = "name a revision, or a directory with a `/` in it"
MAX_DOTS = 100
"""At most this many dots are tried as a range, because an argument may be 128 KiB of dots."""


@record(frozen=True, slots=True)
class Folder:
    """A directory, and how it was written."""

    name: str
    path: Path


Named = NamedCommit | Folder


@record(frozen=True, slots=True)
class RevisionRange:
    """Two sides; None for one that was not given. A bare commit id is shortened in its name.

    Attributes:
        parted: `...` was written: compare from the merge base.
    """

    base: Named | None = None
    head: Named | None = None
    parted: bool = False


@record(frozen=True, slots=True)
class RevisionNames:
    """Resolves names in a directory.

    Attributes:
        found: The repository around the directory, or None.
        refusal: The error that explains why it is missing.
    """

    directory: Path
    found: Repository | None
    refusal: GitError | None = None

    @property
    def repository(self) -> Repository:
        """The repository; raises GitError without one."""
        if self.found is None:
            assert self.refusal is not None
            raise self.refusal
        return self.found

    def range(self, written: str) -> RevisionRange:
        """The revisions of `A..B` or `A...B`, or a base alone.

        Raises:
            GitError: A revision is unknown, ambiguous, or not a commit.
            UsageError: It names a file, a directory that is not there, or two things at once.
        """
        found = self.find_range(written)
        if found is None:
            self._refuse_range(written)
        return found

    def find_range(self, written: str) -> RevisionRange | None:
        """Like `range`, but None if it names nothing; the first of several ways to split it."""
        alone = self._folder(written) if ".." in written else self.find(written)
        if alone:
            return RevisionRange(alone)
        for base, dots, head in _splits(written):
            before, after = self._half(base), self._half(head)
            parted = dots == "..."
            if before and after and not (parted and (_is_folder(before) or _is_folder(after))):
                return RevisionRange(before if base else None, after if head else None, parted)
        return None

    def find(self, name: str) -> Named | None:
        """A commit or a directory, or None if there is neither.

        Raises:
            GitError: It is ambiguous, or not a commit.
            UsageError: It is both.
        """
        folder = self._folder(name)
        if _is_path(name) or self.found is None:
            return folder
        commit = self.found.find(name)
        if folder and commit:
            message = f"`{name}` is both a revision and a directory"
            hint = f"write `./{name}` for the directory, or the whole name of the ref"
            raise UsageError(message, hint=hint)
        return NamedCommit(_shortened(name, commit), commit) if commit else folder

    def _folder(self, name: str) -> Folder | None:
        """A directory written with a slash: without one it is a ref or an id."""
        path = self.directory / name
        written_so = "/" in name or name in (".", "..")
        return Folder(name, path) if written_so and os.path.isdir(path) else None

    def _half(self, name: str) -> Named | None:
        """One side of a range; an empty one is HEAD, which the caller looks up."""
        if not name:
            return NamedCommit("HEAD", "")
        # No ref contains two dots; many of them must not start as many processes.
        return self._folder(name) if ".." in name else self.find(name)

    def _refuse_range(self, written: str) -> NoReturn:
        """Raise the error for the invalid half of a range."""
        splits = [split for split in _splits(written) if split[0] or not split[2].startswith("/")]
        for base, dots, head in splits:
            before = self._half(base) if base else None
            if before and not (dots == "..." and (_is_folder(before) or _is_path(head))):
                self._refuse(head)
        for base, _, head in splits:
            if base and head and self._half(head):
                self._refuse(base)
        base, _, head = splits[0] if splits else (written, "", "")
        self._refuse(base or head)

    def _refuse(self, name: str) -> NoReturn:
        if self._folder(name):
            message = f"`...` compares commits only, and `{name}` is a directory"
            raise UsageError(message, hint="write `..`")
        if os.path.isfile(self.directory / name):
            raise UsageError(f"`{name}` is a file", hint=CAN_BE_NAMED)
        if _is_path(name):
            raise UsageError(f"there is no directory `{name}`", hint=CAN_BE_NAMED)
        commit = self.repository.resolve(name)
        message = f"`{name}` could also be a range"
        raise UsageError(message, hint=f"write the commit's id: {commit[:12]}")


@contextmanager
def open_names(directory: Path) -> Iterator[RevisionNames]:
    """The resolver for a directory, which need not be in a repository."""
    try:
        repository = Repository.open(directory)
    except GitError as error:
        yield RevisionNames(directory, None, error)
        return
    with repository:
        yield RevisionNames(directory, repository)


def _splits(written: str) -> Iterator[tuple[str, str, str]]:
    """Each way to split a range: the part before the dots, the dots, the part after them."""
    for found in islice(re.finditer(r"(?=(\.{2,3}))", written), MAX_DOTS):
        for dots in ("...", ".."):
            if found[1].startswith(dots):
                yield written[: found.start()], dots, written[found.start() + len(dots) :]


def _is_folder(named: Named) -> bool:
    return isinstance(named, Folder)


def _is_path(name: str) -> bool:
    """Whether it is written as a path and can't be anything else."""
    return name in (".", "..") or name.startswith(("/", "./", "../"))


def _shortened(name: str, commit: str) -> str:
    """The name, shortened to 12 digits if it is the commit's id."""
    return name[:12] if commit.startswith(name.lower()) else name
