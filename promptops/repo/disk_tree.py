"""The work tree as a tree: listed by git, with the blob ids of the bytes on disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from promptops.model.tree import TreeEntry
from promptops.records import replace
from promptops.repo.attributes import FILE, attribute_files, converted_on_disk
from promptops.repo.blobs import MAX_BYTES, Blobs
from promptops.repo.process import Git, records
from promptops.repo.tree import WORKTREE, Tree, parse_index, read_blobs
from promptops.repo.worktree import WorkTree, blob_id

_CAREFUL = ("-c", "core.trustctime=true", "-c", "core.checkStat=default")
"""In nanoseconds: files changed this recently are read, since git may miss the edit."""
_HASHED = ("file", "symlink")
_SHOWN = ("--stage", "--cached", "--modified", "--deleted", "--others", "--exclude-standard")


class DiskTree(Tree):
    """The files on disk, including untracked ones that are not ignored.

    A file outside a sparse checkout counts as unchanged and is read from its blob.
    """

    def __init__(
        self,
        git: Git,
        common_dir: Path,
        blobs: Blobs,
        object_format: str,
        under: tuple[str, ...] = (),
    ) -> None:
        super().__init__(WORKTREE, self._verified, self._contents)
        self._git = git
        self._common_dir = common_dir
        self._blobs = blobs
        self._object_format = object_format
        self._under = under
        self._sparse: set[str] = set()
        self._hashed: set[str] = set()
        self._attribute_files: list[str] = []

    @cached_property
    def listed(self) -> Mapping[str, TreeEntry]:
        """The files with git's ids: where a filter applies, of the bytes before the filter."""
        above = attribute_files(self._under) if self._under else ()
        paths = (*self._under, *above)
        output = self._git.run(*_CAREFUL, "ls-files", "-z", "-v", *_SHOWN, "--", *paths)
        lines = records(output)
        self._attribute_files = [line for line in lines if line.endswith(FILE)]
        found = self._parsed(lines)
        for path in above:
            if not any(f"{path}/".startswith(f"{folder}/") for folder in self._under):
                found.pop(path, None)
        return found

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        found = (self.listed.get(path) for path in paths)
        return self._contents([entry for entry in found if entry and entry.kind == "file"])

    def _verified(self) -> dict[str, TreeEntry]:
        """The files with the ids of the bytes on disk; reads as few files as possible."""
        entries = dict(self.listed)
        known = self._sparse | self._hashed
        files = [e.path for e in entries.values() if e.kind == "file" and e.path not in known]
        disk = self._disk()
        for path in self._converted(files):
            _put(entries, path, disk.entry(path, tracked=True))
        return entries

    def _converted(self, files: list[str]) -> frozenset[str]:
        if not files:
            return frozenset()
        return converted_on_disk(self._git, self._common_dir, files, self._attribute_files)

    def _contents(self, wanted: Iterable[TreeEntry]) -> dict[str, bytes]:
        wanted = list(wanted)
        disk = self._disk()  # anew: a folder may be a link by now
        contents = read_blobs(self._blobs, (e for e in wanted if e.path in self._sparse))
        for entry in wanted:
            if entry.path not in self._sparse and (content := disk.read(entry.path)) is not None:
                contents[entry.path] = content
                self._correct(entry.path, content)
        return contents

    def _correct(self, path: str, content: bytes) -> None:
        """Read the content and update the id of its entry: the file may have changed meanwhile."""
        entries = self.__dict__.get("entries")
        if entries is None or path not in entries or len(content) > MAX_BYTES:
            return
        blob = blob_id(content, self._object_format)
        if entries[path].blob != blob:
            entries[path] = replace(entries[path], blob=blob)

    def _disk(self) -> WorkTree:
        return WorkTree(self._git.directory, self._object_format)

    def _parsed(self, lines: list[str]) -> dict[str, TreeEntry]:
        """Parse `TAG PATH` and `TAG MODE ID STAGE<tab>PATH`; a path can occur several times.

        A tag in lower case marks a file whose changes git ignores by configuration.
        """
        disk = self._disk()
        indexed = [line for line in lines if line[0] in "HhSsMm"]
        entries = parse_index(line[2:] for line in indexed)
        self._sparse.update(line.partition("\t")[2] for line in indexed if line[0] in "Ss")
        for line in lines:
            path = line[2:] if line[0] == "?" else line.partition("\t")[2]
            if line[0] == "?":
                self._hash(entries, disk, path, tracked=False)
            elif line[0] in "CcRrh" and path in entries and entries[path].kind in _HASHED:
                self._hash(entries, disk, path, tracked=True)
        return {path: entry for path, entry in entries.items() if disk.holds(path)}

    def _hash(
        self, entries: dict[str, TreeEntry], disk: WorkTree, path: str, *, tracked: bool
    ) -> None:
        self._hashed.add(path)
        _put(entries, path, disk.entry(path, tracked=tracked))


def _put(entries: dict[str, TreeEntry], path: str, entry: TreeEntry | None) -> None:
    if entry:
        entries[path] = entry
    else:
        entries.pop(path, None)
