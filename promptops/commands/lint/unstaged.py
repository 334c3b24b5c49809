"""Files whose content on disk differs from what is staged."""

from __future__ import annotations

from collections.abc import Iterable

from promptops.catalog.files import Files
from promptops.repo.process import records
from promptops.repo.repository import Repository

MAX_PATHS = 100
"""Paths in one query of git: they are arguments of one command."""


def unstaged_files(repository: Repository, staged: Files, paths: Iterable[str]) -> tuple[str, ...]:
    """Those of the first MAX_PATHS paths that differ on disk from the index, in order.

    Git compares only files with other bytes, because a filter may convert line endings.
    """
    asked = sorted(set(paths))[:MAX_PATHS]
    differing = [path for path in asked if _on_disk(repository, path) != staged.data(path)]
    if not differing or repository.bare:
        return ()
    facts = ("--name-only", "-z", "--diff-filter=M", "--no-ext-diff", "--no-relative")
    return tuple(records(repository.git.run("diff", *facts, "--", *differing)))


def _on_disk(repository: Repository, path: str) -> bytes | None:
    try:
        return (repository.root / path).read_bytes()
    except OSError:
        return None
