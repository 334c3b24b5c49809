"""The files that move with a prompt: its cases, its body files and its recordings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from promptops.catalog.catalog import Catalog
from promptops.catalog.prompt_ids import without_ending
from promptops.jobs.workspace.workspace import Workspace
from promptops.source.recording_files import INSIDE, first_of


def companions(workspace: Workspace, moves: Mapping[str, str]) -> dict[str, str]:
    """From the old to the new paths of the files that follow moved prompts; not those in `moves`.

    These are the recordings, next to the prompt and of arms and probes, and the files in the
    folder of the prompt that only this prompt names.
    """
    catalog = workspace.catalog
    prompts = {old: new for old, new in moves.items() if old in catalog.ids}
    found: dict[str, str] = {}
    for old, new in prompts.items():
        found |= dict(_named_files(catalog, old, new))
        for path in catalog.recording_files(old):
            found[path] = _renamed(path, old, new)
    found |= dict(_aside(workspace, prompts))
    return {old: new for old, new in found.items() if old not in moves}


def _named_files(catalog: Catalog, prompt: str, new_prompt: str) -> Iterator[tuple[str, str]]:
    folder = prompt.rpartition("/")[0]
    for reference in catalog.loaded(prompt).references:
        path = reference.target
        is_beside = path.rpartition("/")[0] == folder and path not in catalog.ids
        if reference.found and is_beside and _users(catalog, path, new_prompt) == {prompt}:
            yield path, _renamed(path, prompt, new_prompt)


def _users(catalog: Catalog, path: str, copy: str) -> set[str]:
    """The files that name a file, without the copy that an interrupted move left."""
    catalog.graph.parse(catalog.graph.unparsed)
    return {*catalog.graph.files_naming(path)} - {copy}


def _renamed(path: str, prompt: str, new_prompt: str) -> str:
    """In the folder of the new prompt, and with its name if the name begins with the old one."""
    stem, new_stem = without_ending(prompt), without_ending(new_prompt)
    if path.startswith(f"{stem}."):
        return new_stem + path[len(stem) :]
    folder, slash, _ = new_stem.rpartition("/")
    return f"{folder}{slash}{path.rpartition('/')[2]}"


def _aside(workspace: Workspace, prompts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The recordings of arms and probes, whose paths contain the ids of their prompts."""
    catalog, config = workspace.catalog, workspace.config
    ids = {catalog.id_of(old): catalog.id_of(new) for old, new in prompts.items()}
    comparisons, probes = f"{config.compare.recordings}/", f"{config.probe.recordings}/"
    for path in catalog.files.entries:
        if INSIDE not in path or first_of(path) is None:
            continue
        folder = probes
        if path.startswith(comparisons):
            folder = comparisons + path.removeprefix(comparisons).partition("/")[0] + "/"
        identity, mark, rest = path.removeprefix(folder).rpartition(INSIDE)
        new = ids.get(identity)
        if new is not None and path.startswith(folder):
            yield path, f"{folder}{new}{mark}{rest}"
