"""Refuse roots that would make every check pass without prompts: links, submodules, wrong names."""

from __future__ import annotations

from collections.abc import Mapping

from promptops.catalog.references import has_below
from promptops.errors import InputError
from promptops.model.config import CHANNELS_FILE, Config
from promptops.model.tree import Kind, TreeEntry
from promptops.repo.repository import Repository

_CLOSED: Mapping[Kind, tuple[str, str]] = {
    "symlink": ("a symbolic link", "commit its target instead"),
    "submodule": ("a submodule", "work inside it: promptops -C {path} …"),
}


def refuse_closed_roots(
    repository: Repository, revision: str, config: Config, entries: Mapping[str, TreeEntry]
) -> None:
    """Raise InputError if a root or `channels.yaml` is a link or a submodule: it is not read.

    Also if a folder above a root is a link, because git lists nothing below it.

    Args:
        entries: The entries of the revision at or below the configured paths.
    """
    for root in (*config.prompts, *config.schemas, CHANNELS_FILE):
        entry = entries.get(root) or _above(repository, revision, root, entries)
        if entry is not None and entry.kind in _CLOSED:
            kind, hint = _CLOSED[entry.kind]
            what = f"the file `{root}`" if root == CHANNELS_FILE else f"the root `{root}`"
            message = f"{what} is {kind}: its content is not read"
            raise InputError(message, where=entry.path, hint=hint.format(path=entry.path))


def _above(
    repository: Repository, revision: str, root: str, entries: Mapping[str, TreeEntry]
) -> TreeEntry | None:
    """The entry in place of a folder above a root; read only if the root is empty."""
    folders = [root[:at] for at, char in enumerate(root) if char == "/"]
    if not folders or has_below(entries, root):
        return None
    tree = repository.tree(revision, under=folders[:1])
    return next((tree.entries[folder] for folder in folders if folder in tree.entries), None)


_NOT_NAMED = (*Config().prompts, ".")


def refuse_missing_roots(config: Config, entries: Mapping[str, TreeEntry]) -> None:
    """Raise InputError for a root of prompts with no file below it.

    The default root may be missing, because a new repository has no prompts.
    """
    for root in config.prompts:
        if root not in _NOT_NAMED and not has_below(entries, root):
            raise InputError(
                f"there are no files below `{root}`, which `prompts` names as a folder of prompts",
                where=config.path,
                hint="fix the name, or leave it out",
            )
