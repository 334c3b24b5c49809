"""What was measured, where, and when."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from environment import PROJECT
from timing import Wrong, run

WHAT_IS_MEASURED = ("promptops", "schemas", "hooks", "pyproject.toml")
CORES = 2
"""That the budgets are written for."""


def two_cores() -> None:
    """Measure on no more cores than the budgets are written for, where the system can do so."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


def load() -> str:
    """The load average of the last 1, 5 and 15 minutes."""
    return " ".join(f"{each:.2f}" for each in os.getloadavg())


def facts(load_before: str, versions: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """What a reader must know to compare the figures with others."""
    yield "commit", _commit()
    yield "date", datetime.now().astimezone().isoformat(" ", "minutes")
    yield "processor", f"{_processor()}, {_cores()}"
    yield "memory", f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.1f} GB"
    yield "operating system", f"{_system()}, {platform.system()} {platform.release()}"
    yield "Python", f"{platform.python_implementation()} {platform.python_version()}"
    yield "git", run(["git", "--version"]).split()[2]
    yield "Node", run(["node", "--version"]).strip() if shutil.which("node") else "none"
    yield "peers", ", ".join(f"{name} {version}" for name, version in versions)
    yield "load average", f"{load_before} before, {load()} after (1, 5, 15 minutes)"


def _commit() -> str:
    try:
        commit = run(["git", "rev-parse", "HEAD"], PROJECT).strip()
        changed = run(
            ["git", "status", "--porcelain", "--", "promptops", "pyproject.toml"], PROJECT
        )
    except Wrong:
        return "not known: the project is no git repository here"
    return f"{commit}, with changes that are not committed" if changed else commit


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _cores() -> str:
    all_cores = os.cpu_count() or 1
    used = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else all_cores
    return f"{used} cores" if used == all_cores else f"{used} of its {all_cores} cores"


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return f"{sys.platform} {platform.mac_ver()[0]}".strip()
