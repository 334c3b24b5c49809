"""Whether other programs changed the files of a repository: a look at their times when asked."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator

from promptops.workspace.workspace import Workspace

_LOOK_S = 0.01
_PAUSE_PER_LOOK = 20
"""After a look at the files that took longer than `_LOOK_S`, none for so many times as long."""


class WatchedFiles:
    """The state of HEAD, of the index, of the files and of their folders."""

    def __init__(self, workspace: Workspace) -> None:
        self._seen: dict[str, object] = {}
        self._look_again_at = 0.0
        self.watch(workspace)

    def watch(self, workspace: Workspace) -> None:
        """Watch the files that there are now; those that are known may have changed since."""
        paths = list(_watched(workspace))
        self._seen = {path: self._seen.get(path) or _stamp(path) for path in paths}

    def have_changed(self) -> bool:
        """Whether any differs from when this was asked before."""
        if time.monotonic() < self._look_again_at:
            return False
        started = time.monotonic()
        seen: dict[str, object] = {path: _stamp(path) for path in self._seen}
        took_s = time.monotonic() - started
        if took_s > _LOOK_S:
            self._look_again_at = started + _PAUSE_PER_LOOK * took_s
        before, self._seen = self._seen, seen
        return before != seen


def _watched(workspace: Workspace) -> Iterator[str]:
    repository, catalog = workspace.repository, workspace.catalog
    of_git = (repository.git_dir / "HEAD", repository.git_dir / "index")
    refs = (repository.common_dir / "packed-refs", repository.git_dir / "logs" / "HEAD")
    yield from map(str, (*of_git, *refs))
    files = catalog.files.entries
    for path in (*files, *_folders(files, catalog.config.prompts)):
        yield f"{repository.root}/{path}"


def _folders(files: Iterable[str], roots: Iterable[str]) -> set[str]:
    """The folders that contain files, directly or below other folders, up to the roots."""
    found = set(roots)
    for path in files:
        folder = path.rpartition("/")[0]
        while folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found


def _stamp(path: str) -> tuple[int, int, int, int] | None:
    """What changes with the content of a file or of a folder; None if it does not exist."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
