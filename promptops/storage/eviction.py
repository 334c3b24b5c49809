"""Remove the files of a cache that were used longest ago."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from promptops.storage.atomic import PART

ABANDONED_S = 3600.0
"""A temporary file of this age is of a process that died while it wrote."""

_SHARE_LEFT = 0.75
"""Of the limit, so that not every write removes something."""

StoredFile = tuple[Path, os.stat_result]


def evict_to_size(
    folder: Path, max_bytes: int, size: Callable[[os.stat_result], int], spared: Path | None = None
) -> None:
    """If the files below a folder exceed a size in bytes, shrink it to three quarters of that.

    `size` is the size of one file. Raises nothing.
    """
    found = stored_files(folder)
    total = sum(size(status) for _, status in found)
    if total <= max_bytes:
        return
    for file, status in _oldest_first(found):
        if total <= max_bytes * _SHARE_LEFT:
            return
        if file != spared and _removed(file):
            total -= size(status)


def evict_to_count(files: Iterable[StoredFile], count: int) -> None:
    """Remove all but the newest files. Raises nothing."""
    for file in all_but_newest(files, count):
        _removed(file)


def all_but_newest(found: Iterable[StoredFile], count: int) -> list[Path]:
    """The paths after the first `count`, sorted from the newest to the oldest."""
    return [path for path, _ in _oldest_first(found)[::-1][count:]]


def stored_files(folder: Path) -> list[StoredFile]:
    """All complete files below a folder; abandoned temporary files are removed."""
    found = []
    for root, _, names in os.walk(folder):
        for file, status in statuses(Path(root, name) for name in names):
            if not file.name.endswith(PART):
                found.append((file, status))
            elif is_abandoned(file, status):
                _removed(file)
    return found


def statuses(paths: Iterable[Path]) -> list[StoredFile]:
    """The paths that still exist, each with its status."""
    found = []
    for path in paths:
        with suppress(OSError):
            found.append((path, path.stat()))
    return found


def is_abandoned(path: Path, status: os.stat_result) -> bool:
    """Whether a process died while it wrote a temporary file or folder."""
    return path.name.endswith(PART) and status.st_mtime < time.time() - ABANDONED_S


def _oldest_first(found: Iterable[StoredFile]) -> list[StoredFile]:
    return sorted(found, key=lambda each: each[1].st_mtime_ns)


def _removed(file: Path) -> bool:
    with suppress(OSError):
        file.unlink()
        return True
    return False
