"""Whole processes, timed in turns."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Timing:
    """Of one command over several runs: medians.

    Attributes:
        wall_s, cpu_s: Of the process and all its children.
        memory_mb: Of the largest process.
    """

    wall_s: float
    cpu_s: float
    memory_mb: float


def in_turns(
    commands: dict[str, Sequence[str]],
    folder: Path,
    runs: int,
    before: Callable[[], None] = lambda: None,
) -> dict[str, Timing]:
    """Run each command once to warm up and then `runs` times, A B A B …; exit codes don't count."""
    measured: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            before()
            figures = _once(command, folder)
            if turn or runs == 0:
                measured[name].append(figures)
    return {name: Timing(*map(statistics.median, zip(*rows))) for name, rows in measured.items()}  # noqa: B905


def _once(command: Sequence[str], folder: Path) -> tuple[float, float, float]:
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    wall = time.perf_counter() - start
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
