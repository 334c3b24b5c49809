"""Git repositories that are measured in."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from timing import run


def git(folder: Path, *arguments: str) -> str:
    """What git prints; everybody's configuration is out of sight, see `environment`."""
    return run(["git", *arguments], folder)


def new_repository(folder: Path, make: Callable[[Path], None]) -> None:
    """One that `make` fills; committed and packed in the end, as a clone is."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "gc.auto", "0")  # nothing is packed while something is measured
    git(folder, "config", "maintenance.auto", "false")
    make(folder)
    commit(folder, "what is measured")
    git(folder, "gc", "-q")


def commit(folder: Path, subject: str) -> None:
    """Everything there is, where anything is new."""
    git(folder, "add", ".")
    if git(folder, "status", "--porcelain"):
        git(folder, "commit", "-q", "-m", subject)


def write(folder: Path, path: str, text: str) -> None:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def edit(folder: Path, path: str, old: str, new: str) -> None:
    """Replace the first `old`, which is there."""
    text = (folder / path).read_text(encoding="utf-8")
    assert old in text, f"{path} has no {old!r}"
    write(folder, path, text.replace(old, new, 1))
