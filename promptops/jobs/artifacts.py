"""Files that others load: put in place whole, packed the same way everywhere."""

from __future__ import annotations

import os
import stat
import zlib
from pathlib import Path

from promptops.errors import InputError
from promptops.jobs.recordings.whole import replace_whole

_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
"""Of gzip: no name, no time, no system; Python's own differs between its versions."""


def packed(data: bytes) -> bytes:
    """For gunzip; of one version of zlib always the same bytes."""
    pack = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    tail = zlib.crc32(data).to_bytes(4, "little") + (len(data) & 0xFFFFFFFF).to_bytes(4, "little")
    return _HEADER + pack.compress(data) + pack.flush() + tail


def put(file: Path, data: bytes) -> None:
    """Write a file whole, or leave what stands there; raises InputError.

    What is no file, such as a pipe, is written to.
    """
    try:
        if _is_special(file):
            file.write_bytes(data)
        else:
            target = file.resolve()
            replace_whole(target, data, target.with_name(f".{target.name}.{os.getpid()}"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"can't be written: {reason}", where=str(file)) from None


def put_new(file: Path, data: bytes) -> bool:
    """Write a file where none is; False where it is there already, with the same content.

    Raises InputError where it holds something else: what was published never changes.
    """
    try:
        found = file.read_bytes() if os.path.lexists(file) else None
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"can't be read: {reason}", where=str(file)) from None
    if found is None:
        put(file, data)
    elif found != data:
        hint = "what was published never changes: make another release"
        raise InputError("another content stands there already", where=str(file), hint=hint)
    return found is None


def _is_special(file: Path) -> bool:
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
