"""A cache of answers in git's directory, by request; it may be deleted at any time."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from promptops.model.answer import Answer, Recording
from promptops.source.recordings import MAX_BYTES as LARGEST
from promptops.source.recordings import read_recordings, recordings_bytes

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
        if [(recording.request, recording.repeat) for recording in found] == [(request, repeat)]:
            return found[0].answer
        with suppress(OSError):
            file.unlink()
        return None

    def keep(self, recordings: Iterable[Recording]) -> None:
        """Store answers that may be stored; a directory that can't be written is not an error."""
        from promptops.jobs.recordings.screening import recording_refusal

        for recording in recordings:
            if recording_refusal("", recording) is None:
                self._keep(recording)
        self._evict()

    def _keep(self, recording: Recording) -> None:
        file = self._file(recording.request, recording.repeat)
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            temporary = file.with_name(f"{file.name}.{os.getpid()}")
            # Not synced: that takes longer than a request, and `find` removes a damaged file.
            temporary.write_bytes(recordings_bytes((recording,)))
            temporary.replace(file)

    def _file(self, request: str, repeat: int) -> Path:
        return self._folder / request[:2] / f"{request[2:]}-{repeat}"

    def _evict(self) -> None:
        """Shrink to three quarters, so that it is rarely needed."""
        with suppress(OSError):
            files = [(file, file.stat()) for file in self._folder.glob("*/*")]
            total = sum(max(status.st_size, _BLOCK) for _, status in files)
            if total <= self._max_bytes:
                return
            for file, status in sorted(files, key=lambda item: item[1].st_mtime_ns):
                file.unlink(missing_ok=True)
                total -= max(status.st_size, _BLOCK)
                if total <= self._max_bytes * 3 // 4:
                    return
