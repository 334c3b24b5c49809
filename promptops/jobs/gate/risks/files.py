"""Risks in files: removed prompts, unread files, links and submodules."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.catalog.catalog import Catalog
from promptops.catalog.references import is_below
from promptops.catalog.unread import UNREAD, rename_command, unread_prompts
from promptops.counting import counted
from promptops.jobs.workspace.selection import Selected
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.place import Place
from promptops.model.risk import Risk


def file_risks(selected: Selected, head: Workspace, base: Workspace) -> Iterator[Risk]:
    """Risks in the changed files only."""
    changed = sorted(selected.changed or ())
    yield from _removed(changed, head.catalog, base.catalog)
    for path in unread_prompts(head.catalog, changed):
        yield Risk(message=f"{UNREAD}: {rename_command(path)}", place=Place(path))
    yield from _links(changed, head.catalog)


def _removed(changed: list[str], head: Catalog, base: Catalog) -> Iterator[Risk]:
    """Removed prompts without a replacement in the change, with their test cases."""
    gone = {base.ids[path] for path in changed if path in base.ids} - head.paths.keys()
    if not gone:
        return
    gone -= head.graph.aliases.keys()
    for name in sorted(gone):
        prompt = base.loaded(base.paths[name]).prompt
        if prompt is not None and prompt.cases:
            cases = counted(len(prompt.cases), "test case")
            yield Risk(message=f"the prompt was removed with its {cases}", prompt=name)


def _links(changed: list[str], head: Catalog) -> Iterator[Risk]:
    roots = (*head.config.prompts, *head.config.schemas)
    for path in changed:
        entry = head.files.entries.get(path)
        below = any(is_below(path, root) for root in roots)
        if below and entry is not None and entry.kind in _UNREAD:
            message = f"{_UNREAD[entry.kind]}, and its content is not read"
            yield Risk(message=message, place=Place(path))


_UNREAD = {"symlink": "this is now a symbolic link", "submodule": "this is now a submodule"}
