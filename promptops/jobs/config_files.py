"""The files of the configuration at one revision."""

from __future__ import annotations

from promptops.catalog.files import Tree
from promptops.errors import InputError
from promptops.model.tree import Kind
from promptops.repo.repository import Repository
from promptops.source.config import FILES, OWN, SHARED
from promptops.source.document import decode
from promptops.source.toml_places import TomlPlaces

CLOSED: dict[Kind, tuple[str, str]] = {
    "symlink": ("a symbolic link", "commit the file itself"),
    "submodule": ("a submodule", "commit the file itself"),
    "unmerged": ("an unresolved merge conflict", "resolve the conflict, then `git add` the file"),
}


def config_files(tree: Tree, prefix: str = "") -> dict[str, bytes]:
    """The content of those of `FILES` that the tree has.

    Raises InputError where something that can't be read is in the place of `promptops.toml`:
    without it the defaults would count. `prefix` stands before its path in the message.
    """
    entry = tree.entries.get(OWN)
    if entry is not None and entry.kind in CLOSED:
        what, hint = CLOSED[entry.kind]
        raise InputError(f"the configuration is {what}", where=f"{prefix}{OWN}", hint=hint)
    return tree.read(FILES)


def config_places(repository: Repository, revision: str, path: str | None) -> TomlPlaces:
    """The places of the keys in the file of the configuration at a revision."""
    path = path or OWN
    data = repository.tree(revision, under=(path,)).read((path,)).get(path, b"")
    text, _ = decode(path, data)
    return TomlPlaces(path, text, "/tool/promptops" if path == SHARED else "")
