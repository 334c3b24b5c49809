"""The journal of a run: each answer is on disk before the run continues, so a crash loses none."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from promptops.errors import InputError, os_reason
from promptops.model.answer import Recording
from promptops.model.finding import Problem
from promptops.records import record
from promptops.repo.repository import Repository
from promptops.source.recordings import read_recordings, recordings_bytes
from promptops.storage.atomic import replace_whole, write_all
from promptops.storage.lock import locked


@record(frozen=True, slots=True)
class JournalEntry:
    """An answer, and its file of recordings, relative to the root."""

    file: str
    recording: Recording


@record(frozen=True, slots=True)
class JournalContent:
    """The entries of a journal, oldest first.

    Attributes:
        unreadable: The number of lines that a crash of the machine cut off.
    """

    entries: tuple[JournalEntry, ...]
    unreadable: int = 0


class Journal:
    """The journal of one work tree; any number of runs may add to it at once.

    A line is the path of a file of recordings as JSON, a tab, and a line of that file.
    """

    def __init__(self, repository: Repository) -> None:
        """Raises GitError if there is no work tree."""
        repository.need_work_tree()
        linked = repository.git_dir != repository.common_dir
        name = f"worktree-{repository.git_dir.name}" if linked else "main"
        self._file = repository.common_dir / "promptops" / "journal" / f"{name}.jsonl"

    @property
    def pending(self) -> bool:
        """Whether there are answers that are not in a file yet."""
        try:
            return self._file.stat().st_size > 0
        except OSError:
            return False

    def append(self, file: str, recording: Recording) -> Problem | None:
        """Write an answer to disk; returns why it may not be recorded, or "".

        Raises InputError if it can't be written.
        """
        from promptops.testing.recordings.screening import recording_refusal

        problem = recording_refusal(file, recording)
        if problem is None:
            with self._locked():
                _append(self._file, _line(JournalEntry(file, recording)))
        return problem

    def hand_over(self, keep: Callable[[JournalContent], Iterable[JournalEntry]]) -> None:
        """Pass all entries to `keep` under the lock; the entries that it returns stay here.

        All of them stay if it raises or the process dies. Raises InputError.
        """
        with self._locked():
            found = _read(self._file)
            left = b"".join(_line(entry) for entry in keep(found))
            if left:
                replace_whole(self._file, left, self._file.with_suffix(".new"))
            else:
                self._file.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with locked(self._file.with_suffix(".lock")):
                yield
        except OSError as error:
            message = f"the journal of answers can't be written: {os_reason(error)}"
            hint = "check the permissions and the free disk space"
            raise InputError(message, where=str(self._file), hint=hint) from None


def _append(file: Path, line: bytes) -> None:
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    number = os.open(file, flags, 0o666)
    try:
        size = os.fstat(number).st_size
        torn = size > 0 and os.pread(number, 1, size - 1) != b"\n"
        try:
            write_all(number, b"\n" * torn + line)
        except OSError:  # the disk is full: remove the incomplete line
            with suppress(OSError):
                os.ftruncate(number, size)
            raise
        os.fsync(number)
    finally:
        os.close(number)


def _line(entry: JournalEntry) -> bytes:
    return json.dumps(entry.file).encode() + b"\t" + recordings_bytes((entry.recording,))


def _read(file: Path) -> JournalContent:
    try:
        rows = file.read_bytes().split(b"\n")
    except FileNotFoundError:
        return JournalContent(())
    entries = [_entry(row) for row in rows if row]
    found = tuple(entry for entry in entries if entry is not None)
    return JournalContent(found, unreadable=len(entries) - len(found))


def _entry(row: bytes) -> JournalEntry | None:
    """The entry of a line; None if it was cut off. A missing line end is accepted."""
    path, _, line = row.partition(b"\t")
    recordings = read_recordings("", line).recordings
    try:
        file = json.loads(path)
    except ValueError:
        return None
    return JournalEntry(file, recordings[0]) if recordings and isinstance(file, str) else None
