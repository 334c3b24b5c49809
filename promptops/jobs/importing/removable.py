"""Which sources can be removed from the repository after an import."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from promptops.formats.document import Loss
from promptops.jobs.importing.reading import ReadFile
from promptops.jobs.importing.sources import Source
from promptops.jobs.importing.writing import WrittenPrompt
from promptops.jobs.workspace.workspace import Workspace
from promptops.repo.repository import INDEX

_CODE = ("python", "typescript")
"""Formats whose files contain more than prompts."""


def removable(
    workspace: Workspace,
    sources: Iterable[Source],
    reads: Sequence[ReadFile],
    results: Sequence[WrittenPrompt],
) -> Iterator[str]:
    """The sources that git tracks, and of which each tracked file became a prompt."""
    imported = {one.source for one in results if one.prompt.state != "refused"}
    for source in sources:
        own = [read for read in reads if read.source == source.shown]
        complete = own and all(_is_complete(read, imported) for read in own)
        if complete and _has_only(workspace, source, own):
            yield source.shown


def _is_complete(read: ReadFile, imported: set[str]) -> bool:
    errors = any(isinstance(one, Loss) for one in read.found)
    return read.path in imported and read.format not in _CODE and not errors


def _has_only(workspace: Workspace, source: Source, own: Sequence[ReadFile]) -> bool:
    """Whether git tracks files of the source, and all of them on disk were read."""
    root = os.path.realpath(workspace.repository.root)
    inside = os.path.relpath(os.path.realpath(source.shown), root).replace(os.sep, "/")
    if inside.split("/")[0] in ("..", "."):
        return False
    entries = workspace.repository.tree(INDEX, under=(inside,)).entries
    tracked = {path for path in entries if os.path.lexists(os.path.join(root, path))}
    if tracked == {inside}:
        return True
    folder = source.folder
    read = {each.path for each in own} | {folder.path_shown(path) for path in folder.used}
    shown = {folder.path_shown(path.removeprefix(f"{inside}/")) for path in tracked}
    return bool(tracked) and shown <= read
