"""The repositories of the open files, each opened once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from promptops.errors import GitError
from promptops.jobs.live.live import Live
from promptops.records import record
from promptops.repo.process import foreign_environment
from promptops.repo.repository import Repository


@record(frozen=True, slots=True)
class FileInRepository:
    """A file, which may not exist yet.

    Attributes:
        path: Relative to the repository root, forward slashes.
    """

    live: Live
    path: str


class Repositories:
    """One `Live` for each repository; it is found from the path of a file."""

    def __init__(self) -> None:
        self._by_root: dict[Path, Live] = {}

    def find(self, file: Path) -> FileInRepository:
        """The repository of a file. Raises GitError if the file is in no work tree."""
        folder = _existing(file.parent).resolve()
        live = self._opened(folder)
        full = folder / file.relative_to(_existing(file.parent))
        path = full.relative_to(live.workspace.repository.root.resolve()).as_posix()
        return FileInRepository(live, path)

    def __iter__(self) -> Iterator[Live]:
        return iter(self._by_root.values())

    def _opened(self, folder: Path) -> Live:
        repository = Repository.open(folder, foreign_environment())
        if repository.bare:
            raise GitError(
                "the file is in git's directory or in a bare repository, not in a work tree",
                where=str(folder),
            )
        known = self._by_root.get(repository.root)
        if known is not None:
            return known
        return self._by_root.setdefault(repository.root, Live.open(repository))

    def close(self) -> None:
        """End the git processes."""
        for live in self._by_root.values():
            with suppress(GitError):
                live.workspace.repository.close()
        self._by_root.clear()


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next((each for each in (folder, *folder.parents) if each.is_dir()), Path("/"))
