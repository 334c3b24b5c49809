"""A lock file: one process at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from promptops.errors import InputError

PATIENCE_S = 30.0
"""Work under a lock takes milliseconds."""

_LOOK_AGAIN_S = 0.01


@contextmanager
def locked(
    file: Path, patience_s: float = PATIENCE_S, work: str = "writing recordings"
) -> Iterator[None]:
    """Hold a lock file, which contains the id of the process. A thread can hold it only once.

    The system releases the lock when the process dies. `work` describes what its holder does.

    Raises:
        InputError: Another process still holds it after `patience_s`.
        OSError: The file can't be created.
    """
    import fcntl

    number = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        _take(number, file, patience_s, work)
        try:
            holder = b"%d\n" % os.getpid()
            if os.fstat(number).st_size > len(holder):  # the file is rarely longer,
                os.ftruncate(number, 0)  # and truncating takes milliseconds
            os.pwrite(number, holder, 0)
            yield
        finally:
            fcntl.flock(number, fcntl.LOCK_UN)  # a process forked meanwhile has the file open, too
    finally:
        os.close(number)


def _take(number: int, file: Path, patience_s: float, work: str) -> None:
    import fcntl

    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise _lock_error(number, file, work) from None
            time.sleep(_LOOK_AGAIN_S)
        else:
            return


def _lock_error(number: int, file: Path, work: str) -> InputError:
    holder = os.pread(number, 20, 0).strip().decode("ascii", "replace")
    return InputError(
        f"process {holder or 'unknown'} is {work}",
        where=str(file),
        hint="wait until it ends, then run again",
    )
