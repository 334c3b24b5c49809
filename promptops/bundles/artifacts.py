"""Files that applications load: written atomically, compressed to the same bytes everywhere."""

from __future__ import annotations

import errno
import os
import stat
import zlib
from contextlib import suppress
from pathlib import Path

from promptops.errors import InputError, os_reason
from promptops.patterns import lazy_pattern
from promptops.storage.atomic import replace_whole

_LEFTOVER = lazy_pattern(r"\..+\.(?:json|jsonl|jsonl\.sig)\.\d+")
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
"""A gzip header without name, time and system; Python's own header differs between versions."""


def gzipped(data: bytes) -> bytes:
    """The data in gzip format; one version of zlib always gives the same bytes."""
    pack = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    tail = zlib.crc32(data).to_bytes(4, "little") + (len(data) & 0xFFFFFFFF).to_bytes(4, "little")
    return _HEADER + pack.compress(data) + pack.flush() + tail


def write_artifact(file: Path, data: bytes, aside: Path | None = None) -> None:
    """Write a file atomically, or leave the existing one; raises InputError.

    A target that is not a regular file, such as a pipe, is written to directly.

    Args:
        aside: A folder for the temporary file, if it lies on the same file system; else, and by
            default, that file is beside the target, and stays there if this process is killed.
    """
    try:
        if _is_special(file):
            file.write_bytes(data)
        else:
            _replace(file.resolve(), data, aside)
    except OSError as error:
        raise InputError(f"can't be written: {os_reason(error)}", where=str(file)) from None


def write_new_artifact(file: Path, data: bytes, aside: Path | None = None) -> bool:
    """Write a new file; returns False if it exists already with the same content.

    `aside` is that of `write_artifact`. Raises InputError if the file has other content, because
    published files are immutable.
    """
    try:
        found = file.read_bytes() if os.path.lexists(file) else None
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"can't be read: {os_reason(error)}", where=str(file)) from None
    if found is None:
        write_artifact(file, data, aside)
    elif found != data:
        hint = "a published file can't be changed: create another release"
        raise InputError("a file with other content exists already", where=str(file), hint=hint)
    return found is None


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of killed processes, in a folder and below it."""
    for root, _, names in os.walk(folder):
        for name in filter(_LEFTOVER.fullmatch, names):
            with suppress(OSError):
                Path(root, name).unlink()


def _replace(target: Path, data: bytes, aside: Path | None) -> None:
    name = f".{target.name}.{os.getpid()}"
    if aside is not None and aside.stat().st_dev == target.parent.stat().st_dev:
        try:
            replace_whole(target, data, aside / name)
            return
        except OSError as error:
            if error.errno != errno.EXDEV:  # two mounts of one file system
                raise
    replace_whole(target, data, target.with_name(name))


def _is_special(file: Path) -> bool:
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
