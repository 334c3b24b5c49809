"""Lists a folder outside of git, such as an export, as git would list it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from promptops.errors import InputError, os_reason
from promptops.model.tree import TreeEntry
from promptops.repo.tree import Tree, below
from promptops.repo.worktree import WorkTree

MAX_FILES = 200_000
MAX_HASHED = 1 << 30
"""In bytes; a larger file gets no id, because an endless one would never finish."""


def directory_tree(root: Path, under: Sequence[str], object_format: str = "sha1") -> Tree:
    """The files of a folder, at or below `under`, with the blob ids that git would give them.

    `.gitignore` has no effect, links are not followed, and a nested repository counts as a
    submodule with an unknown commit.

    Args:
        object_format: sha1 or sha256: the format of the ids to compare with.

    Raises:
        InputError: Raised while the tree is used: something can't be read, or is too large.
    """

    def entries() -> dict[str, TreeEntry]:
        listed = _Listing(root, object_format).entries(below(under) or ("",))
        return {entry.path: entry for entry in sorted(listed, key=lambda entry: entry.path)}

    def read(wanted: Iterable[TreeEntry]) -> dict[str, bytes]:
        disk = WorkTree(root, object_format)  # again: a folder may have become a link
        contents = ((entry.path, _content(root, disk, entry.path)) for entry in wanted)
        return {path: content for path, content in contents if content is not None}

    return Tree(str(root), entries, read)


def _content(root: Path, disk: WorkTree, path: str) -> bytes | None:
    try:
        return disk.read(path)
    except InputError as error:
        raise InputError(error.message, where=str(root / path), hint=error.hint) from None


class _Listing:
    def __init__(self, root: Path, object_format: str) -> None:
        self._root = str(root)
        self._disk = WorkTree(root, object_format)
        self._unknown = "0" * (40 if object_format == "sha1" else 64)
        self._seen: set[str] = set()

    def entries(self, under: Sequence[str]) -> Iterator[TreeEntry]:
        """Every file and link below `under`, each once; "" is the root itself."""
        folders: list[str] = []
        for path in under:
            if self._is_folder(path):
                folders.append(path)
            elif self._disk.holds(path):
                yield from self._entry(path)
        while folders:
            folder = folders.pop()
            if not self._is_new(folder):
                continue
            if folder and os.path.lexists(self._at(f"{folder}/.git")):
                yield TreeEntry(folder, self._unknown, "submodule")
            else:
                inside, files = self._scan(folder)
                folders += inside
                for path in files:
                    yield from self._entry(path)

    def _is_folder(self, path: str) -> bool:
        """Whether neither the path nor a parent folder is a link."""
        return self._disk.holds(f"{path}/") and os.path.isdir(self._at(path))

    def _scan(self, folder: str) -> tuple[list[str], list[str]]:
        """The folders and the other entries of a folder, without `.git`."""
        prefix = f"{folder}/" if folder else ""
        folders: list[str] = []
        others: list[str] = []
        try:
            with os.scandir(self._at(folder)) as found:
                for entry in islice(
                    found, MAX_FILES + 1
                ):  # the caller reports the first one above the limit
                    is_folder = entry.is_dir(follow_symlinks=False)
                    if entry.name != ".git":
                        (folders if is_folder else others).append(f"{prefix}{entry.name}")
        except OSError as error:
            where = self._at(folder)
            hint = f"chmod u+rx {where!r}" if isinstance(error, PermissionError) else None
            raise InputError(
                f"the folder can't be listed: {os_reason(error)}", where=where, hint=hint
            ) from None
        return folders, others

    def _entry(self, path: str) -> Iterator[TreeEntry]:
        """The entry of a file or a link; None for a pipe, a device or a missing file."""
        if not self._is_new(path):
            return
        try:
            size = os.lstat(self._at(path)).st_size
        except OSError:  # it does not exist, or no longer exists
            return
        if size > MAX_HASHED:
            message = f"a file of over {MAX_HASHED >> 20} MB, too large to be compared"
            raise InputError(message, where=self._at(path))
        if entry := self._disk.entry(path, tracked=True):
            yield entry

    def _at(self, path: str) -> str:
        return os.path.join(self._root, path)

    def _is_new(self, path: str) -> bool:
        if path in self._seen:
            return False
        self._seen.add(path)
        if len(self._seen) > MAX_FILES:
            message = f"over {MAX_FILES:,} files to compare"
            hint = "name a directory that contains only the files of a repository"
            raise InputError(message, where=self._root, hint=hint)
        return True
