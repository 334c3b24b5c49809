"""Which names of prompts other people can know: those that are in a commit."""

from __future__ import annotations

from collections.abc import Collection

from promptops.repo.process import decode
from promptops.repo.repository import Repository


def committed_paths(repository: Repository, paths: Collection[str]) -> frozenset[str]:
    """Those of some paths at which a commit of any branch or tag has, or had, a file."""
    if not paths or repository.find("HEAD") is None:
        return frozenset()
    now = repository.tree("HEAD", under=tuple(paths)).entries.keys() & set(paths)
    return frozenset(now) | _earlier(repository, sorted(set(paths) - now))


def _earlier(repository: Repository, paths: list[str]) -> frozenset[str]:
    if not paths:
        return frozenset()
    log = ("--literal-pathspecs", "log", "--all", "--format=", "--name-only", "-z", "--", *paths)
    return frozenset(decode(repository.git.run(*log)).split("\0")) & frozenset(paths)
