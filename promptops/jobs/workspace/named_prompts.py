"""Resolve names of prompts on the command line, alike for every command."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from promptops.catalog.catalog import Catalog
from promptops.catalog.references import is_below
from promptops.counting import counted, some
from promptops.errors import UsageError
from promptops.jobs.workspace.workspace import Workspace
from promptops.nearest import MAX_CATALOG_CHARS, did_you_mean
from promptops.repo.repository import Repository
from promptops.source.recording_files import first_of

GLOB = frozenset("*?[")

MAX_SHOWN = 10
"""At most this many prompts are listed for an ambiguous name."""


def named(catalog: Catalog, repository: Repository | None, name: str) -> list[str]:
    """The paths of the prompt files that a name means; none where it matches nothing.

    A name is the first of these that matches: an id or a glob of ids; a path or a glob of paths,
    relative to the current directory or to the root of the repository, or absolute; a name that a
    prompt had before; a path below a root of prompts or schemas. The path of a folder means the
    prompts in it, that of any other file the prompts that need it.

    Args:
        repository: For paths: where its root and the current directory are. None where there is
            none; a path is then relative to the root of the catalog.
    """
    if not name:
        return []
    return (
        _with_id(catalog, name)
        or _at_first(catalog, written_paths(repository, name))
        or catalog.graph.aliases.get(name, [])
        or _at_first(catalog, _below_roots(catalog, name))
    )


def one(workspace: Workspace, name: str) -> str:
    """The path of the one prompt file that a name means; raises UsageError for none or several."""
    found = only(workspace.catalog, workspace.repository, name)
    if found is None:
        raise no_match(workspace.catalog, workspace.repository, name)
    return found


def only(catalog: Catalog, repository: Repository | None, name: str) -> str | None:
    """As `one`, but None where a name matches nothing."""
    if name in catalog.paths:
        return catalog.paths[name]
    found = named(catalog, repository, name)
    if found[1:]:
        raise _several(name, sorted(catalog.ids[path] for path in found))
    return found[0] if found else None


def written_paths(repository: Repository | None, name: str) -> Sequence[str]:
    """Paths from the root of the repository that a written path may mean, the likeliest first.

    Empty where it is outside the repository.
    """
    if "\0" in name:
        return ()
    is_absolute = os.path.isabs(name)
    from_root = () if is_absolute else _inside(os.path.normpath(name))
    if repository is None or (repository.bare and not is_absolute):
        return tuple(from_root)
    here = _from_root(repository.root, repository.directory / name)
    if is_absolute or name in (".", "..") or name.startswith(("./", "../")):
        return tuple(here)
    return tuple(dict.fromkeys((*here, *from_root)))


def no_match(catalog: Catalog, repository: Repository | None, name: str) -> UsageError:
    """The error for a name without a match, with the nearest id or path."""
    message = f"no prompt matches {name!r}"
    paths = written_paths(repository, name) if name else ()
    if name and not paths:
        return UsageError(message, hint="the path is outside the repository")
    if any(catalog.files.is_file(path) for path in paths):
        return UsageError(message, hint="the file is not a prompt, and no prompt uses it")
    hint = _nearest(catalog, name, paths) or "`promptops list` shows the prompts"
    return UsageError(message, hint=hint)


def _with_id(catalog: Catalog, name: str) -> list[str]:
    exact = [path for path, each in catalog.ids.items() if each == name]
    if exact or not GLOB.intersection(name):
        return exact
    from promptops.lint.engine import matches

    return [path for path, each in catalog.ids.items() if matches(each, name)]


def _at_first(catalog: Catalog, paths: Iterable[str]) -> list[str]:
    """The prompts at the first of some paths that has any."""
    return next(filter(None, (_at(catalog, path) for path in paths)), [])


def _at(catalog: Catalog, path: str) -> list[str]:
    if path in catalog.ids:
        return [path]
    below = [each for each in catalog.ids if is_below(each, path)]
    if below:
        return below
    if catalog.files.is_file(path):
        return _needing(catalog, path)
    return _path_glob(catalog, path)


def _needing(catalog: Catalog, path: str) -> list[str]:
    """The prompts that reach a file, or whose recordings it holds."""
    first = first_of(path)
    own = [each for each in catalog.ids if first and catalog.recordings_of(each) == first]
    above = [each for each in catalog.graph.above(path) if each in catalog.ids]
    return own or [each for each in above if _may_reach(catalog, each, path)]


def _may_reach(catalog: Catalog, prompt_file: str, path: str) -> bool:
    """Whether a prompt file needs a file; one that can't be read and names it may need it."""
    return catalog.loaded(prompt_file).prompt is None or catalog.reaches(prompt_file, path)


def _path_glob(catalog: Catalog, path: str) -> list[str]:
    if not GLOB.intersection(path):
        return []
    from promptops.lint.engine import matches

    return [each for each in catalog.ids if matches(each, path)]


def _below_roots(catalog: Catalog, name: str) -> Iterator[str]:
    """As prompts write the paths of their partials and schemas."""
    for path in _inside(os.path.normpath(name)):
        for root in (*catalog.config.prompts, *catalog.config.schemas):
            if root != "." and path != ".":
                yield f"{root}/{path}"


def _from_root(root: Path, path: Path) -> Iterator[str]:
    """As it is written, then with its links followed."""
    for each in (os.path.normpath(path), os.path.realpath(path)):
        yield from _inside(os.path.relpath(each, root))


def _inside(path: str) -> Iterator[str]:
    slashed = path.replace(os.sep, "/")
    if slashed != ".." and not slashed.startswith(("../", "/")):
        yield slashed


def _several(name: str, ids: Sequence[str]) -> UsageError:
    hint = f"name one of them: {some(ids, MAX_SHOWN)}"
    return UsageError(
        f"{name!r} matches {counted(len(ids), 'prompt')}, and one is required", hint=hint
    )


def _nearest(catalog: Catalog, name: str, paths: Sequence[str]) -> str | None:
    """Of the ids; of the paths for what is written like the path of a file."""
    if name.endswith((".yaml", ".yml")) and paths:
        return did_you_mean(paths[0], catalog.ids, max_chars=MAX_CATALOG_CHARS)
    return did_you_mean(name, catalog.paths, max_chars=MAX_CATALOG_CHARS)
