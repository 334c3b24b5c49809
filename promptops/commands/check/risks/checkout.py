"""Risks in git attributes that make files on disk differ from their commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from promptops.model.place import Place
from promptops.model.risk import Risk
from promptops.plurals import counted
from promptops.repo.attributes import FILE, Values, altering, attribute_files
from promptops.repo.repository import INDEX, WORKTREE
from promptops.workspace.workspace import Workspace, managed_paths

MOST = 20
"""At most this many attributes are reported with their places."""
LONGEST = 2048
"""Characters of a line; git ignores a longer one."""

Lines = Mapping[str, list[str]]
"""The lines of each .gitattributes file, by its path."""


def checkout_risks(workspace: Workspace, base: Workspace | None) -> Iterator[Risk]:
    """Risks for attributes that make files on disk differ from the committed ones.

    A reviewer who opens such a file does not see the content that is committed and loaded.

    Args:
        base: Files with the same content and attributes in the base are left out.
    """
    files = workspace.catalog.files
    paths = [path for path in files.entries if files.is_file(path)]
    lines = _attribute_lines(workspace)
    if not lines:
        return
    values = workspace.repository.attributes(workspace.revision, paths)
    known = _known(workspace, base, values) if base is not None else frozenset()
    found: dict[str, list[str]] = {}
    for path, content in _committed(workspace, [p for p in values if p not in known]).items():
        for attribute in altering(values[path], content):
            found.setdefault(attribute, []).append(path)
    for attribute, altered in sorted(found.items())[:MOST]:
        message = f"the git attribute `{attribute}` is set: {_differing(altered)}"
        yield Risk(message=message, place=_attribute_place(lines, altered[0], attribute))
    left_out = [path for _, altered in sorted(found.items())[MOST:] for path in altered]
    if left_out:
        yield Risk(message=f"git attributes: {_differing(sorted(set(left_out)))}")


def _differing(paths: list[str]) -> str:
    first, *others = paths
    if not others:
        return f"{first} differs on disk from what is committed"
    return f"{first} and {counted(len(others), 'more file')} differ on disk from what is committed"


def _attribute_lines(workspace: Workspace) -> Lines:
    """The lines of each relevant .gitattributes file, the nearest to the files first."""
    entries = workspace.catalog.files.entries
    inside = (path for path in entries if path.rpartition("/")[2] == FILE)
    places = sorted({*attribute_files(managed_paths(workspace.config)), *inside})
    found = workspace.repository.tree(workspace.revision, under=places).read(places)
    nearest = sorted(found, key=lambda path: (-path.count("/"), path))
    return {path: found[path].decode("utf-8", "replace").splitlines() for path in nearest}


def _known(workspace: Workspace, base: Workspace, values: Mapping[str, Values]) -> frozenset[str]:
    """The paths whose content and attributes are unchanged."""
    files, before = workspace.catalog.files, base.catalog.files
    same = [path for path in values if files.blob(path) == before.blob(path)]
    if not same:
        return frozenset()
    then = workspace.repository.attributes(base.revision, same)
    return frozenset(path for path in same if then.get(path) == values[path])


def _committed(workspace: Workspace, paths: list[str]) -> Mapping[str, bytes]:
    """The committed content of the files; for the work tree, the content in the index."""
    files = workspace.catalog.files
    files.prefetch(paths)
    contents = {path: files.data(path) or b"" for path in paths}
    if workspace.revision == WORKTREE and paths:
        contents |= workspace.repository.tree(INDEX, under=paths).read(paths)
    return contents


def _attribute_place(lines: Lines, path: str, attribute: str) -> Place:
    """The line that sets an attribute of a file; only the file if a macro sets it."""
    above = [file for file in lines if path.startswith(file.removesuffix(FILE))]
    for file in above:
        below = path.removeprefix(file.removesuffix(FILE))
        for number, line in reversed(list(enumerate(lines[file], 1))):
            pattern, *attributes = line[:LONGEST].split() or [""]
            if attribute in attributes and _matches(pattern, below):
                return Place(file, number)
    return Place(next(iter(above), FILE))


def _matches(pattern: str, path: str) -> bool:
    """Match a pattern as git does, for the usual patterns."""
    name = path if "/" in pattern.strip("/") else path.rpartition("/")[2]
    return fnmatchcase(name, pattern.strip('"').lstrip("/"))
