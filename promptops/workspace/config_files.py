"""The configuration files at one revision."""

from __future__ import annotations

from promptops.catalog.files import FileTree
from promptops.errors import InputError
from promptops.model.tree import Kind
from promptops.repo.repository import Repository
from promptops.source.config import FILES, OWN, SHARED
from promptops.source.conflicts import UNMERGED_HINT
from promptops.source.document import decode
from promptops.source.toml_places import TomlPlaces

CLOSED: dict[Kind, tuple[str, str]] = {
    "symlink": ("a symbolic link", "commit the file itself"),
    "submodule": ("a submodule", "commit the file itself"),
    "unmerged": ("an unresolved merge conflict", UNMERGED_HINT),
}


def config_files(tree: FileTree, prefix: str = "") -> dict[str, bytes]:
    """The content of those of `FILES` that the tree has.

    Raises InputError if `promptops.toml` is not a regular file or `pyproject.toml` has an
    unresolved merge conflict, because otherwise the defaults would apply.

    Args:
        prefix: Put before the path in the message.
    """
    for path, kinds in ((OWN, CLOSED.keys()), (SHARED, {"unmerged"})):
        entry = tree.entries.get(path)
        if entry is not None and entry.kind in kinds:
            what, hint = CLOSED[entry.kind]
            raise InputError(f"the configuration is {what}", where=f"{prefix}{path}", hint=hint)
    return tree.read(FILES)


def config_places(repository: Repository, revision: str, path: str | None) -> TomlPlaces:
    """The places of keys in the configuration file at a revision."""
    path = path or OWN
    data = repository.tree(revision, under=(path,)).read((path,)).get(path, b"")
    text, _ = decode(path, data)
    return TomlPlaces(path, text, "/tool/promptops" if path == SHARED else "")
