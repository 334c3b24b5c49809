"""The work tree with texts that an editor has not saved; entries change in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from promptops.model.tree import TreeEntry
from promptops.repo.tree import WORKTREE, Tree
from promptops.repo.worktree import WorkTree


class LiveTree:
    """The files on disk, some with another content.

    Attributes:
        entries: Entries by path. The object stays the same when files change.
    """

    revision = WORKTREE

    def __init__(
        self, listed: Callable[[Sequence[str]], Tree], disk: WorkTree, under: Sequence[str]
    ) -> None:
        """`listed` lists the work tree below some paths anew; `disk` reads single files of it."""
        self._list = listed
        self._disk = disk
        self._under = tuple(under)
        self._texts: dict[str, bytes] = {}
        self._below = listed(under)
        self.entries: dict[str, TreeEntry] = dict(self._below.entries)

    def list_below(self, paths: Sequence[str]) -> None:
        """List what is below other paths; GitError if git fails."""
        if self._under != tuple(paths):
            self._under = tuple(paths)
            self.refresh()

    def text(self, path: str) -> bytes | None:
        """The unsaved content of a file; None if its content is the one on disk."""
        return self._texts.get(path)

    def put(self, path: str, text: bytes | None) -> bool:
        """Give a file an unsaved content, or None for the content on disk.

        Returns whether its entry changed. A file that exists neither in `listed` nor on disk has
        an entry as long as it has a text.

        Raises InputError for a file on disk that can't be read.
        """
        if text is None:
            self._texts.pop(path, None)
        else:
            self._texts[path] = text
        return self._enter(path, self._entry(path))

    def refresh(self) -> frozenset[str]:
        """List the work tree anew; returns the paths whose entry changed.

        Raises GitError: git failed.
        """
        self._below = self._list(self._under)
        new = dict(self._below.entries)
        new |= {path: self._unsaved(path, new.get(path)) for path in self._texts}
        return frozenset(
            path for path in self.entries.keys() | new.keys() if self._enter(path, new.get(path))
        )

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        """Contents by path, as `Tree.read`."""
        wanted = [path for path in paths if path in self.entries]
        found = {path: self._texts[path] for path in wanted if path in self._texts}
        rest = [path for path in wanted if path not in found]
        listed = self._below.read(path for path in rest if path in self._below.entries)
        new = ((path, self._disk.read(path)) for path in rest if path not in listed)
        return found | listed | {path: data for path, data in new if data is not None}

    def _entry(self, path: str) -> TreeEntry | None:
        before = self.entries.get(path)
        if path in self._texts:
            return self._unsaved(path, before)
        return self._disk.entry(path, tracked=before is not None and before.tracked)

    def _unsaved(self, path: str, before: TreeEntry | None) -> TreeEntry:
        blob = self._disk.blob_id(self._texts[path])
        return TreeEntry(path, blob, tracked=before is not None and before.tracked)

    def _enter(self, path: str, entry: TreeEntry | None) -> bool:
        if self.entries.get(path) == entry:
            return False
        if entry is None:
            del self.entries[path]
        else:
            self.entries[path] = entry
        return True
