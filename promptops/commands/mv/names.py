"""The two names of a move: which files have the old one, and their paths under the new one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from promptops.catalog.catalog import Catalog
from promptops.catalog.prompt_ids import PROMPT_ENDINGS
from promptops.catalog.references import is_below
from promptops.errors import UsageError
from promptops.lint.ids import refuse_unfit
from promptops.records import record
from promptops.source.recording_files import first_of
from promptops.suggestions import MAX_CATALOG_CHARS, nearest_name
from promptops.workspace.named_prompts import candidate_paths
from promptops.workspace.workspace import Workspace


@record(frozen=True, slots=True, kw_only=True)
class Renaming:
    """The two names, resolved.

    Attributes:
        old, new: Paths of a file or a folder, relative to the repository root.
        files: From the old path of each file to its new one; without files that go with them.
    """

    old: str
    new: str
    files: Mapping[str, str]


def renaming(workspace: Workspace, old: str, new: str) -> Renaming:
    """What `old` names, under the name `new`.

    Raises UsageError for a name that does not exist or can't be used.
    """
    source = _source(workspace, old)
    target = _target(workspace, source, new)
    if target == source:
        raise UsageError(f"{old!r} has this name already", hint="choose another new name")
    if target.startswith(f"{source}/"):
        raise UsageError(f"`{source}` can't be moved into itself", hint="choose another folder")
    entries = workspace.catalog.files.entries
    if source in entries:
        return Renaming(old=source, new=target, files={source: target})
    inside = (path for path in entries if path.startswith(f"{source}/"))
    files = {path: f"{target}{path[len(source) :]}" for path in inside}
    return Renaming(old=source, new=target, files=files)


def _source(workspace: Workspace, name: str) -> str:
    """The path of a file or folder of the work tree: first ids, then paths, then paths in roots."""
    catalog = workspace.catalog
    if name in catalog.paths:
        return catalog.paths[name]
    paths = [path.rstrip("/") for path in candidate_paths(workspace.repository, name)]
    for path in (*paths, *_in_roots(workspace, paths)):
        if path in catalog.files.entries or _is_folder(catalog, path):
            return _below_a_root(workspace, path)
    raise _unknown(catalog, name)


def _in_roots(workspace: Workspace, paths: Sequence[str]) -> Iterator[str]:
    for path in paths:
        for root in (*workspace.config.prompts, *workspace.config.schemas):
            if root != "." and path != ".":
                yield f"{root}/{path}"
                yield from (f"{root}/{path}{ending}" for ending in PROMPT_ENDINGS)


def _is_folder(catalog: Catalog, path: str) -> bool:
    return any(entry.startswith(f"{path}/") for entry in catalog.files.entries)


def _below_a_root(workspace: Workspace, path: str) -> str:
    roots = (*workspace.config.prompts, *workspace.config.schemas)
    if path in roots or any(root.startswith(f"{path}/") for root in roots):
        hint = "rename the folder with `git mv`, and change the configuration"
        raise UsageError(f"`{path}` is a root of the configuration or contains one", hint=hint)
    if not any(is_below(path, root) for root in roots):
        raise UsageError(f"`{path}` is in no root of prompts or schemas", hint="use `git mv`")
    if first_of(path) is not None:
        hint = "move the prompt: its recordings follow it"
        raise UsageError(f"`{path}` contains recordings", hint=hint)
    return path


def _unknown(catalog: Catalog, name: str) -> UsageError:
    owners = catalog.graph.aliases.get(name)
    if owners:
        current = catalog.ids.get(owners[0], owners[0])
        return UsageError(
            f"{name!r} is an earlier name of a prompt", hint=f"its id is {current!r} now"
        )
    known = [*catalog.paths, *catalog.files.entries]
    near = nearest_name(name, known, max_chars=MAX_CATALOG_CHARS)
    hint = f"did you mean `{near}`?" if near else "`promptops list` shows the prompts"
    return UsageError(f"no prompt, file or folder is named {name!r}", hint=hint)


def _target(workspace: Workspace, source: str, name: str) -> str:
    """The new path; into the folder if `name` is an existing folder or ends with a slash."""
    catalog = workspace.catalog
    if not name.strip("/. "):
        raise UsageError(f"{name!r} can't be a new name", hint="name an id or a path")
    if catalog.id_of(source) is not None and source in catalog.files.entries:
        return _prompt_target(workspace, source, name)
    if name.endswith(PROMPT_ENDINGS) and source in catalog.files.entries:
        raise UsageError(
            f"{name!r} is the name of a prompt file, and `{source}` is not a prompt",
            hint="choose another ending",
        )
    root = _root_of(workspace, source)
    path = _path_in_root(workspace, root, name)
    into = name.endswith("/") or _is_folder(catalog, path)
    return f"{path}/{source.rpartition('/')[2]}" if into else path


def _path_in_root(workspace: Workspace, root: str, name: str) -> str:
    """The path that a name means: as written if it is in a root, else below `root`."""
    roots = (*workspace.config.prompts, *workspace.config.schemas)
    paths = [path.rstrip("/") for path in candidate_paths(workspace.repository, name)]
    found = next((path for path in paths if _in([path], roots)), None)
    if found is not None:
        return found
    if not paths or name.startswith(("/", "./", "../")):
        raise UsageError(f"{name!r} is outside of the roots", hint=f"name a path below `{root}`")
    return _joined(root, paths[-1])


def _in(paths: Sequence[str], roots: Sequence[str]) -> bool:
    return any(is_below(path, root) for path in paths for root in roots)


def _prompt_target(workspace: Workspace, source: str, name: str) -> str:
    catalog, root = workspace.catalog, _root_of(workspace, source)
    ending = next(end for end in PROMPT_ENDINGS if source.endswith(end))
    written = next((end for end in PROMPT_ENDINGS if name.endswith(end)), "")
    path = _prompt_path(workspace, root, name.removesuffix(written).rstrip("/"), written)
    if not any(is_below(path, each) for each in workspace.config.prompts):
        raise UsageError(
            f"{name!r} is not in a root of prompts", hint=f"name a path below `{root}`"
        )
    if name.endswith("/") or (not written and _is_folder(catalog, path)):
        path = f"{path}/{source.rpartition('/')[2].removesuffix(ending)}"
    target = f"{path}{written or ending}"
    refuse_unfit(catalog.id_of(target) or name)
    return target


def _prompt_path(workspace: Workspace, root: str, name: str, ending: str) -> str:
    """The path of an id, or of a path from the root of the repository; with `ending`, of a path."""
    if ending or name.startswith(("/", "./", "../")) or ".." in name.split("/"):
        return _path_in_root(workspace, root, name)
    return name if root != "." and _in([name], workspace.config.prompts) else _joined(root, name)


def _root_of(workspace: Workspace, path: str) -> str:
    roots = (*workspace.config.prompts, *workspace.config.schemas)
    return next(root for root in roots if is_below(path, root))


def _joined(root: str, path: str) -> str:
    return path if root == "." else f"{root}/{path}"
