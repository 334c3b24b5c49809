"""Plan a move: which files get which paths, and what changes in which files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from promptops.catalog.catalog import Catalog
from promptops.catalog.files import Files
from promptops.catalog.references import ReferenceResolver
from promptops.jobs.moving.alias_edits import alias_edit, removed_alias
from promptops.jobs.moving.committed_paths import committed_paths
from promptops.jobs.moving.companions import companions
from promptops.jobs.moving.modeline_edits import modeline_edits
from promptops.jobs.moving.names import renaming
from promptops.jobs.moving.outside import CODE_OWNERS, config_edits, manual_edits
from promptops.jobs.moving.proof import refuse_changed_requests
from promptops.jobs.moving.recording_edits import call_edits, judge_edits
from promptops.jobs.moving.reference_edits import ReferenceEdits
from promptops.jobs.moving.references import References
from promptops.jobs.moving.refusals import refuse_ids, refuse_sources, refuse_taken
from promptops.jobs.workspace.changed_tree import ChangedTree, with_changes
from promptops.jobs.workspace.text_edits import edited_contents
from promptops.jobs.workspace.workspace import (
    Workspace,
    baseline_paths,
    catalog_of,
    configuration,
    managed_paths,
)
from promptops.model.moving import FileMove, MoveEdit, MovePlan
from promptops.repo.repository import WORKTREE, Repository
from promptops.source.document import read


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
    named = renaming(workspace, old, new)
    moves = dict(named.files)
    moves |= companions(workspace, references, moves)
    moves = {before: after for before, after in sorted(moves.items()) if before != after}
    ids = _ids(catalog, moves)
    refuse_sources(workspace, moves)
    refuse_ids(catalog, moves, ids)
    kept = _kept(workspace, moves, ids)
    edits = sorted(_edits(workspace, references, moves, ids, kept), key=lambda each: each.place)
    refuse_taken(workspace, moves, new_contents(catalog, edits))
    _prove(workspace, edits, moves)
    manual = sorted(manual_edits(workspace, moves, ids), key=lambda each: each.place)
    return MovePlan(
        old=catalog.ids.get(named.old, named.old),
        new=catalog.id_of(named.new) or named.new,
        files=tuple(_file_move(catalog, *pair) for pair in moves.items()),
        edits=tuple(edits),
        aliases=tuple(sorted((ids[before], before) for before in kept)),
        manual=tuple(manual),
    )


def _file_move(catalog: Catalog, old: str, new: str) -> FileMove:
    return FileMove(old=old, new=new, tracked=catalog.files.entries[old].tracked)


def new_contents(catalog: Catalog, edits: Sequence[MoveEdit]) -> dict[str, bytes]:
    """The content of each edited file, by its old path."""
    return edited_contents(catalog, (each.edit for each in edits))


def _ids(catalog: Catalog, moves: Mapping[str, str]) -> dict[str, str]:
    """From the old to the new ids of the moved prompts."""
    pairs = ((catalog.id_of(old), catalog.id_of(new)) for old, new in moves.items())
    return {old: new for old, new in pairs if old is not None and new is not None and old != new}


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
        *modeline_edits(before, moves),
        *_alias_edits(before, moves, ids, kept),
    ]
    yield from own
    after = _changed(workspace, own, moves)
    for path in _concerned(before, own, moves):
        yield from call_edits(before, after, path, moves.get(path, path))
    yield from judge_edits(before, ids)
    yield from config_edits(workspace, moves, ids)


def _prove(workspace: Workspace, edits: Sequence[MoveEdit], moves: Mapping[str, str]) -> None:
    before, after = workspace.catalog, _changed(workspace, edits, moves)
    refuse_changed_requests(before, after, _concerned(before, edits, moves), moves)


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
