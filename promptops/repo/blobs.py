"""File contents by blob id, through one long-lived `git cat-file --batch`.

`git show` once per file takes 3 s for 500 files; this takes 0.05 s.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from typing import BinaryIO

from promptops.errors import GitError
from promptops.records import record
from promptops.repo.process import Git, wait

MAX_BYTES = 2 * 1024 * 1024
"""The limit of a file in bytes; one byte more is read to detect a larger file."""

# A batch is written before answers are read, so it must fit any pipe: 60 ids are 3,900 bytes.
AT_ONCE = 60


class Blobs:
    """Reads blobs of one repository; not thread-safe. A forked process starts its own git."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._process: _Process | None = None

    def read(self, paths: Mapping[str, str]) -> dict[str, bytes]:
        """The contents by blob id, each at most MAX_BYTES + 1 bytes.

        Args:
            paths: The path by blob id, for the error message about a missing blob.

        Raises:
            GitError: A blob is missing, as in a partial clone or a damaged repository.
        """
        wanted = list(paths)
        found: dict[str, bytes] = {}
        while len(found) < len(wanted):
            batch = wanted[len(found) : len(found) + AT_ONCE]
            try:
                self._read_batch(batch, paths, found)
            except (OSError, EOFError):
                self.close()
                raise self._missing(paths[wanted[len(found)]], wanted[len(found)]) from None
        return found

    def in_index(self, paths: Sequence[str]) -> dict[str, bytes | None]:
        """The index contents of some paths, for files of any kind.

        None for a missing path, a conflict, or a missing blob. The process
        reads the index once, so it does not notice later staging.

        Args:
            paths: At most AT_ONCE paths without newlines.

        Raises:
            GitError: The process ended, or a file is larger than MAX_BYTES.
        """
        process = self._running()
        try:
            os.write(process.write, "".join(f":{path}\n" for path in paths).encode())
            return {path: self._answer(process) for path in paths}
        except (OSError, EOFError):
            self.close()
            raise GitError("the index can't be read", where=str(self._git.directory)) from None

    def _answer(self, process: _Process) -> bytes | None:
        header = process.answers.readline()
        if header.endswith(b" missing\n"):
            return None
        size = _size(header)
        if size > MAX_BYTES:
            raise EOFError
        content = process.answers.read(size + 1)
        if len(content) <= size:
            raise EOFError
        return content[:size]

    def moved_to(self, git: Git) -> Blobs:
        """Hand the running process to a new reader; this one starts another if needed."""
        moved = Blobs(git)
        moved._process, self._process = self._process, None
        return moved

    def close(self) -> None:
        """End the process; another read starts a new one."""
        process, self._process = self._process, None
        if process is None or process.owner != os.getpid():
            return
        # Closing its input is not enough: a forked process may have a copy open.
        os.kill(process.pid, signal.SIGKILL)
        os.close(process.write)
        process.answers.close()
        wait(process.pid)

    def _read_batch(
        self, batch: list[str], paths: Mapping[str, str], found: dict[str, bytes]
    ) -> None:
        """Read the contents of a batch, up to and including the first blob that is too large."""
        process = self._running()
        os.write(process.write, "".join(f"{blob}\n" for blob in batch).encode())
        for blob in batch:
            size = _size(process.answers.readline())
            if size > MAX_BYTES:
                found[blob] = process.answers.read(MAX_BYTES + 1)
                self.close()  # cheaper than reading the rest of the blob
                return
            content = process.answers.read(size + 1)  # a newline follows
            if len(content) <= size:
                raise EOFError
            found[blob] = content[:size]

    def _running(self) -> _Process:
        if self._process is None or self._process.owner != os.getpid():
            pid, write, read = self._git.converse("cat-file", "--batch")
            self._process = _Process(pid, write, os.fdopen(read, "rb", 1 << 16), os.getpid())
        return self._process

    def _missing(self, path: str, blob: str) -> GitError:
        return GitError(
            f"the content of {path!r} ({blob}) is not in the repository",
            where=str(self._git.directory),
            hint="in a partial clone: git fetch --refetch --no-filter; otherwise: git fsck",
        )


@record(frozen=True, slots=True)
class _Process:
    pid: int
    write: int
    answers: BinaryIO
    owner: int


def _size(header: bytes) -> int:
    """The size from `ID blob SIZE`; EOFError for a missing or other object, or at the end."""
    words = header.split()
    if len(words) != 3 or words[1] != b"blob":
        raise EOFError
    return int(words[2])
