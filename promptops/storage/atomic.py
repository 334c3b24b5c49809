"""Atomic file writes: a file is replaced as a whole, or stays as it was."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

PART = ".part"
"""How the name of a temporary file of a cache ends, so that an abandoned one can be recognised."""

_CREATE = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def replace_whole(file: Path, data: bytes, temporary: Path) -> None:
    """Replace a file and its entry in the folder on disk; its permissions stay as they were.

    `temporary` is in the same folder, and a file of that name is lost. Raises OSError.
    """
    with suppress(FileNotFoundError):
        temporary.unlink()
    try:
        mode = stat.S_IMODE(os.lstat(file).st_mode)
    except FileNotFoundError:
        _put(file, data, temporary, 0o666, os.fsync)
    else:
        _put(file, data, temporary, mode, lambda number: _finish(number, mode))
    sync_folder(file.parent)


@contextmanager
def replaced_in_pieces(file: Path) -> Iterator[Callable[[bytes], None]]:
    """Replace a file with what is written in the block, at its end; an error leaves it as it was.

    A device or a pipe, such as `/dev/stdout`, is written to and not replaced. Raises OSError.
    """
    if file.exists() and not file.is_file():
        with file.open("wb") as opened:
            yield partial(write_all, opened.fileno())
    else:
        with _new(file, part_of(file), 0o666, os.fsync) as write:
            yield write


def create_whole(file: Path, data: bytes, mode: int = 0o666) -> None:
    """Create a file that does not exist yet, with all of its content or not at all.

    Raises FileExistsError if it exists, OSError if it can't be written.
    """
    # The name is always the same, so that the next run replaces what a crash left.
    temporary = file.with_name(f".{file.name}.new")
    with suppress(FileNotFoundError):
        temporary.unlink()
    number = os.open(temporary, _CREATE, mode)
    try:
        try:
            write_all(number, data)
            os.fsync(number)
        finally:
            os.close(number)
        _put_in_place(temporary, file)
    finally:
        with suppress(OSError):
            temporary.unlink()


def _put_in_place(temporary: Path, file: Path) -> None:
    try:
        os.link(temporary, file)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(file):
            raise
        os.rename(temporary, file)


def check_replaceable(file: Path) -> None:
    """Raise the OSError that replacing a file would meet: no such folder, no permission."""
    temporary = part_of(file)
    os.close(os.open(temporary, _CREATE, 0o600))
    temporary.unlink()


def replace_private(file: Path, data: bytes) -> None:
    """Replace a file on disk; only this user may read and write it. Raises OSError."""
    _put(file, data, part_of(file), 0o600, os.fsync)


def keep(file: Path, data: bytes) -> None:
    """Replace a file of a cache, and create its folder; if that is not possible, do nothing.

    The data may be lost if the machine stops: waiting for the disk takes longer than the work that
    the cache saves.
    """
    with suppress(OSError, ValueError):
        file.parent.mkdir(parents=True, exist_ok=True)
        _put(file, data, part_of(file), 0o666, lambda _number: None)


def part_of(path: Path) -> Path:
    """A temporary name in the same folder that no other process and thread uses."""
    return path.with_name(f"{path.name}.{os.getpid()}-{os.urandom(6).hex()}{PART}")


def write_all(number: int, data: bytes) -> None:
    """Write to an open file to the last byte; raises OSError where it does not fit."""
    while data:
        data = data[os.write(number, data) :]


def sync_folder(folder: Path) -> None:
    """Wait until added and removed entries of a folder are on disk."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _put(
    file: Path, data: bytes, temporary: Path, mode: int, finish: Callable[[int], None]
) -> None:
    with _new(file, temporary, mode, finish) as write:
        write(data)


@contextmanager
def _new(
    file: Path, temporary: Path, mode: int, finish: Callable[[int], None]
) -> Iterator[Callable[[bytes], None]]:
    number = os.open(temporary, _CREATE, mode)
    try:
        try:
            yield partial(write_all, number)
            finish(number)
        finally:
            os.close(number)
        os.replace(temporary, file)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _finish(number: int, mode: int) -> None:
    os.fchmod(number, mode)
    os.fsync(number)
