"""The prompts of a change, each with its version at the base."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from promptops.catalog.catalog import Catalog
from promptops.jobs.workspace.selection import Selected
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.loaded import LoadedPrompt
from promptops.model.prompt import Prompt
from promptops.records import record


@record(frozen=True, slots=True)
class PromptVersions:
    """One prompt that can be read on both sides; the same object if its files are equal."""

    before: Prompt
    after: Prompt


def pairs(selected: Selected, head: Workspace, base: Workspace) -> Iterator[PromptVersions]:
    """The selected prompts that also exist in the base, in the order of paths."""
    for path in selected.why:
        loaded = head.catalog.loaded(path)
        before = _as_it_was(loaded, head.catalog, base.catalog, selected.changed or ())
        if loaded.prompt is not None and before is not None:
            yield PromptVersions(before, loaded.prompt)


def path_before(prompt: Prompt, before: Catalog) -> str | None:
    """The path of the prompt in the base, by its id or an alias; None if it is new."""
    names = (prompt.id, *prompt.aliases)
    return next((before.paths[name] for name in names if name in before.paths), None)


def _as_it_was(
    loaded: LoadedPrompt, head: Catalog, before: Catalog, changed: Collection[str]
) -> Prompt | None:
    """The prompt at the base; read again only if one of its files changed."""
    prompt = loaded.prompt
    path = path_before(prompt, before) if prompt is not None else None
    if prompt is None or path is None:
        return None
    files = {path, prompt.path, *(each.target for each in loaded.references)}
    same = path == prompt.path and files.isdisjoint(changed) and prompt.extends is None
    return prompt if same else before.loaded(path).prompt
