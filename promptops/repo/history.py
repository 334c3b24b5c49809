"""Refs and history through GitPython, which only this module imports.

Importing it takes 80 ms, so nothing here is for a hook.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from promptops.errors import GitError
from promptops.model.history import Suspect
from promptops.records import record
from promptops.repo.default_branch import refuse_unknown_default, remote_default
from promptops.repo.process import decode, records
from promptops.repo.repository import Repository
from promptops.repo.revisions import FETCH_ALL, NamedCommit
from promptops.repo.tree import below

if TYPE_CHECKING:
    import git

SAY_SINCE = "set what to compare with: --since REV"


def latest_tag(repository: Repository, revision: str = "HEAD") -> str | None:
    """The name of the nearest annotated tag on the revision or an ancestor.

    Tags of single prompts, `ID@TAG`, are not releases and don't count.
    """
    commit = repository.resolve(revision)
    answer = repository.git.ask("describe", "--abbrev=0", "--exclude=*@*", commit)
    name = answer.stdout.decode("utf-8", "surrogateescape").strip()
    return name if name and not answer.status else None


def default_base(repository: Repository) -> str:
    """The id of the commit of `find_base`."""
    return find_base(repository).commit


def find_base(repository: Repository, way_out: str = SAY_SINCE) -> NamedCommit:
    """The default revision to compare HEAD with.

    On a branch, this is its merge base with the upstream default branch. On the default branch,
    without an upstream or without a branch, it is the latest reachable annotated tag.

    Args:
        way_out: The hint on how to set the base.

    Raises:
        GitError: There is neither, or they have no common ancestor.
    """
    head = repository.resolve("HEAD")
    if upstream := upstream_default(repository):
        commit = repository.merge_base(upstream, "HEAD")
        return NamedCommit(commit, commit)
    if tag := latest_tag(repository, head):
        return NamedCommit(tag, repository.resolve(f"refs/tags/{tag}"))
    raise GitError(
        "there is nothing to compare with: no upstream default branch and no annotated tag",
        where=str(repository.root),
        hint=FETCH_ALL if repository.shallow else way_out,
    )


def upstream_default(repository: Repository) -> str | None:
    """The full name of the remote's default branch, unless HEAD is on that branch.

    Raises:
        GitError: The remote has several branches, and its default branch is unknown.
    """
    with _opened(repository) as opened:
        if opened.head.is_detached:
            return None
        name = opened.active_branch.name
        tracked = opened.active_branch.tracking_branch()
        remote = tracked.remote_name if tracked else "origin"
    refuse_unknown_default(repository, remote)
    default = remote_default(repository, remote)
    return None if default == f"refs/remotes/{remote}/{name}" else default


@contextmanager
def _opened(repository: Repository) -> Iterator[git.Repo]:
    import git

    with git.Repo(repository.root) as opened:
        yield opened


_PLAIN = ("--no-color", "--no-show-signature", "--no-notes", "--encoding=UTF-8")
_FACTS = ("-z", "--topo-order", "--format=%H%n%aN%n%aI%n%s")


@record(frozen=True, slots=True, kw_only=True)
class CommitSpan:
    """The commit `bad` and its ancestors, without `good` commits and their ancestors.

    Attributes:
        paths: Only commits that change something at or below these paths.
        first_parent: Only the first parents of merges, so that a merge is one step.
    """

    goods: tuple[str, ...]
    bad: str
    paths: tuple[str, ...] = ()
    first_parent: bool = False


def candidates(repository: Repository, span: CommitSpan) -> tuple[str, ...]:
    """The ids of the commits; those that halve the range best come first, `bad` last."""
    output = decode(repository.git.run("rev-list", "--bisect-all", *_arguments(span)))
    return tuple(line.split(" ", 1)[0] for line in output.splitlines())


def suspects(repository: Repository, span: CommitSpan) -> tuple[Suspect, ...]:
    """The same commits with their authors, the oldest first."""
    # `log.follow` in a user's configuration would change the commits for a single path.
    log = ("-c", "log.follow=false", "log", *_PLAIN, *_FACTS)
    rows = records(repository.git.run(*log, *_arguments(span)) + b"\0")
    return tuple(_suspect(row) for row in reversed(rows) if row)


def _suspect(row: str) -> Suspect:
    commit, author, date, subject = row.split("\n", 3)
    return Suspect(commit=commit, author=author, date=date, subject=subject)


def _arguments(span: CommitSpan) -> Iterator[str]:
    if span.first_parent:
        yield "--first-parent"
    yield span.bad
    yield from (f"^{good}" for good in span.goods)
    yield "--"
    yield from below(span.paths)
