"""The files that move with a prompt: its cases, its body files and its recordings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from promptops.catalog.catalog import Catalog
from promptops.catalog.prompt_ids import without_ending
from promptops.jobs.moving.references import References
from promptops.jobs.workspace.workspace import Workspace
from promptops.source.recording_files import INSIDE, first_of


def companions(
    workspace: Workspace, references: References, moves: Mapping[str, str]
) -> dict[str, str]:
    """From the old to the new paths of the files that follow moved prompts; not those in `moves`.

    These are the recordings, next to the prompt and of arms and probes, and the files in the
    folder of the prompt that only the prompt and these files name.
    """
    catalog = workspace.catalog
    prompts = {old: new for old, new in moves.items() if old in catalog.ids}
    found: dict[str, str] = {}
    for old, new in prompts.items():
        own = _own_files(catalog, references, old, new)
        for path in (*own, *catalog.recording_files(old)):
            found[path] = _renamed(path, old, new)
    found |= dict(_aside(workspace, prompts))
    return {old: new for old, new in found.items() if old not in moves}


def _own_files(catalog: Catalog, references: References, prompt: str, copy: str) -> list[str]:
    """The files beside the prompt that are named by it and its own files, and by no other.

    `copy` is the prompt file that an interrupted move left.
    """
    own = [prompt]
    for path in own:
        for target in references.targets(path):
            is_beside = target.rpartition("/")[0] == prompt.rpartition("/")[0]
            if not is_beside or target in own or target in catalog.ids:
                continue
            if _is_used_by(references.users(target), {*own, target, *_copies(own, prompt, copy)}):
                own.append(target)
    return own[1:]


def _copies(own: Collection[str], prompt: str, copy: str) -> Iterator[str]:
    return (_renamed(path, prompt, copy) for path in own)


def _is_used_by(users: Collection[str], known: Collection[str]) -> bool:
    return all(user in known for user in users)


def _renamed(path: str, prompt: str, new_prompt: str) -> str:
    """In the folder of the new prompt, and with its name if the name begins with the old one."""
    if path == prompt:
        return new_prompt
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
