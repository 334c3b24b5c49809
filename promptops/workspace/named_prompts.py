"""Resolve names of prompts on the command line, alike for every command."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from shlex import quote

from promptops.catalog.catalog import Catalog
from promptops.catalog.files import PROMPT_ENDINGS, folders_above
from promptops.catalog.references import is_below
from promptops.errors import UsageError
from promptops.plurals import counted, some
from promptops.repo.repository import Repository
from promptops.source.recording_files import first_of
from promptops.suggestions import MAX_CATALOG_CHARS, nearest_name
from promptops.workspace.workspace import Workspace

GLOB = frozenset("*?[")

MAX_SHOWN = 10
"""At most this many prompts are listed for an ambiguous name."""


def matching_prompts(catalog: Catalog, repository: Repository | None, name: str) -> list[str]:
    """The paths of the prompt files that a name matches; may be empty.

    A name is the first of these that matches: an id or a glob of ids; a path or a glob of paths,
    relative to the current directory or to the root of the repository, or absolute; an alias; a
    path below a root of prompts or schemas. The path of a folder selects the prompts in it, that of
    any other file the prompts that depend on it.

    Args:
        repository: Gives the root and the current directory; without it, paths are relative to the
            root of the catalog.
    """
    if not name:
        return []
    return (
        _with_id(catalog, name)
        or _at_first(catalog, candidate_paths(repository, name))
        or catalog.graph.aliases.get(name, [])
        or _at_first(catalog, _below_roots(catalog, name))
    )


def required_prompt(workspace: Workspace, name: str) -> str:
    """The path of the only prompt file that a name matches; else raises UsageError."""
    found = optional_prompt(workspace.catalog, workspace.repository, name)
    if found is None:
        raise no_match_error(workspace.catalog, workspace.repository, name)
    return found


def optional_prompt(catalog: Catalog, repository: Repository | None, name: str) -> str | None:
    """Like `required_prompt`, but None if the name matches nothing."""
    if name in catalog.paths:
        return catalog.paths[name]
    found = matching_prompts(catalog, repository, name)
    if found[1:]:
        raise _several(name, sorted(catalog.ids[path] for path in found))
    return found[0] if found else None


def candidate_paths(repository: Repository | None, name: str) -> Sequence[str]:
    """Paths from the root of the repository that a path argument may mean, most likely first.

    Empty if it is outside the repository.
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


def no_match_error(catalog: Catalog, repository: Repository | None, name: str) -> UsageError:
    """The error for a name without a match, with the nearest id or path."""
    message = f"no prompt matches {name!r}"
    paths = candidate_paths(repository, name) if name else ()
    if name and not paths:
        return UsageError(message, hint="the path is outside the repository")
    if any(catalog.files.is_file(path) for path in paths):
        return UsageError(message, hint="the file is not a prompt, and no prompt uses it")
    named = [f"{root}/{name}{end}" for root in catalog.config.prompts for end in PROMPT_ENDINGS]
    if repository is not None and (ignored := _ignored(repository, [*paths, *named])):
        return UsageError(message, hint=f"git ignores it: git check-ignore -v {quote(ignored)}")
    near = nearest_prompts([catalog], name, *paths)
    hint = f"did you mean `{near}`?" if near else "`promptops list` shows the prompts"
    return UsageError(message, hint=hint)


def _ignored(repository: Repository, paths: Sequence[str]) -> str | None:
    """The first ignored file at or below the paths that exist on disk."""
    if repository.bare:
        return None
    existing = [path for path in paths if os.path.lexists(repository.root / path)]
    return next(iter(repository.ignored(existing)), None) if existing else None


def nearest_prompts(catalogs: Iterable[Catalog], *written: str) -> str | None:
    """The id, or the path of a prompt file or of a folder with prompts, that is most similar.

    `written` are the forms of one name, the likeliest first.
    """
    known: dict[str, str] = {}
    for catalog in catalogs:
        for path, identity in catalog.ids.items():
            known |= {path: path, _without_ending(path): path, identity: identity}
            folders = (*folders_above(path), *folders_above(identity))
            known |= {folder: folder for folder in folders}
    names = (nearest_name(each, known, max_chars=MAX_CATALOG_CHARS) for each in written)
    return next((known[name] for name in names if name is not None), None)


def _without_ending(path: str) -> str:
    """As people write the path of a prompt file that they know by its id."""
    return path.removesuffix(PROMPT_ENDINGS[0]).removesuffix(PROMPT_ENDINGS[1])


def _with_id(catalog: Catalog, name: str) -> list[str]:
    exact = [path for path, identity in catalog.ids.items() if identity == name]
    if exact or not GLOB.intersection(name):
        return exact
    from promptops.lint.engine import matches

    return [path for path, identity in catalog.ids.items() if matches(identity, name)]


def _at_first(catalog: Catalog, paths: Iterable[str]) -> list[str]:
    """The prompts at the first path that has any."""
    return next(filter(None, (_at(catalog, path) for path in paths)), [])


def _at(catalog: Catalog, path: str) -> list[str]:
    if path in catalog.ids:
        return [path]
    below = [file for file in catalog.ids if is_below(file, path)]
    if below:
        return below
    if catalog.files.is_file(path):
        # The prompts that depend on a file, or whose recordings it contains.
        first = first_of(path)
        own = [user for user in catalog.ids if first and catalog.recordings_of(user) == first]
        above = list(catalog.dependent_prompts(path))
        return own or [user for user in above if _may_reach(catalog, user, path)]
    return _path_glob(catalog, path)


def _may_reach(catalog: Catalog, prompt_file: str, path: str) -> bool:
    """Whether a prompt file depends on a file; one that can't be read may depend on it."""
    return catalog.loaded(prompt_file).prompt is None or catalog.reaches(prompt_file, path)


def _path_glob(catalog: Catalog, path: str) -> list[str]:
    if not GLOB.intersection(path):
        return []
    from promptops.lint.engine import matches

    return [file for file in catalog.ids if matches(file, path)]


def _below_roots(catalog: Catalog, name: str) -> Iterator[str]:
    """The paths below the roots, as prompts write those of partials and schemas."""
    for path in _inside(os.path.normpath(name)):
        for root in (*catalog.config.prompts, *catalog.config.schemas):
            if root != "." and path != ".":
                yield f"{root}/{path}"


def _from_root(root: Path, path: Path) -> Iterator[str]:
    """The path as written, then with its links resolved."""
    for form in (os.path.normpath(path), os.path.realpath(path)):
        yield from _inside(os.path.relpath(form, root))


def _inside(path: str) -> Iterator[str]:
    slashed = path.replace(os.sep, "/")
    if slashed != ".." and not slashed.startswith(("../", "/")):
        yield slashed


def _several(name: str, ids: Sequence[str]) -> UsageError:
    hint = f"name one of them: {some(ids, MAX_SHOWN)}"
    return UsageError(
        f"{name!r} matches {counted(len(ids), 'prompt')}, and one is required", hint=hint
    )
