"""Files whose content on disk differs from what is staged."""

from __future__ import annotations

from collections.abc import Iterable

from promptops.repo.process import records
from promptops.repo.repository import Repository

MAX_PATHS = 100
"""Paths that git is asked about: they are arguments of one command."""


def unstaged_files(repository: Repository, paths: Iterable[str]) -> tuple[str, ...]:
    """Those of the first MAX_PATHS paths that differ on disk from the index, in order."""
    asked = sorted(set(paths))[:MAX_PATHS]
    if not asked or repository.bare:
        return ()
    facts = ("--name-only", "-z", "--diff-filter=M", "--no-ext-diff", "--no-relative")
    return tuple(records(repository.git.run("diff", *facts, "--", *asked)))
