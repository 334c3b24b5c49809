"""Records answers in the repository it is told, and kills itself at the step it is told.

A step is a call of the system that changes a file; the fatal one is done by half where that can be.
Prints a line for each answer that it was told is kept, and at the end how many steps it took.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from promptops.repo.repository import Repository
from promptops.testing.recordings import writing
from promptops.testing.recordings.writing import Journal, write_journal
from tests.testing.recordings.made import FILE, need, on_disk, recording

STEPS = ("write", "fsync", "replace", "unlink", "ftruncate", "pwrite")


class Steps:
    """Counts, and does not survive the fatal one; 0 is none."""

    def __init__(self, fatal: int) -> None:
        self.fatal = fatal
        self.done = 0

    def counted(self, name: str) -> Callable[..., Any]:
        call = getattr(os, name)

        def step(*arguments: Any, **named: Any) -> Any:
            self.done += 1
            if self.done == self.fatal:
                if name == "write":
                    call(arguments[0], arguments[1][: len(arguments[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **named)

        return step


def say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main(root: str, run: str, cases: str, fatal: int = 0, full_bytes: int = 0) -> None:
    steps = Steps(fatal)
    writing.FULL_BYTES = full_bytes or writing.FULL_BYTES
    with Repository.open(Path(root)) as repository:
        for name in STEPS:
            setattr(os, name, steps.counted(name))
        say("ready")
        sys.stdin.readline()
        write_journal(repository)
        record(repository, run, cases.split(","))
    say(steps.done)


def record(repository: Repository, run: str, cases: list[str]) -> None:
    """What a run does: asks for what is missing, and puts it into the file at its end."""
    journal = Journal(repository)
    known = on_disk(repository.root).recordings
    missing = [case for case in cases if case not in {each.case for each in known}]
    for case in missing:
        if journal.append(FILE, recording(case, f"{case} in run {run}")) is None:
            say(case)
    write_journal(repository, {FILE: [need(recording(case)) for case in cases]})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
