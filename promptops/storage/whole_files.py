"""Atomic file writes."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path


def write_all(number: int, data: bytes) -> None:
    """Write all bytes to an open file; raises OSError if the disk is full."""
    while data:
        data = data[os.write(number, data) :]


def replace_whole(file: Path, data: bytes, temporary: Path) -> None:
    """Replace a file atomically and durably, with its permissions unchanged.

    `temporary` must be on the same file system; an existing file there is overwritten. Raises
    OSError.
    """
    with suppress(FileNotFoundError):
        temporary.unlink()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    number = os.open(temporary, flags, 0o666)
    try:
        with suppress(FileNotFoundError):
            os.fchmod(number, stat.S_IMODE(os.lstat(file).st_mode))
        write_all(number, data)
        os.fsync(number)
        os.replace(temporary, file)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    finally:
        os.close(number)
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Make added and removed files of a folder durable."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(number)
    finally:
        os.close(number)
