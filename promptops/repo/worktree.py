"""Files on disk as a tree: of a work tree, with the texts of an editor, or of any folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import InputError, os_reason
from promptops.records import replace
from promptops.repo.attributes import FILE, attribute_files, converted_on_disk
from promptops.repo.blobs import MAX_BYTES, Blobs
from promptops.repo.process import Git, records
from promptops.repo.tree import WORKTREE, Tree, TreeEntry, below, parse_index, read_blobs

if TYPE_CHECKING:
    import hashlib


_PIECE = 1 << 20
_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


class WorkTree:
    """The files below one root. As in git, a link to a folder is not a folder."""

    def __init__(self, root: Path, object_format: str) -> None:
        self._root = os.path.realpath(root)
        self._object_format = object_format
        self._unknown = "0" * (40 if object_format == "sha1" else 64)
        self._folders: dict[str, bool] = {}

    def read(self, path: str) -> bytes | None:
        """The content, at most MAX_BYTES + 1 bytes; None if it is not a regular file.

        Raises:
            InputError: The file exists and can't be read.
        """
        opened = self._open(path)
        if opened is None:
            return None
        number, size = opened
        try:
            return b"".join(_pieces(number, min(size, MAX_BYTES) + 1))
        finally:
            os.close(number)

    def entry(self, path: str, *, tracked: bool) -> TreeEntry | None:
        """The entry with the id that git would give the unfiltered content; None if missing.

        Reads the whole file, however large. A file without read permission gets an id of zeros.
        """
        try:
            opened = self._open(path)
        except InputError:  # the error is raised when the content is needed
            return TreeEntry(path, self._unknown, tracked=tracked)
        if opened is None:
            return self._link(path, tracked=tracked)
        number, size = opened
        try:
            return TreeEntry(path, self._hash(size, _pieces(number, size)), tracked=tracked)
        finally:
            os.close(number)

    def blob_id(self, content: bytes) -> str:
        """The id that git would give unfiltered bytes."""
        return blob_id(content, self._object_format)

    def _link(self, path: str, *, tracked: bool) -> TreeEntry | None:
        try:
            target = os.fsencode(os.readlink(os.path.join(self._root, path)))
        except OSError:
            return None
        return TreeEntry(path, self._hash(len(target), [target]), "symlink", tracked)

    def holds(self, path: str) -> bool:
        """Whether no parent folder is a link and the path stays inside; the file need not exist."""
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            whole = os.path.normpath(os.path.join(self._root, folder))
            below = f"{whole}{os.sep}".startswith(f"{self._root.rstrip(os.sep)}{os.sep}")
            self._folders[folder] = below and os.path.realpath(whole) == whole
        return self._folders[folder]

    def _open(self, path: str) -> tuple[int, int] | None:
        """A descriptor, to be closed by the caller, and the size in bytes; None for other files."""
        if not self.holds(path):
            return None
        try:
            # Without O_NONBLOCK, a named pipe in place of the file would block forever.
            number = os.open(f"{self._root}{os.sep}{path}", _READING)
        except PermissionError:
            raise InputError(
                f"{path!r} can't be read: permission denied", where=path, hint=f"chmod u+r {path!r}"
            ) from None
        except OSError:  # deleted, or a link
            return None
        status = os.fstat(number)
        if stat.S_ISREG(status.st_mode):
            return number, status.st_size
        os.close(number)
        return None

    def _hash(self, size: int, chunks: Iterable[bytes]) -> str:
        digest = _digest(size, self._object_format)
        for chunk in chunks:
            digest.update(chunk)
        return digest.hexdigest()


def _pieces(number: int, size: int) -> Iterator[bytes]:
    """Up to `size` bytes of an open file."""
    while size > 0 and (piece := os.read(number, min(size, _PIECE))):
        size -= len(piece)
        yield piece


def blob_id(content: bytes, object_format: str) -> str:
    """The blob id of bytes in a repository with sha1 or sha256."""
    digest = _digest(len(content), object_format)
    digest.update(content)
    return digest.hexdigest()


def _digest(size: int, object_format: str) -> hashlib._Hash:
    import hashlib

    return hashlib.new(object_format, b"blob %d\0" % size, usedforsecurity=False)


# The work tree as a tree: listed by git, with the blob ids of the bytes on disk.

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


# The work tree with texts that an editor has not saved; entries change in place.


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
        self._outdated: set[str] = set()
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

    def unsaved(self) -> dict[str, bytes]:
        """The files with an unsaved content, by path."""
        return dict(self._texts)

    def put(self, path: str, text: bytes | None) -> bool:
        """Give a file an unsaved content, or None for the content on disk.

        Returns whether it may have another content than when it was read. A file that exists
        neither in `listed` nor on disk has an entry as long as it has a text.

        Raises InputError for a file on disk that can't be read.
        """
        if text is None:
            self._texts.pop(path, None)
        else:
            self._texts[path] = text
        was_outdated = path in self._outdated
        self._outdated.discard(path)
        return self._enter(path, self._entry(path)) or was_outdated

    def refresh(self) -> frozenset[str]:
        """List the work tree anew; returns the paths that may have another content than when read.

        Raises GitError: git failed.
        """
        self._below = self._list(self._under)
        new = dict(self._below.entries)
        new |= {path: self._unsaved(path, new.get(path)) for path in self._texts}
        changed = {
            path for path in self.entries.keys() | new.keys() if self._enter(path, new.get(path))
        }
        outdated, self._outdated = self._outdated, set()
        return frozenset(changed | outdated)

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        """Contents by path, as `Tree.read`."""
        wanted = [path for path in paths if path in self.entries]
        found = {path: self._texts[path] for path in wanted if path in self._texts}
        rest = [path for path in wanted if path not in found]
        listed = self._below.read(path for path in rest if path in self._below.entries)
        new = ((path, self._disk.read(path)) for path in rest if path not in listed)
        on_disk = listed | {path: data for path, data in new if data is not None}
        self._outdated.update(path for path in rest if self._differs(path, on_disk.get(path)))
        return found | on_disk

    def _differs(self, path: str, content: bytes | None) -> bool:
        """Whether a file is not as it was listed: it was replaced meanwhile, or is being replaced.

        If it becomes what it was, its entry stays the same, and what was read has to be forgotten.
        """
        entry = self.entries[path]
        if content is None:
            return entry.kind == "file"
        return len(content) <= MAX_BYTES and self._disk.blob_id(content) != entry.blob

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


# Lists a folder outside of git, such as an export, as git would list it.

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
