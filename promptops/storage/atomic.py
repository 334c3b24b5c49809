"""Cache files in git's directory: they may be deleted, and are written atomically."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def keep(file: Path, data: bytes) -> None:
    """Write a file atomically; a directory that can't be written is not an error."""
    temporary = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        temporary.replace(file)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def forget_all_but_newest(folder: Path, pattern: str, count: int) -> None:
    """Remove the files of a kind that were written longest ago."""
    with suppress(OSError):
        files = sorted(folder.glob(pattern), key=lambda file: file.stat().st_mtime)
        for file in files[:-count]:
            file.unlink(missing_ok=True)
