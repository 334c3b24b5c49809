"""Reads files on disk without following links out of the work tree."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import InputError
from promptops.model.tree import TreeEntry
from promptops.repo.blobs import MAX_BYTES

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
