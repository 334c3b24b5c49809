"""The files of a revision as texts, each read once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Protocol

from promptops.model.place import Text, plain_text
from promptops.model.tree import TreeEntry
from promptops.repo.listing import holding
from promptops.source.document import MAX_BYTES
from promptops.source.recording_files import INSIDE, by_first
from promptops.source.references import definition_name


class FileTree(Protocol):
    """The files of a revision; `repo.tree.Tree` implements it, and so does a directory."""

    @property
    def revision(self) -> str: ...

    @property
    def entries(self) -> Mapping[str, TreeEntry]: ...

    def read(self, paths: Iterable[str]) -> dict[str, bytes]: ...


class Files:
    """The content of a tree, decoded on first use.

    Attributes:
        tree: Where the files are.
        entries: All files, by path.
    """

    def __init__(self, tree: FileTree) -> None:
        self.tree = tree
        self._bytes: dict[str, bytes] = {}
        self._texts: dict[str, Text | None] = {}
        self.entries = tree.entries

    def prefetch(self, paths: Iterable[str]) -> None:
        """Read many files in one request, before they are needed."""
        wanted = [path for path in paths if path not in self._bytes and self.is_file(path)]
        if wanted:
            self._bytes.update(self.tree.read(wanted))

    def is_file(self, path: str) -> bool:
        """Whether a path is a plain file of the tree: no link, no submodule, no conflict."""
        entry = self.entries.get(path)
        return entry is not None and entry.kind == "file"

    def is_unmerged(self, path: str) -> bool:
        """Whether a file has an unresolved merge in git's index."""
        entry = self.entries.get(path)
        return entry is not None and entry.kind == "unmerged"

    def defines(self, name: str) -> bool:
        """Whether a name under `$defs` of a resolved schema is the name of a file."""
        return name in self._definitions or name.rstrip("_") in self._definitions

    @cached_property
    def _definitions(self) -> frozenset[str]:
        return frozenset(map(definition_name, self.entries))

    def recordings(self, first: str) -> tuple[str, ...]:
        """The existing recording files whose first one is `first`, in order.

        Links and unmerged files are included.
        """
        return self._recordings.get(first, ())

    @cached_property
    def _recordings(self) -> Mapping[str, tuple[str, ...]]:
        return by_first(holding(self.entries, INSIDE))

    def data(self, path: str) -> bytes | None:
        """The bytes of a plain file, or None."""
        self.prefetch((path,))
        return self._bytes.get(path)

    def text(self, path: str) -> Text | None:
        """A plain file as text, newlines as LF; None if it is missing, not UTF-8, or over 1 MB."""
        if path not in self._texts:
            self._texts[path] = _decoded(path, self.data(path))
        return self._texts[path]

    def blob(self, path: str) -> str | None:
        """Git's id of a file's content, or None."""
        entry = self.entries.get(path)
        return entry.blob if entry is not None else None


def _decoded(path: str, data: bytes | None) -> Text | None:
    if data is None or len(data) > MAX_BYTES:
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return plain_text(path, text)
