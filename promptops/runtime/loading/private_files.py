"""Files and folders that no other user of the machine can write to.

On Windows, owners and modes are not checked: folders below a user's profile are private there.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

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
