"""The current prompts of a work tree, for an application in development."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock

from promptops.bundles.build import bundle_of
from promptops.errors import GitError
from promptops.records import replace
from promptops.repo.process import foreign_environment
from promptops.repo.repository import WORKTREE, Repository
from promptops.runtime.bundle.bundle import Bundle
from promptops.runtime.bundle.format import read_bundle
from promptops.runtime.template.sized_cache import ENTRIES_OF_A_SERVICE, limit_entries
from promptops.workspace.workspace import managed_paths, workspace_at

_FileState = tuple[str, int, int]


class LiveTree:
    """Reads the work tree again if a file changed since the last call."""

    ready = False

    def __init__(self, folder: Path) -> None:
        limit_entries(ENTRIES_OF_A_SERVICE)
        self._folder = folder.absolute()
        self._roots: tuple[Path, ...] = ()
        self._states: tuple[_FileState, ...] = ()
        self._bundle: Bundle | None = None
        self._lock = Lock()

    def get(self, refresh_s: float, timeout_s: float) -> Bundle:
        """The bundle, built again if a file changed.

        Raises InputError if a prompt can't be read, GitError if there is no repository.
        """
        with self._lock:
            bundle = self._bundle
            if bundle is None or self._states != tuple(_file_states(self._roots)):
                bundle = self._bundle = self._build()
            return bundle

    def forked(self) -> None:
        self._lock = Lock()

    def _build(self) -> Bundle:
        self._bundle = None
        with self._open() as repository:
            found = workspace_at(repository, WORKTREE)
            self._roots = tuple(repository.root / path for path in managed_paths(found.config))
            self._states = tuple(
                _file_states(self._roots)
            )  # later changes are found in the next call
            if repository.find("HEAD") is not None:
                found = replace(found, revision="HEAD")  # the commit that it is based on
            data = bundle_of(found)
        where = str(self._folder)
        return Bundle(read_bundle(data, where), where=where)

    def _open(self) -> Repository:
        try:
            return Repository.open(self._folder, foreign_environment())
        except GitError as error:
            message = f"PROMPTOPS_OVERRIDE is not a work tree: {error.message}"
            raise GitError(message, where=error.where, hint=error.hint) from None


def _file_states(roots: Iterable[Path]) -> Iterator[_FileState]:
    """Path, time of the last change and size of each file."""
    for root in roots:
        for file in (root, *root.rglob("*")) if root.is_dir() else (root,):
            with suppress(OSError):
                status = file.stat()
                yield str(file), status.st_mtime_ns, status.st_size
