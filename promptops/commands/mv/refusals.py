"""What prevents a move: the kinds of its files, ids in use, and taken paths."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping

from promptops.catalog.catalog import Catalog
from promptops.errors import InputError, UsageError
from promptops.lint.ids import folded
from promptops.patterns import lazy_pattern
from promptops.repo.worktree import WorkTree
from promptops.source.conflicts import UNMERGED_HINT
from promptops.workspace.workspace import Workspace

_UNSAFE = lazy_pattern(r"[^\w.@+~=/-]")
"""Characters that a path can't have in YAML, JSON and templates alike without escapes."""

_KINDS = {
    "symlink": ("a symbolic link can't be moved", "replace it with the file itself"),
    "submodule": ("a submodule can't be moved", "use `git mv`"),
}


def refuse_sources(workspace: Workspace, moves: Mapping[str, str]) -> None:
    """Raise InputError for files that can't be moved, and for a conflict anywhere in the catalog.

    Raises UsageError for a new name with characters that would need escapes.
    """
    files, root = workspace.catalog.files, workspace.repository.root
    for path, entry in sorted(files.entries.items()):
        if entry.kind == "unmerged":
            raise InputError("an unresolved merge conflict", where=path, hint=UNMERGED_HINT)
        if path in moves and entry.kind in _KINDS:
            message, hint = _KINDS[entry.kind]
            raise InputError(message, where=path, hint=hint)
    for old, new in moves.items():
        unsafe = next((char for char in _UNSAFE.findall(new) if char not in old), None)
        if unsafe is not None:
            raise UsageError(
                f"{new!r} contains {unsafe!r}",
                hint="a new name is made of letters, digits and '-', '_', '.', '@', '+', '~', '='",
            )
        if not os.path.lexists(root / old):
            hint = "add it to the sparse checkout first"
            raise InputError("the file is not in the work tree", where=old, hint=hint)


def refuse_ids(catalog: Catalog, moves: Mapping[str, str], ids: Mapping[str, str]) -> None:
    """Raise UsageError for a new id that another prompt has, and for ambiguous earlier names.

    The copies that an interrupted move left do not count.
    """
    copies = {*moves.values()}
    others = {
        identity: path
        for path, identity in catalog.ids.items()
        if path not in moves and path not in copies
    }
    for old, new in ids.items():
        _refuse_id(new, others)
        _refuse_alias(catalog, new, {*moves, *copies}, "is an earlier name of")
        _refuse_alias(catalog, old, {*moves, *copies}, "is also an earlier name of")


def _refuse_id(new: str, others: Mapping[str, str]) -> None:
    for other, path in others.items():
        if folded(other) == folded(new):
            differs = "" if other == new else ", which differs only in case,"
            raise UsageError(
                f"the prompt {other!r}{differs} exists already",
                hint=f"choose another name, or move {path} first",
            )
        if other.startswith(f"{new}/") or new.startswith(f"{other}/"):
            hint = "git can't have tags of both; choose another name"
            raise UsageError(
                f"an id can't be a folder of another: {new!r} and {other!r}", hint=hint
            )


def _refuse_alias(catalog: Catalog, name: str, own: Iterable[str], relation: str) -> None:
    """Two prompts with one name would leave its callers with an arbitrary one."""
    for path in catalog.graph.aliases.get(name, ()):
        if path not in own and catalog.id_of(path) is not None:
            raise UsageError(
                f"{name!r} {relation} {catalog.id_of(path)!r}",
                hint=f"remove it from the `aliases` of {path} first",
            )


def refuse_taken(
    workspace: Workspace, moves: Mapping[str, str], contents: Mapping[str, bytes]
) -> None:
    """Raise UsageError for a new path that exists or can't be created.

    A file that an interrupted move wrote has the content that it gets, and is accepted. `contents`
    are the new contents of edited files, by their old paths.
    """
    repository = workspace.repository
    disk = WorkTree(repository.root, repository.object_format)
    taken = Counter(moves.values())
    for old, new in moves.items():
        if not disk.holds(new) or not _has_folder(repository.root / new):
            raise UsageError(f"`{new}` is below a link or a file", hint="choose another folder")
        if taken[new] > 1:
            raise UsageError(f"two files would be named `{new}`", hint="rename one of them first")
        if not os.path.lexists(repository.root / new):
            continue
        if _is_same_file(repository.root / old, repository.root / new):
            continue
        entry = workspace.catalog.files.entries.get(new)
        wanted = contents.get(old, workspace.catalog.files.data(old))
        if entry is None or entry.tracked or disk.read(new) != wanted:
            raise UsageError(f"`{new}` exists already", hint="choose another name, or move it away")


def _has_folder(file: os.PathLike[str]) -> bool:
    """Whether the folder of a file exists or can be created: nothing above it is a file."""
    folder = os.path.dirname(file)
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    return os.path.isdir(folder)


def _is_same_file(one: os.PathLike[str], other: os.PathLike[str]) -> bool:
    """On a file system that ignores case, of two names that differ in case."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False
