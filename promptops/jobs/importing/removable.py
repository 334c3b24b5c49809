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
    """The sources that git tracks, and of which each file became a prompt."""
    imported = {one.source for one in results if one.prompt.state != "refused"}
    for source in sources:
        own = [read for read in reads if read.source == source.shown]
        complete = own and all(_is_complete(read, imported) for read in own)
        if complete and not source.skipped and _is_tracked(workspace, source.shown):
            yield source.shown


def _is_complete(read: ReadFile, imported: set[str]) -> bool:
    errors = any(isinstance(one, Loss) for one in read.found)
    return read.path in imported and read.format not in _CODE and not errors


def _is_tracked(workspace: Workspace, path: str) -> bool:
    root = os.path.realpath(workspace.repository.root)
    inside = os.path.relpath(os.path.realpath(path), root).replace(os.sep, "/")
    if inside.split("/")[0] in ("..", "."):
        return False
    return bool(workspace.repository.tree(INDEX, under=(inside,)).entries)
