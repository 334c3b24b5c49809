"""Files on disk, read so that no link leads out of the work tree."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from promptops.errors import InputError
from promptops.model.tree import Entry
from promptops.repo.blobs import MAX_BYTES


class WorkTree:
    """The files below one root. A folder that is a link is no folder, as git sees it, too."""

    def __init__(self, root: Path, object_format: str) -> None:
        self._root = os.path.realpath(root)
        self._object_format = object_format
        self._unknown = "0" * (40 if object_format == "sha1" else 64)
        self._folders: dict[str, bool] = {}

    def read(self, path: str) -> bytes | None:
        """At most MAX_BYTES + 1 bytes; None where no regular file stands there.

        Raises:
            InputError: The file is there and can't be read.
        """
        file = self._open(path)
        if file is None:
            return None
        with file:
            return file.read(min(os.fstat(file.fileno()).st_size, MAX_BYTES) + 1)

    def entry(self, path: str, *, tracked: bool) -> Entry | None:
        """With the id that git would give the content, unfiltered; None where nothing stands there.

        A file is read to its end for this, however large it is. One that may not be read gets the
        id of zeros.
        """
        try:
            status = os.lstat(os.path.join(self._root, path))
        except OSError:
            return None
        if stat.S_ISLNK(status.st_mode):
            target = os.fsencode(os.readlink(os.path.join(self._root, path)))
            return Entry(path, self._hash(len(target), [target]), "symlink", tracked)
        try:
            file = self._open(path)
        except InputError:  # said again, and loudly, when somebody wants to read it
            return Entry(path, self._unknown, tracked=tracked)
        if file is None:
            return None
        with file:
            size = os.fstat(file.fileno()).st_size
            content = iter(lambda: file.read(1 << 20), b"")
            return Entry(path, self._hash(size, content), tracked=tracked)

    def holds(self, path: str) -> bool:
        """No folder on the way to it is a link, and none leads out; the file need not exist."""
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            whole = os.path.normpath(os.path.join(self._root, folder))
            below = f"{whole}{os.sep}".startswith(f"{self._root.rstrip(os.sep)}{os.sep}")
            self._folders[folder] = below and os.path.realpath(whole) == whole
        return self._folders[folder]

    def _open(self, path: str) -> BinaryIO | None:
        if not self.holds(path):
            return None
        try:
            # Without O_NONBLOCK a named pipe put in a file's place would hold us for ever.
            number = os.open(
                os.path.join(self._root, path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            )
        except PermissionError:
            raise InputError(
                f"{path!r} can't be read: permission denied", where=path, hint=f"chmod u+r {path!r}"
            ) from None
        except OSError:  # gone, or a link
            return None
        if stat.S_ISREG(os.fstat(number).st_mode):
            return os.fdopen(number, "rb")
        os.close(number)
        return None

    def _hash(self, size: int, chunks: Iterable[bytes]) -> str:
        import hashlib

        digest = hashlib.new(self._object_format, b"blob %d\0" % size, usedforsecurity=False)
        for chunk in chunks:
            digest.update(chunk)
        return digest.hexdigest()
