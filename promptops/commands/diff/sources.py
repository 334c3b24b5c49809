"""The sources of the two sides of a comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from promptops.commands.diff.revisions import Folder, Named, RevisionNames, RevisionRange
from promptops.errors import GitError, UsageError
from promptops.records import record, replace
from promptops.repo.directory import directory_tree
from promptops.repo.merge import merged
from promptops.repo.repository import INDEX, WORKTREE, Repository
from promptops.repo.revisions import NamedCommit
from promptops.repo.tree import Tree

SAY_BASE = "name the revision to compare with: promptops diff BASE"


@record(frozen=True, slots=True, kw_only=True)
class ComparisonOptions:
    """Options for choosing the two sides.

    Attributes:
        arguments: BASE, BASE..HEAD or BASE...HEAD, then prompts; all of them may be left out.
        behind: How many of the arguments follow `--`; None without it.
        staged: The newer side is the index.
        worktree: The newer side is the work tree.
        merge: The newer side is the result of merging HEAD into BASE.
        root: The older side is nothing.
    """

    arguments: tuple[str, ...] = ()
    behind: int | None = None
    staged: bool = False
    worktree: bool = False
    merge: bool = False
    root: bool = False


@record(frozen=True, slots=True, kw_only=True)
class SideSource:
    """The source of one side.

    Attributes:
        tree: Lists its files at or below some paths.
        revision: WORKTREE, INDEX, or the id of a commit or a tree; None of a directory.
        prefix: Written before its paths in messages.
        implied: It is HEAD by default.
    """

    title: str
    tree: Callable[[Sequence[str]], Tree]
    commit: str | None = None
    revision: str | None = None
    prefix: str = ""
    implied: bool = False


Sources = tuple[Repository | None, SideSource | None, SideSource]
"""The repository with the objects of both sides, the older side or None, the newer side."""


def refuse_contradictions(options: ComparisonOptions, named: RevisionRange) -> None:
    """Raise UsageError for contradicting options."""
    flags = {"--staged": options.staged, "--worktree": options.worktree, "--merge": options.merge}
    newer = [flag for flag, given in flags.items() if given]
    if len(newer) > 1:
        message = f"{newer[0]} and {newer[1]} exclude each other"
        raise UsageError(message, hint="leave out one of them")
    if named.head and (options.staged or options.worktree):
        message = f"{newer[0]} and `{named.head.name}` exclude each other"
        raise UsageError(message, hint="leave out one of them")
    if options.root and options.merge:
        raise UsageError(
            "--root and --merge exclude each other", hint="leave out --root or --merge"
        )
    if options.root and (named.base or named.parted):
        commit = named.head or named.base
        name = commit.name if commit else "HEAD"
        hint = f"to show all its prompts: promptops diff --root ..{name}"
        raise UsageError("--root compares with nothing else", hint=hint)


@contextmanager
def open_sources(
    names: RevisionNames, options: ComparisonOptions, named: RevisionRange | None
) -> Iterator[Sources]:
    """Find both sides; raises GitError if one does not exist."""
    if options.merge:
        with _merge_sources(names, named or RevisionRange()) as found:
            yield found
    else:
        yield (
            names.found,
            _base(names, options, named),
            _head(names, options, named or RevisionRange()),
        )


@contextmanager
def _merge_sources(names: RevisionNames, named: RevisionRange) -> Iterator[Sources]:
    if named.parted:
        raise UsageError("--merge finds the merge base itself", hint="write `..`")
    into = _to_merge(named.base or _default_target(names.repository))
    branch = _to_merge(named.head or head_commit(names.repository))
    with merged(names.repository, into, branch) as result:
        title = f"{into.name} merged with {branch.name}"
        repository = result.repository
        head = SideSource(
            title=title,
            tree=partial(repository.stored, result.tree),
            revision=result.tree,
            prefix=f"{title}:",
        )
        yield repository, commit_source(repository, into), head


def _to_merge(named: Named) -> NamedCommit:
    if isinstance(named, Folder):
        message = f"`{named.name}` is a directory, which can't be merged"
        raise UsageError(message, hint="name a revision")
    return named


def _default_target(repository: Repository) -> NamedCommit:
    from promptops.repo.history import upstream_default

    name = upstream_default(repository)
    if name is None:
        raise GitError(
            "there is no upstream default branch to merge into, or it is the current branch",
            where=str(repository.root),
            hint="name it: promptops diff --merge BASE",
        )
    return NamedCommit(name.removeprefix("refs/remotes/"), repository.resolve(name))


def _head(names: RevisionNames, options: ComparisonOptions, named: RevisionRange) -> SideSource:
    if options.staged or options.worktree:
        names.repository.need_work_tree()
    if options.staged:
        return _uncommitted_source(names.repository, INDEX, "the index", "the index:")
    if options.worktree:
        return _uncommitted_source(names.repository, WORKTREE, "the work tree", "")
    return _named_source(names, named.head or head_commit(names.repository))


def _base(
    names: RevisionNames, options: ComparisonOptions, named: RevisionRange | None
) -> SideSource | None:
    """The older side; None for nothing."""
    if options.root:
        return None
    if named and named.parted:
        return commit_source(names.repository, _parting(names.repository, named))
    if named and named.base:
        return _named_source(names, named.base)
    if named is None and not (options.staged or options.worktree):
        return _default_base(names.repository)
    is_uncommitted = options.staged or options.worktree
    if is_uncommitted and names.repository.find("HEAD") is None:
        return None
    return commit_source(names.repository, head_commit(names.repository), implied=is_uncommitted)


def _parting(repository: Repository, named: RevisionRange) -> NamedCommit:
    base, head = (end.name if end else "HEAD" for end in (named.base, named.head))
    commit = repository.merge_base(base, head)
    return NamedCommit(commit[:12], commit)


def _default_base(repository: Repository) -> SideSource:
    from promptops.repo.history import find_base, upstream_default

    found = find_base(repository, SAY_BASE)
    if found.name != found.commit:
        return commit_source(repository, found)
    name = (upstream_default(repository) or "").removeprefix("refs/remotes/")
    parted = commit_source(repository, NamedCommit(found.name[:12], found.commit))
    return replace(parted, title=f"{found.name[:12]} (where this branch left {name})")


def head_commit(repository: Repository) -> NamedCommit:
    """HEAD; raises GitError before the first commit."""
    return NamedCommit("HEAD", repository.resolve("HEAD"))


def commit_source(
    repository: Repository, named: NamedCommit, *, implied: bool = False
) -> SideSource:
    """A commit as a side."""
    return SideSource(
        title=named.name,
        tree=partial(repository.stored, named.commit),
        commit=named.commit,
        revision=named.commit,
        prefix=f"{named.name}:",
        implied=implied,
    )


def _named_source(names: RevisionNames, named: Named) -> SideSource:
    if isinstance(named, NamedCommit):
        return commit_source(names.repository, named)
    object_format = names.found.object_format if names.found else "sha1"
    return SideSource(
        title=named.name,
        tree=lambda under: directory_tree(named.path, under, object_format),
        prefix=f"{named.name.rstrip('/')}/",
    )


def _uncommitted_source(
    repository: Repository, revision: str, title: str, prefix: str
) -> SideSource:
    return SideSource(
        title=title, tree=partial(repository.tree, revision), revision=revision, prefix=prefix
    )
