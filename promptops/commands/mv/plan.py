"""Plan a move of prompts and files, prove that it changes no request, and write it."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from posixpath import dirname, normpath

from promptops.catalog.catalog import Catalog, toml_places
from promptops.catalog.files import PROMPT_ENDINGS, Files, without_ending
from promptops.catalog.references import ReferenceResolver, is_below
from promptops.commands.lint.baseline import baseline_data, baseline_path
from promptops.commands.mv.references import (
    UNFINISHED,
    ReferenceEdits,
    References,
    call_edits,
    is_plain,
    judge_edits,
    text_at,
)
from promptops.errors import InputError, UsageError, os_reason
from promptops.lint.engine import matches
from promptops.lint.ids import folded, refuse_unfit
from promptops.model.config import Config
from promptops.model.moving import FileMove, KeptAlias, ManualEdit, MoveEdit, MovePlan
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.repo.process import decode
from promptops.repo.repository import WORKTREE, Repository
from promptops.repo.worktree import WorkTree
from promptops.source.cases import ENDINGS as CASE_ENDINGS
from promptops.source.document import Document, read
from promptops.source.document import decode as decode_source
from promptops.source.lines import UNMERGED_HINT, Lines
from promptops.source.recording_files import ENDING as RECORDINGS_ENDING
from promptops.source.recording_files import INSIDE, first_of
from promptops.storage.atomic import replace_whole
from promptops.suggestions import MAX_CATALOG_CHARS, nearest_name
from promptops.workspace.edits import ChangedTree, edited_contents, request_digests, with_changes
from promptops.workspace.named_prompts import candidate_paths
from promptops.workspace.new_files import relative_path
from promptops.workspace.workspace import (
    Workspace,
    baseline_paths,
    catalog_of,
    configuration,
    managed_paths,
)

CODE_OWNERS = ("CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")


def moving_workspace(repository: Repository, overrides: Sequence[str] = ()) -> Workspace:
    """The work tree with all files that a move may change, also those outside of the roots.

    Raises GitError without a work tree.
    """
    repository.need_work_tree()
    config = configuration(repository, WORKTREE, overrides)
    aside = (config.compare.recordings, config.probe.recordings, *CODE_OWNERS)
    tree = repository.tree(WORKTREE, (*managed_paths(config), *aside), baseline_paths(config))
    return Workspace(repository, WORKTREE, config, catalog_of(repository, WORKTREE, tree, config))


def plan_move(workspace: Workspace, old: str, new: str) -> MovePlan:
    """The move of what `old` names to `new`; `workspace` is that of `moving_workspace`.

    Nothing is written. The plan is proved: with it, every case renders as before.

    Args:
        old: The id of a prompt, or the path of a file or folder in a root.
        new: An id, or a path; an existing folder or a name that ends with a slash is the folder to
            move into.

    Raises:
        UsageError: A name does not exist or can't be used, or is taken.
        InputError: A file prevents the move: a link, a conflict, or a reference that can't be
            replaced.
    """
    catalog, references = workspace.catalog, References(workspace.catalog)
    source = _source(workspace, old)
    target = _target(workspace, source, new)
    if target == source:
        raise UsageError(f"{old!r} has this name already", hint="choose another new name")
    if target.startswith(f"{source}/"):
        raise UsageError(f"`{source}` can't be moved into itself", hint="choose another folder")
    moves = _moves_of(catalog, source, target)
    moves |= companions(workspace, references, moves)
    moves = {before: after for before, after in sorted(moves.items()) if before != after}
    pairs = ((catalog.id_of(before), catalog.id_of(after)) for before, after in moves.items())
    ids = {one: other for one, other in pairs if one and other and one != other}
    refuse_sources(workspace, moves)
    refuse_ids(catalog, moves, ids)
    kept = _kept(workspace, moves, ids)
    edits = sorted(_edits(workspace, references, moves, ids, kept), key=lambda each: each.place)
    refuse_taken(workspace, moves, new_contents(catalog, edits))
    _refuse_changed_requests(workspace, edits, moves)
    manual = sorted(manual_edits(workspace, moves, ids), key=lambda each: each.place)
    return MovePlan(
        old=catalog.ids.get(source, source),
        new=catalog.id_of(target) or target,
        files=tuple(
            FileMove(old=old, new=new, tracked=catalog.files.entries[old].tracked)
            for old, new in moves.items()
        ),
        edits=tuple(edits),
        aliases=tuple(
            KeptAlias(prompt=new, alias=old)
            for new, old in sorted((ids[before], before) for before in kept)
        ),
        manual=tuple(manual),
    )


def new_contents(catalog: Catalog, edits: Sequence[MoveEdit]) -> dict[str, bytes]:
    """The content of each edited file, by its old path."""
    return edited_contents(catalog, (each.edit for each in edits))


def _kept(workspace: Workspace, moves: Mapping[str, str], ids: Mapping[str, str]) -> frozenset[str]:
    """The old ids that become aliases: a name that no commit has is not known to anyone."""
    named = {old: workspace.catalog.ids.get(old) for old in moves}
    paths = [path for path, identity in named.items() if identity in ids]
    committed = committed_paths(workspace.repository, paths)
    return frozenset(identity for path, identity in named.items() if path in committed and identity)


def _edits(
    workspace: Workspace,
    references: References,
    moves: Mapping[str, str],
    ids: Mapping[str, str],
    kept: Collection[str],
) -> Iterator[MoveEdit]:
    before = workspace.catalog
    resolver = ReferenceResolver(Files(ChangedTree(before.files.tree, {}, moves)), before.config)
    own = [
        *ReferenceEdits(references=references, after=resolver, moves=moves, ids=ids).edits(),
        *_modeline_edits(before, moves),
        *_alias_edits(before, moves, ids, kept),
    ]
    yield from own
    after = _changed(workspace, own, moves)
    for path in _concerned(before, own, moves):
        yield from call_edits(before, after, path, moves.get(path, path))
    yield from judge_edits(before, ids)
    yield from config_edits(workspace, moves, ids)


def _refuse_changed_requests(
    workspace: Workspace, edits: Sequence[MoveEdit], moves: Mapping[str, str]
) -> None:
    """The proof: raise InputError for the first prompt that the move makes unreadable or different.

    A prompt that can't be read before is not compared.
    """
    before, after = workspace.catalog, _changed(workspace, edits, moves)
    for path in _concerned(before, edits, moves):
        expected = request_digests(before, path)
        if expected is not None and request_digests(after, moves.get(path, path)) != expected:
            raise InputError(
                "the move would change what this prompt sends",
                where=path,
                hint="another file has the new name in an earlier root; choose another name",
            )


def _changed(workspace: Workspace, edits: Sequence[MoveEdit], moves: Mapping[str, str]) -> Catalog:
    """The catalog after some edits."""
    contents = new_contents(workspace.catalog, edits)
    after = {moves.get(old, old): data for old, data in contents.items()}
    return with_changes(workspace, after, moves).catalog


def _alias_edits(
    catalog: Catalog, moves: Mapping[str, str], ids: Mapping[str, str], kept: Collection[str]
) -> Iterator[MoveEdit]:
    for old in moves:
        identity = catalog.ids.get(old)
        if identity is not None and identity in ids:
            document = read(old, catalog.files.data(old) or b"")
            if identity in kept:
                yield alias_edit(document, identity, ids[identity])
            else:
                yield from removed_alias(document, ids[identity])


def _concerned(catalog: Catalog, edits: Sequence[MoveEdit], moves: Mapping[str, str]) -> list[str]:
    """The prompts that a changed file reaches, in order of paths."""
    catalog.graph.parse_all()
    found = {*moves, *(each.place.path for each in edits)}
    waiting = list(found)
    while waiting:
        new = {*catalog.graph.files_naming(waiting.pop())} - found
        found |= new
        waiting.extend(new)
    return sorted(path for path in found if path in catalog.ids)


# Which names of prompts other people can know: those that are in a commit.


def committed_paths(repository: Repository, paths: Collection[str]) -> frozenset[str]:
    """Those of some paths at which a commit of any branch or tag has, or had, a file."""
    if not paths or repository.find("HEAD") is None:
        return frozenset()
    now = repository.tree("HEAD", under=tuple(paths)).entries.keys() & set(paths)
    left = sorted(set(paths) - now)
    log = ("--literal-pathspecs", "log", "--all", "--format=", "--name-only", "-z", "--", *left)
    earlier = decode(repository.git.run(*log)).split("\0") if left else ()
    return frozenset(now) | (frozenset(earlier) & frozenset(left))


# The files that move with a prompt: its cases, its body files and its recordings.


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
            found[path] = _renamed_path(path, old, new)
    found |= dict(_arm_and_probe_recordings(workspace, prompts))
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
            copies = (_renamed_path(each, prompt, copy) for each in own)
            known = {*own, target, *copies}
            if all(user in known for user in references.users(target)):
                own.append(target)
    return own[1:]


def _renamed_path(path: str, prompt: str, new_prompt: str) -> str:
    """In the folder of the new prompt, and with its name if the name begins with the old one."""
    if path == prompt:
        return new_prompt
    stem, new_stem = without_ending(prompt), without_ending(new_prompt)
    if path.startswith(f"{stem}."):
        return new_stem + path[len(stem) :]
    folder, slash, _ = new_stem.rpartition("/")
    return f"{folder}{slash}{path.rpartition('/')[2]}"


def _arm_and_probe_recordings(
    workspace: Workspace, prompts: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
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


# The edits of `aliases`: the old id of a moved prompt is added, its new one is removed.

_BEFORE_ALIASES = ("format", "title", "description", "owners", "tags")
"""The keys at the top of a prompt file, after which a new `aliases` is inserted."""


def alias_edit(document: Document, old: str, new: str) -> MoveEdit:
    """Add the old id to `aliases`; a prompt that gets an earlier name back has it no more there."""
    aliases = document.value.get("aliases") or []
    written = _written_id(old)
    if new in aliases:
        return _alias_edit_at(document, document.place(f"/aliases/{aliases.index(new)}"), written)
    if aliases:
        end = document.place(f"/aliases/{len(aliases) - 1}")
        if text_at(document.text, document.whole("/aliases")).startswith("["):
            return _alias_edit_at(document, _end(end), f", {written}")
        dash = re.match(r"[ ]*(?:aliases:)?[ ]*", _line(document, end.line))
        indent = " " * len(dash[0] if dash else "")
        return _alias_edit_at(document, _line_end(document, end), f"\n{indent}- {written}")
    if "aliases" in document.value:
        return _alias_edit_at(document, document.whole("/aliases"), f"[{written}]")
    return _new_aliases_key(document, f"aliases: [{written}]")


def removed_alias(document: Document, new: str) -> Iterator[MoveEdit]:
    """The edit that removes the new id from `aliases`, for a prompt that gets it back."""
    aliases = document.value.get("aliases") or []
    if new not in aliases:
        return
    others = [_written_id(one) for one in aliases if one != new]
    whole, key = document.whole("/aliases"), document.place("/aliases", key=True).line
    if not text_at(document.text, whole).startswith("["):
        line = document.place(f"/aliases/{aliases.index(new)}").line
        yield _without_lines(document, line if others else key, line)
    elif others or text_at(document.text, document.whole("")).startswith("{"):
        yield _alias_edit_at(document, whole, f"[{', '.join(others)}]")
    else:
        yield _without_lines(document, key, whole.end_line)


def _without_lines(document: Document, first: int, last: int) -> MoveEdit:
    return _alias_edit_at(document, Place(document.path, first, 1, last + 1, 1), "")


def _written_id(identity: str) -> str:
    return identity if is_plain(identity) else json.dumps(identity)


def _new_aliases_key(document: Document, line: str) -> MoveEdit:
    keys = [key for key in document.value if key in _BEFORE_ALIASES]
    first = document.place("/format", key=True)
    if text_at(document.text, document.whole("")).startswith("{"):
        at = Place(document.path, first.line, first.column, first.line, first.column)
        return _alias_edit_at(document, at, f"{line}, ")
    last = max((document.whole(f"/{key}") for key in keys), key=lambda place: place.end_line)
    return _alias_edit_at(
        document, _line_end(document, last), f"\n{' ' * (first.column - 1)}{line}"
    )


def _line(document: Document, number: int) -> str:
    start, end = Lines(document.path, document.text).row(number)
    return document.text[start:end]


def _line_end(document: Document, place: Place) -> Place:
    line, column = place.end_line, len(_line(document, place.end_line)) + 1
    return Place(document.path, line, column, line, column)


def _end(place: Place) -> Place:
    return Place(place.path, place.end_line, place.end_column, place.end_line, place.end_column)


def _alias_edit_at(document: Document, place: Place, text: str) -> MoveEdit:
    before = text_at(document.text, place)
    return MoveEdit(kind="alias", place=place, before=before, after=text)


# Names of moved files outside of the catalog: the configuration, code owners, the baseline.


def config_edits(
    workspace: Workspace, moves: Mapping[str, str], ids: Mapping[str, str]
) -> Iterator[MoveEdit]:
    """Paths of `lint.per-file-ignores` and ids of `score.alerts` that name one moved file."""
    places = toml_places(workspace.catalog)
    if places is None:
        return
    for pointer, old, names in _patterns_of(workspace.config, moves, ids):
        place = places.word(pointer, old) if old in names else None
        if place is not None:
            before = text_at(places.text, place)
            after = before.replace(old, names[old])
            yield MoveEdit(kind="config", place=place, before=before, after=after)


def _patterns_of(
    config: Config, moves: Mapping[str, str], ids: Mapping[str, str]
) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """The pointer, a pattern below it, and the new names by the old ones that it may match."""
    for pattern in config.lint.per_file_ignores:
        yield "/lint/per-file-ignores", pattern, moves
    for index, alert in enumerate(config.score.alerts):
        yield from ((f"/score/alerts/{index}/prompts", pattern, ids) for pattern in alert.prompts)


def manual_edits(
    workspace: Workspace, moves: Mapping[str, str], ids: Mapping[str, str]
) -> Iterator[ManualEdit]:
    """Patterns that match a file only before the move, and accepted findings of moved files."""
    yield from _lost_patterns(workspace, moves, ids)
    for path in CODE_OWNERS:
        text = workspace.catalog.files.text(path)
        if text is not None:
            yield from _lost_owners(path, text.value, moves)
    yield from _accepted_findings(workspace, moves)


def _lost_patterns(
    workspace: Workspace, moves: Mapping[str, str], ids: Mapping[str, str]
) -> Iterator[ManualEdit]:
    config, places = workspace.config, toml_places(workspace.catalog)
    if places is None:
        return
    for pointer, pattern, names in _patterns_of(config, moves, ids):
        if pattern not in names:
            place = places.word(pointer, pattern) or Place(config.path or "")
            yield from _lost_match(place, pattern, names, matches)


def _lost_match(
    place: Place,
    pattern: str,
    names: Mapping[str, str],
    matches: Callable[[str, str], bool],
) -> Iterator[ManualEdit]:
    """The first new name that does not match although its old name did."""
    for old, new in names.items():
        if matches(old, pattern) and not matches(new, pattern):
            message = f"`{pattern}` does not match the new name `{new}`"
            yield ManualEdit(place=place, message=message)
            return


def _lost_owners(path: str, text: str, moves: Mapping[str, str]) -> Iterator[ManualEdit]:
    for number, line in enumerate(text.split("\n"), 1):
        pattern, *_ = line.split(maxsplit=1) or [""]
        if pattern and not pattern.startswith(("#", "[")):
            start = line.index(pattern)
            place = Place(path, number, start + 1, number, start + len(pattern) + 1)
            yield from _lost_match(place, pattern, moves, _is_owned)


def _is_owned(path: str, pattern: str) -> bool:
    """Whether a pattern of CODEOWNERS matches, as in .gitignore."""
    inner = pattern.strip("/")
    anchored = "/" in pattern.rstrip("/")
    globs = [inner, f"{inner}/**"] if not pattern.endswith("/") else [f"{inner}/**"]
    globs += [] if anchored else [f"**/{glob}" for glob in globs]
    return any(matches(path, glob) for glob in globs)


def _accepted_findings(workspace: Workspace, moves: Mapping[str, str]) -> Iterator[ManualEdit]:
    data = baseline_data(workspace, workspace.revision)
    try:
        entries = json.loads(data)["findings"] if data is not None else []
        number = sum(1 for entry in entries if entry["path"] in moves)
    except (ValueError, KeyError, TypeError, RecursionError):
        return  # `promptops lint` reports it
    if number:
        accepted = counted(number, "accepted finding")
        message = f"has {accepted} of moved files: rewrite it: `promptops lint --write-baseline`"
        yield ManualEdit(place=Place(baseline_path(workspace)), message=message)


# The comment that leads editors from a moved prompt to the schema of prompt files.

_MODELINE = lazy_pattern(r"#[ ]*yaml-language-server:[ ]*\$schema=(\.\.?/\S+)")


def _modeline_edits(catalog: Catalog, moves: Mapping[str, str]) -> Iterator[MoveEdit]:
    """The relative path of the schema, from the new folder; a path out of the repository stays."""
    for old, new in moves.items():
        if old not in catalog.ids:
            continue
        text, _ = decode_source(old, catalog.files.data(old) or b"")
        found = _MODELINE.search(text)
        target = normpath(f"{dirname(old)}/{found[1]}") if found else ""
        if found is None or target.startswith(("..", "/")):
            continue
        after = relative_path(moves.get(target, target), new)
        if after != found[1]:
            place = Lines(old, text).place(*found.span(1))
            yield MoveEdit(kind="reference", place=place, before=found[1], after=after)


# The two names of a move: which files have the old one, and their paths under the new one.


def _moves_of(catalog: Catalog, source: str, target: str) -> dict[str, str]:
    """From the old to the new path of a file or of all files of a folder; without companions."""
    if source in catalog.files.entries:
        return {source: target}
    inside = (path for path in catalog.files.entries if path.startswith(f"{source}/"))
    return {path: f"{target}{path[len(source) :]}" for path in inside}


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
    if not _is_in(path, roots):
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
    found = next((path for path in paths if _is_in(path, roots)), None)
    if found is not None:
        return found
    if not paths or name.startswith(("/", "./", "../")):
        raise UsageError(f"{name!r} is outside of the roots", hint=f"name a path below `{root}`")
    return _joined(root, paths[-1])


def _is_in(path: str, roots: Sequence[str]) -> bool:
    return any(is_below(path, root) for root in roots)


def _prompt_target(workspace: Workspace, source: str, name: str) -> str:
    catalog, root = workspace.catalog, _root_of(workspace, source)
    ending = next(end for end in PROMPT_ENDINGS if source.endswith(end))
    written = next((end for end in PROMPT_ENDINGS if name.endswith(end)), "")
    path = _prompt_path(workspace, root, name.removesuffix(written).rstrip("/"), written)
    if not _is_in(path, workspace.config.prompts):
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
    return name if root != "." and _is_in(name, workspace.config.prompts) else _joined(root, name)


def _root_of(workspace: Workspace, path: str) -> str:
    roots = (*workspace.config.prompts, *workspace.config.schemas)
    return next(root for root in roots if is_below(path, root))


def _joined(root: str, path: str) -> str:
    return path if root == "." else f"{root}/{path}"


# What prevents a move: the kinds of its files, ids in use, and taken paths.

_UNSAFE_IN_PATHS = lazy_pattern(r"[^\w.@+~=/-]")
"""Characters that a path can't have in YAML, JSON and templates alike without escapes."""

_UNMOVABLE = {
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
        if path in moves and entry.kind in _UNMOVABLE:
            message, hint = _UNMOVABLE[entry.kind]
            raise InputError(message, where=path, hint=hint)
    for old, new in moves.items():
        unsafe = next((char for char in _UNSAFE_IN_PATHS.findall(new) if char not in old), None)
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


# Apply a planned move to the work tree; git's index stays as it is.


def apply_move(workspace: Workspace, plan: MovePlan) -> None:
    """Write the new files, then change the files that refer to them, then remove the old ones.

    Each file is replaced as a whole, and at any time every reference leads to a file: a move that
    is interrupted leaves nothing that git does not show, and the same command completes it as long
    as the old files exist.

    Raises:
        InputError: A file can't be written.
        UsageError: Git ignores a new path; nothing is changed then.
    """
    root = workspace.repository.root
    contents = new_contents(workspace.catalog, plan.edits)
    moves = plan.moves
    try:
        _remove_leftovers(workspace)
        # A prompt is there only with all that it names.
        for old, new in sorted(moves.items(), key=lambda move: (_is_prompt_file(move[0]), move)):
            _write_new(root / old, root / new, contents.get(old))
        _refuse_ignored(workspace, moves)
        for path in sorted(contents.keys() - moves.keys()):
            replace_whole(root / path, contents[path], _temporary(root / path))
        _remove_old(root, moves)
    except OSError as error:
        where = os.path.relpath(str(error.filename or root), root)
        hint = "correct that, and run the same command again"
        raise InputError(f"can't be moved: {os_reason(error)}", where=where, hint=hint) from None


def _write_new(old: Path, new: Path, data: bytes | None) -> None:
    """With the permissions of the old file."""
    new.parent.mkdir(parents=True, exist_ok=True)
    if _is_same_file(old, new):
        os.rename(old, new)  # to a name that differs in case, where the file system ignores case
        if data is not None:
            replace_whole(new, data, _temporary(new))
        return
    replace_whole(new, old.read_bytes() if data is None else data, _temporary(new))
    shutil.copymode(old, new)


def _temporary(file: Path) -> Path:
    """The name is always the same, so that the next run replaces what a crash left."""
    return file.with_name(f".{file.name}{UNFINISHED}")


def _remove_leftovers(workspace: Workspace) -> None:
    """Remove the temporary files of any move that was killed: untracked, and named as ours are."""
    cases = tuple(f".cases{ending}" for ending in CASE_ENDINGS)
    for path, entry in workspace.catalog.files.entries.items():
        name = path.rpartition("/")[2]
        written = name.removeprefix(".").removesuffix(UNFINISHED)
        is_ours = written.endswith((*PROMPT_ENDINGS, *cases, RECORDINGS_ENDING))
        if is_ours and not entry.tracked and name == f".{written}{UNFINISHED}":
            (workspace.repository.root / path).unlink(missing_ok=True)


def _refuse_ignored(workspace: Workspace, moves: Mapping[str, str]) -> None:
    """Git answers for existing files only. One file of each folder is checked."""
    repository = workspace.repository
    for new in {path.rpartition("/")[0]: path for path in moves.values()}.values():
        if repository.is_ignored(new):
            _remove_new(repository.root, moves)
            hint = "choose another name, or edit .gitignore"
            raise UsageError(f"git ignores `{new}`", hint=hint)


def _remove_new(root: Path, moves: Mapping[str, str]) -> None:
    for old, new in moves.items():
        if new not in moves and not _is_same_file(root / old, root / new):
            (root / new).unlink(missing_ok=True)
            _remove_empty((root / new).parent, root)


def _remove_old(root: Path, moves: Mapping[str, str]) -> None:
    """Prompts first: without its prompt, no other old file is read."""
    new = {*moves.values()}
    for path in sorted(moves, key=lambda path: (not _is_prompt_file(path), path)):
        if path not in new and not _is_same_file(root / path, root / moves[path]):
            (root / path).unlink(missing_ok=True)
    for folder in sorted({(root / path).parent for path in moves}, reverse=True):
        _remove_empty(folder, root)


def _is_prompt_file(path: str) -> bool:
    return path.endswith(PROMPT_ENDINGS)


def _remove_empty(folder: Path, root: Path) -> None:
    """A folder and those above it, as far as they are empty: git does not track folders."""
    with suppress(OSError):
        while folder != root:
            folder.rmdir()
            folder = folder.parent
