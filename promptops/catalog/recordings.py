"""The recordings of a prompt at one revision: all of its files as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from promptops.catalog.files import Files
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.records import replace
from promptops.source.conflicts import UNMERGED_HINT
from promptops.source.recordings import ReadRecordings, read_files

if TYPE_CHECKING:
    from promptops.catalog.catalog import Catalog


def recordings_in(catalog: Catalog, path: str) -> ReadRecordings:
    """The recordings of a prompt file, next to it; reads them each time."""
    return recordings_at(catalog.files, catalog.recordings_of(path))


def recordings_at(tree: Files, first: str) -> ReadRecordings:
    """The recordings in all files that begin with `first`; reads them each time.

    A file that can't be read is a problem, and does not hide answers in other files.
    """
    files = tree.recordings(first)
    tree.prefetch(files)
    contents = {file: tree.data(file) for file in files}
    found = read_files({file: data for file, data in contents.items() if data is not None})
    unread = _not_read(tree, (file for file in files if contents[file] is None))
    return replace(found, problems=(*found.problems, *unread))


def _not_read(tree: Files, paths: Iterable[str]) -> Iterator[Problem]:
    for path in paths:
        reason = _NO_FILE.get(tree.entries[path].kind)
        if reason is not None:
            message, hint = reason
            yield Problem(message, at=Place(path), hint=hint, code="SCH001")


_NO_FILE = {
    "symlink": ("recordings that are a symbolic link", "commit the file itself"),
    "submodule": ("recordings that are a submodule", "commit the file itself"),
    "unmerged": ("recordings with an unresolved merge conflict", UNMERGED_HINT),
}
