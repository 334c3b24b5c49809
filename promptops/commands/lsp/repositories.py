"""The repositories of the open files, each opened once; git runs no programs of untrusted ones."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from promptops.commands.lint.live import Live
from promptops.errors import GitError
from promptops.records import record
from promptops.repo.process import Git, records
from promptops.repo.repository import Repository
from promptops.untrusted import is_untrusted


@record(frozen=True, slots=True)
class FileInRepository:
    """A file, which may not exist yet.

    Attributes:
        path: Relative to the repository root, forward slashes.
    """

    live: Live
    path: str


class Repositories:
    """One `Live` for each work tree; it is found from the path of a file."""

    def __init__(self) -> None:
        self._by_root: dict[Path, Live] = {}

    def find(self, file: Path) -> FileInRepository:
        """The repository of a file. Raises GitError if the file is in no work tree."""
        folder = _existing(file.parent)
        full = folder.resolve() / file.relative_to(folder)
        live = self._live_of(folder.resolve())
        root = live.root.resolve()
        if not full.is_relative_to(root):
            raise GitError("the file is not in the work tree", where=str(file))
        return FileInRepository(live, full.relative_to(root).as_posix())

    def __iter__(self) -> Iterator[Live]:
        return iter(tuple(self._by_root.values()))

    def _live_of(self, folder: Path) -> Live:
        with Repository.open(folder) as repository:
            root, bare = repository.root, repository.bare
            if is_untrusted() and root not in self._by_root:
                run_no_programs(repository.git)
        if bare:
            message = "git's directory and bare repositories have no files to edit"
            raise GitError(message, where=str(folder))
        if root not in self._by_root:
            self._by_root[root] = Live(root, untrusted=is_untrusted())
        return self._by_root[root]

    def close(self, live: Live) -> None:
        """Forget a repository, and end its git process."""
        self._by_root.pop(live.root, None)
        live.close()

    def close_all(self) -> None:
        """End all git processes."""
        for live in self:
            self.close(live)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next((each for each in (folder, *folder.parents) if each.is_dir()), Path("/"))


# Git without the programs that the configuration of an untrusted repository names.

_PROGRAMS = r"^filter\..*\.(clean|smudge|process)$"
_MONITOR = "core.fsmonitor"


def run_no_programs(git: Git) -> None:
    """From now on, git runs neither file system monitors nor filters, in all repositories.

    Git runs them when it lists changed files. The environment overrides each configuration file.
    """
    answer = git.ask("config", "--name-only", "-z", "--get-regexp", _PROGRAMS)
    names = dict.fromkeys((*_overridden(), _MONITOR, *records(answer.stdout)))
    os.environ["GIT_CONFIG_COUNT"] = str(len(names))
    for number, name in enumerate(names):
        os.environ[f"GIT_CONFIG_KEY_{number}"] = name
        os.environ[f"GIT_CONFIG_VALUE_{number}"] = "false" if name == _MONITOR else ""


def _overridden() -> list[str]:
    """The names that were overridden before."""
    count = int(os.environ.get("GIT_CONFIG_COUNT", "0"))
    return [os.environ[f"GIT_CONFIG_KEY_{number}"] for number in range(count)]
