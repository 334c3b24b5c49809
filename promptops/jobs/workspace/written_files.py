"""Files that a command writes for people, and that could be committed by mistake."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from promptops.repo.repository import Repository


def not_ignored(repository: Repository, directory: Path, files: Iterable[str]) -> list[str]:
    """Those of the written files that are below the root and that git does not ignore.

    Args:
        files: From `directory`; "-" is stdout.
    """
    if repository.bare:
        return []
    below = {each: (directory / each).resolve() for each in files if each != "-"}
    root = repository.root.resolve()
    return [
        each
        for each, path in below.items()
        if path.is_relative_to(root) and not repository.is_ignored(str(path.relative_to(root)))
    ]
