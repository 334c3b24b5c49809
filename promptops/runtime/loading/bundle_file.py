"""A single bundle in a file, gzipped or not."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from typing import TYPE_CHECKING

from promptops.errors import IntegrityError, NotFound, TransportError, os_reason
from promptops.runtime.bundle.format import MAX_BYTES, Contents
from promptops.runtime.loading.source import (
    Delivery,
    Listed,
    Pointer,
    checked,
    no_repository,
    version_in,
)

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.runtime.loading.trust import Trust


_PACKED = b"\x1f\x8b"


class BundleFile:
    """A source with a single release; the file is read again for each request."""

    remote = False

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.where = os.fspath(path)
        self._read: tuple[bytes, Contents | None] = (b"", None)

    def releases(self, until: float) -> Mapping[str, Listed]:
        contents = self._checked(self._data())
        name = contents.origin.release
        version = version_in(name) if name is not None else None
        listed = Listed(release=name, version=version, digest=contents.digest)
        return {name or contents.origin.commit: listed}

    def channel(self, name: str, until: float) -> Pointer | None:
        return None

    def channels(self, until: float) -> None:
        return None

    def bundle(self, listed: Listed, trust: Trust | None, until: float) -> Delivery:
        data = self._data()
        signature = None
        if trust is not None:
            from promptops.runtime.loading.trust import MAX_SIGNATURE_BYTES, Signed, verify

            signature = read_file(f"{self.where}.sig", MAX_SIGNATURE_BYTES)
            verify(Signed(data=data, signature=signature, where=self.where), trust, until)
        return Delivery(contents=self._checked(data), proof=signature)

    def prove(self, kept: Delivery, trust: Trust, until: float) -> None:
        from promptops.runtime.loading.trust import Signed, verify

        signed = Signed(data=kept.contents.data, signature=kept.proof, where=self.where)
        verify(signed, trust, until)

    def revision(self, revision: str, until: float) -> Contents:
        raise no_repository(self.where)

    def _checked(self, data: bytes) -> Contents:
        """Cached, because comparing the bytes takes a tenth of the time of checking the digest."""
        before, found = self._read
        if found is None or before != data:
            found = checked(unpacked(data, self.where), self.where)
            self._read = data, found
        return found

    def _data(self) -> bytes:
        data = read_file(self.where, MAX_BYTES)
        if data is None:
            raise NotFound("there is no such file", where=self.where)
        return data


def read_file(path: str | os.PathLike[str], largest: int) -> bytes | None:
    """The bytes of a regular file; None if there is no file.

    Raises TransportError if it can't be read, IntegrityError if it is larger than `largest` bytes.
    """
    try:
        data = read_regular(path, largest)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        hint = "check the permissions of the file and of its folders"
        message = f"the file can't be read: {os_reason(error)}"
        raise TransportError(message, where=os.fspath(path), hint=hint) from None
    if len(data) > largest:
        hint = "check the path: this is not a file that `promptops build` writes"
        message = f"the file has more than {largest:,} bytes"
        raise IntegrityError(message, where=os.fspath(path), hint=hint)
    return data


def unpacked(data: bytes, where: str) -> bytes:
    """Gzipped data unpacked, other data unchanged. Raises IntegrityError."""
    if not data.startswith(_PACKED):
        return data
    import zlib

    from promptops.runtime.bundle.format import most_unpacked

    unpack = zlib.decompressobj(wbits=31)
    most = most_unpacked(len(data), MAX_BYTES)
    try:
        plain = unpack.decompress(data, most + 1)
    except zlib.error:
        plain = b""
    if len(plain) > most:
        hint = "build it again without `.gz`"
        raise IntegrityError(
            f"the file unpacks to more than {most >> 20} MB", where=where, hint=hint
        )
    if not unpack.eof or unpack.unused_data:
        hint = "copy or download it again, or build it again"
        raise IntegrityError("the gzip data is damaged or cut off", where=where, hint=hint)
    return plain


# Files and folders that no other user of the machine can write to.
#
# On Windows, owners and modes are not checked: folders below a user's profile are private there.

_READ = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # opening a pipe without a writer must not block
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_ROOT = 0


def why_not_private(folder: Path) -> str | None:
    """Why another user can change a folder's content; None if no one can, or if it does not exist.

    A link to a folder counts as that folder. Root can change everything and does not count.
    """
    try:
        status = folder.stat()
    except (OSError, ValueError):
        return None
    if not stat.S_ISDIR(status.st_mode):
        return "it is not a folder"
    if not _has_trusted_owner(status):
        return "it belongs to another user"
    return "other users can write to it" if _others_write(status) else None


def make_private_folder(folder: Path) -> None:
    """Create a folder and its missing parents, accessible to this user only.

    Raises OSError if that is not possible, or if another user can change the folder.
    """
    for part in reversed((folder, *folder.parents)):
        if not part.is_dir():
            part.mkdir(mode=0o700, exist_ok=True)
    reason = why_not_private(folder)
    if reason is not None:
        raise PermissionError(reason)


def read_private(file: Path, largest: int) -> bytes | None:
    """The bytes of a regular file that only this user and root can write to.

    None for everything else (a link, a pipe, a file of another user, a missing one), and for a file
    of more than `largest` bytes. Never waits for another process.
    """
    try:
        number = os.open(file, _READ)
        with os.fdopen(number, "rb") as opened:
            status = os.fstat(number)
            if not stat.S_ISREG(status.st_mode) or not _is_private(status):
                return None
            data = opened.read(largest + 1)
    except (OSError, ValueError):
        return None
    return data if len(data) <= largest else None


def read_regular(file: str | os.PathLike[str], largest: int) -> bytes:
    """Up to `largest` + 1 bytes of a regular file of any owner; links are followed.

    Raises OSError if it can't be read, or is not a regular file. Never waits for another process.
    """
    number = os.open(file, _READ & ~getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(number, "rb") as opened:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        return opened.read(largest + 1)


def _is_private(status: os.stat_result) -> bool:
    return _has_trusted_owner(status) and not _others_write(status)


def _has_trusted_owner(status: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or status.st_uid in (os.geteuid(), _ROOT)


def _others_write(status: os.stat_result) -> bool:
    return hasattr(os, "geteuid") and bool(status.st_mode & _OTHERS_WRITE)
