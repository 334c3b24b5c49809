"""The files of a repository while an editor changes them, and the configuration in force."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from promptops.catalog.catalog import Catalog
from promptops.catalog.stored_facts import Names
from promptops.errors import InputError, PromptopsError
from promptops.jobs.workspace.config_files import config_files
from promptops.jobs.workspace.graph_cache import read_graph
from promptops.jobs.workspace.roots import refuse_closed_roots, refuse_missing_roots
from promptops.jobs.workspace.workspace import (
    Workspace,
    bundle_digests,
    content_at,
    missing_file_state,
)
from promptops.model.config import Config
from promptops.records import record
from promptops.repo.live_tree import LiveTree
from promptops.repo.repository import WORKTREE, Repository
from promptops.repo.worktree import WorkTree
from promptops.source.config import FILES, load, valid_part


def live_tree(repository: Repository) -> LiveTree:
    """The configuration files of the work tree; GitError without a work tree, or if git fails."""
    disk = WorkTree(repository.root, repository.object_format)
    return LiveTree(lambda under: repository.tree(WORKTREE, under), disk, FILES)


@record(frozen=True, slots=True)
class Configured:
    """The configuration in force, and the error in the one as written.

    With an error, `config` is the last valid one, or else the valid part of the files.
    """

    config: Config
    error: PromptopsError | None = None


def configured(tree: LiveTree, before: Config | None, overrides: Sequence[str]) -> Configured:
    """The configuration of the files as they are, saved or not.

    Raises UsageError for an invalid override.
    """
    files: dict[str, bytes] = {}
    try:
        files = config_files(tree)
        return Configured(load(files, overrides))
    except InputError as error:
        return Configured(before or valid_part(files) or Config(), error)


def wrong_root(workspace: Workspace) -> PromptopsError | None:
    """The error for a root that is a link or a submodule, or that has no files."""
    entries = workspace.catalog.files.entries
    try:
        refuse_closed_roots(workspace.repository, WORKTREE, workspace.config, entries)
        refuse_missing_roots(workspace.config, entries)
    except InputError as error:
        return error
    return None


@record(frozen=True, slots=True)
class GitFacts:
    """What checks learn from git; each is requested once, until HEAD, the index or a tag changes.

    Attributes:
        base: From a path to its content in HEAD, or None.
        state: From a path that the tree lacks to its state; see `Catalog`.
        releases: See `Catalog`.
    """

    base: Callable[[str], bytes | None]
    state: Callable[[str], str | None]
    releases: Callable[[], Mapping[str, str | None]]


def git_facts(repository: Repository) -> GitFacts:
    """The facts as of now."""
    return GitFacts(
        base=cache(lambda path: content_at(repository, "HEAD", path)),
        state=cache(missing_file_state(repository, WORKTREE)),
        releases=cache(lambda: bundle_digests(repository)),
    )


def live_workspace(
    repository: Repository,
    tree: LiveTree,
    config: Config,
    facts: Callable[[], GitFacts],
    known: Mapping[str, Names] | None,
) -> Workspace:
    """A workspace whose catalog reads the files as they are, saved or not.

    Args:
        facts: Returns the newest ones.
        known: The names in files, by default those that an earlier run stored.
    """
    catalog = Catalog(
        tree,
        config,
        lambda path: facts().state(path),
        known=lambda: read_graph(repository.common_dir) if known is None else known,
        releases=lambda: facts().releases(),
    )
    return Workspace(repository, WORKTREE, config, catalog)
