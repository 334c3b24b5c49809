"""Whole processes: run, checked, timed in turns."""

from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OURS = "ours"
LIMIT_S = 1_200
"""Longer than anything takes: what is not done by then never will be."""

TIMED = Path(__file__).parent / "timed.py"
_MB = 1e-6 if sys.platform == "darwin" else 1024e-6
"""Of what the system counts a size in: bytes on macOS, else KiB."""


class Wrong(Exception):
    """A program did something else than what is measured.

    Attributes:
        said: All that it printed.
    """

    def __init__(self, message: str, said: str = "") -> None:
        super().__init__(f"{message}: {_last_line(said)}" if said.strip() else message)
        self.said = said


@dataclass(frozen=True, slots=True)
class Program:
    """What is measured.

    Attributes:
        name: As the table calls it.
        says: A regular expression that is found in what it prints when it does the work.
        proof: What is added to the command so that it says it; not while it is measured.
        needs: The peer that must have been installed.
    """

    name: str
    command: Sequence[str]
    says: str = ""
    needs: str = ""
    proof: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Timing:
    """Of one program over several runs: medians.

    Attributes:
        wall_s, cpu_s: Of the process and all its children.
        memory_mb: Of the largest process.
    """

    wall_s: float
    cpu_s: float
    memory_mb: float


def in_turns(
    programs: Sequence[Program],
    folder: Path,
    runs: int,
    lost: Callable[[Program, Wrong], None],
) -> dict[str, Timing]:
    """Run each of them so many times, A B A B …; they have run once before, see `prove`.

    Args:
        lost: Is told of one that fails in a run, and is left out of the others, or raises.
    """
    measured: dict[str, list[Timing]] = {each.name: [] for each in programs}
    for _ in range(runs):
        for program in [each for each in programs if each.name in measured]:
            try:
                measured[program.name].append(_once(program, folder))
            except Wrong as wrong:
                lost(program, wrong)
                del measured[program.name]
    return {name: _median(timings) for name, timings in measured.items()}


def prove(program: Program, folder: Path) -> str:
    """What it prints; raises Wrong where that is not what the work would print."""
    said, status = _said([*program.command, *program.proof], folder)
    if status != 0:
        raise Wrong(f"{program.name} ended with {status}", said)
    if not re.search(program.says, said):
        raise Wrong(f"{program.name} did not say {program.says!r}", said)
    return said


def as_written(count: int) -> str:
    """A regular expression for it as programs write it, with commas or without."""
    return rf"\b({count}|{count:,})\b"


def run(command: Sequence[str | Path], folder: Path | None = None) -> str:
    """What a command prints on stdout; raises Wrong where it fails."""
    with _started(command, folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        said, wrong = _communicated(process)
    if process.returncode:
        raise Wrong(f"{Path(command[0]).name} ended with {process.returncode}", said + wrong)
    return said


@contextmanager
def started(command: Sequence[str | Path], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A process of a group of its own, of which nothing outlives the block."""
    process = subprocess.Popen(command, text=True, start_new_session=True, **options)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _started(command: Sequence[str | Path], folder: Path | None, **options: Any) -> Any:
    return started(command, cwd=folder, stdin=subprocess.DEVNULL, **options)


def _said(command: Sequence[str], folder: Path) -> tuple[str, int]:
    with _started(command, folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        said, _ = _communicated(process)
    return said, process.returncode


def _communicated(process: subprocess.Popen[str]) -> tuple[str, str]:
    try:
        return process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        raise Wrong(f"it was not done after {LIMIT_S} s") from None


def _once(program: Program, folder: Path) -> Timing:
    said = run([sys.executable, "-I", "-S", TIMED, *program.command], folder)
    wall_s, cpu_s, largest, status = map(float, said.split())
    if status:
        raise Wrong(f"{program.name} ended with {status:.0f} in a later run")
    return Timing(wall_s, cpu_s, largest * _MB)


def _median(timings: Sequence[Timing]) -> Timing:
    names = ("wall_s", "cpu_s", "memory_mb")
    return Timing(*(statistics.median(getattr(each, name) for each in timings) for name in names))


def _last_line(said: str) -> str:
    return said.strip().splitlines()[-1].strip()[-300:]
