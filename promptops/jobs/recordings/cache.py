"""Answers kept in git's directory by what was asked: never in the work tree, never missed."""

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
"""What the smallest file takes of a disk."""


class AnswerCache:
    """One file for each request and repeat, in `promptops/answers` below git's common directory."""

    def __init__(self, common_dir: Path, max_bytes: int = MAX_BYTES) -> None:
        """When it is larger than `max_bytes`, what was written longest ago goes."""
        self._folder = common_dir / "promptops" / "answers"
        self._max_bytes = max_bytes

    def find(self, request: str, repeat: int) -> Answer | None:
        """The answer to a request, whoever asked; a file that is none is taken away."""
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
        """Keep answers that may be kept; a directory that can't be written is no error."""
        from promptops.jobs.recordings.screening import refusal

        for recording in recordings:
            if refusal("", recording) is None:
                self._keep(recording)
        self._evict()

    def _keep(self, recording: Recording) -> None:
        file = self._file(recording.request, recording.repeat)
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            temporary = file.with_name(f"{file.name}.{os.getpid()}")
            # Not synced: that takes longer than to ask, and what a crash of the machine tears
            # `find` takes away.
            temporary.write_bytes(recordings_bytes((recording,)))
            temporary.replace(file)

    def _file(self, request: str, repeat: int) -> Path:
        return self._folder / request[:2] / f"{request[2:]}-{repeat}"

    def _evict(self) -> None:
        """Down to three quarters, so that it is not done every time."""
        with suppress(OSError):
            files = [(file, file.stat()) for file in self._folder.glob("*/*")]
            total = sum(max(status.st_size, _BLOCK) for _, status in files)
            if total <= self._max_bytes:
                return
            for file, status in sorted(files, key=lambda each: each[1].st_mtime_ns):
                file.unlink(missing_ok=True)
                total -= max(status.st_size, _BLOCK)
                if total <= self._max_bytes * 3 // 4:
                    return
