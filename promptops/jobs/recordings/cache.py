"""A cache of answers in git's directory, by request; it may be deleted at any time."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from promptops.model.answer import Answer, Recording
from promptops.source.recordings import MAX_BYTES as LARGEST
from promptops.source.recordings import read_recordings, recordings_bytes
from promptops.storage.atomic import keep
from promptops.storage.eviction import evict_to_size

MAX_BYTES = 256 * 1024 * 1024
_BLOCK = 4096
"""The disk space of the smallest file, in bytes."""


class AnswerCache:
    """One file for each request and repeat, in `promptops/answers` below git's common directory."""

    def __init__(self, common_dir: Path, max_bytes: int = MAX_BYTES) -> None:
        """The oldest answers are removed when the cache exceeds `max_bytes`."""
        self._folder = common_dir / "promptops" / "answers"
        self._max_bytes = max_bytes

    def find(self, request: str, repeat: int) -> Answer | None:
        """The answer to a request, for any prompt; a damaged file is removed."""
        file = self._file(request, repeat)
        try:
            with file.open("rb") as opened:
                found = read_recordings("", opened.read(LARGEST + 1)).recordings
        except OSError:
            return None
        if [(each.request, each.repeat) for each in found] == [(request, repeat)]:
            return found[0].answer
        with suppress(OSError):
            file.unlink()
        return None

    def keep(self, recordings: Iterable[Recording]) -> None:
        """Store answers that may be stored; a directory that can't be written is not an error."""
        from promptops.jobs.recordings.screening import refusal

        for recording in recordings:
            if refusal("", recording) is None:
                file = self._file(recording.request, recording.repeat)
                keep(file, recordings_bytes((recording,)))
        evict_to_size(self._folder, self._max_bytes, _disk_space)

    def _file(self, request: str, repeat: int) -> Path:
        return self._folder / request[:2] / f"{request[2:]}-{repeat}"


def _disk_space(status: os.stat_result) -> int:
    return max(status.st_size, _BLOCK)
