"""Check that a repository is ready for a release; reports all problems at once."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from promptops.model.release import ReleaseProblem
from promptops.plurals import counted, some_lines
from promptops.repo.process import decode
from promptops.repo.repository import INDEX, WORKTREE, Repository
from promptops.repo.revisions import FETCH_ALL
from promptops.workspace.selection import is_managed
from promptops.workspace.workspace import Workspace

SHOWN = 10
"""At most this many problems of a kind are listed; the others are counted."""


def repository_problems(workspace: Workspace) -> Iterator[ReleaseProblem]:
    """Problems of the clone, the checkout and git's identity."""
    repository = workspace.repository
    if repository.shallow:
        message = "the clone is shallow, so earlier releases and changes are missing"
        yield ReleaseProblem(message=message, hint=FETCH_ALL)
    yield from _uncommitted(workspace)
    yield from _branch(repository, workspace.config.release.branches)
    if not has_identity(repository):
        hint = "git config user.name NAME; git config user.email ADDRESS"
        yield ReleaseProblem(message="git has no name and email address for the tag", hint=hint)


def shortened_list(lines: Sequence[str]) -> tuple[str, ...]:
    """The first lines, and the number of the others."""
    return tuple(some_lines(lines, SHOWN))


def uncommitted_paths(workspace: Workspace) -> list[str]:
    """Paths of the catalog that differ from HEAD in the work tree or the index."""
    repository = workspace.repository
    if repository.bare:
        return []
    changed = {
        change.path for side in (INDEX, WORKTREE) for change in repository.changed("HEAD", side)
    }
    return sorted(path for path in changed if is_managed(path, workspace))


def unpushed_commits(repository: Repository) -> int:
    """How many commits are not on the upstream branch; 0 without one."""
    return _count(repository, "@{upstream}..HEAD")


def has_identity(repository: Repository) -> bool:
    """Whether git has a name and an email address for tags."""
    return not repository.git.ask("var", "GIT_COMMITTER_IDENT").status


def _uncommitted(workspace: Workspace) -> Iterator[ReleaseProblem]:
    paths = uncommitted_paths(workspace)
    if paths:
        message = f"{counted(len(paths), 'file')} with uncommitted changes"
        hint = "commit or stash them: git stash --include-untracked"
        yield ReleaseProblem(message=message, hint=hint, details=shortened_list(paths))


def _branch(repository: Repository, allowed: Sequence[str]) -> Iterator[ReleaseProblem]:
    answer = repository.git.ask("symbolic-ref", "--quiet", "--short", "HEAD")
    branch = decode(answer.stdout).strip()
    names = ", ".join(f"`{name}`" for name in allowed)
    if answer.status:
        if not any(_is_allowed(name, allowed) for name in _branches(repository, "--contains=HEAD")):
            message = f"HEAD is not on a branch, and not part of {names}"
            yield ReleaseProblem(message=message, hint=f"git switch {allowed[0]}")
        return
    if not _is_allowed(branch, allowed):
        message = f"releases are made from {names}, and this is `{branch}`"
        yield ReleaseProblem(message=message, hint=_other_branch(repository, branch, allowed))
    behind, ahead = _count(repository, "HEAD..@{upstream}"), unpushed_commits(repository)
    if behind and ahead:
        message = f"`{branch}` and its upstream branch have diverged"
        here, there = counted(ahead, "commit"), counted(behind, "commit")
        yield ReleaseProblem(
            message=f"{message}: {here} here, {there} there", hint="git pull --rebase"
        )
    elif behind:
        message = f"`{branch}` is {counted(behind, 'commit')} behind its upstream branch"
        yield ReleaseProblem(message=message, hint="git pull --ff-only")


def _other_branch(repository: Repository, branch: str, allowed: Sequence[str]) -> str:
    """A release branch that exists, or the setting that makes this branch one."""
    setting = f"branches = {json.dumps([branch], ensure_ascii=False)}"
    known = (name for name in _branches(repository) if _is_allowed(name, allowed))
    existing = next(known, None)
    if existing is not None:
        return f"git switch {shlex.quote(existing)}"
    return f"no such branch exists: write `{setting}` below `[release]` in the configuration"


def _is_allowed(branch: str, allowed: Sequence[str]) -> bool:
    return any(fnmatchcase(branch, pattern) for pattern in allowed)


def _branches(repository: Repository, *options: str) -> list[str]:
    """The names of local and remote branches, those without the name of the remote."""
    form = (*options, "--format=%(refname)", "refs/heads", "refs/remotes")
    refs = decode(repository.git.run("for-each-ref", *form)).splitlines()
    return [ref.split("/", 2 if ref.startswith("refs/heads/") else 3)[-1] for ref in refs]


def _count(repository: Repository, commits: str) -> int:
    answer = repository.git.ask("rev-list", "--count", commits, "--")
    return 0 if answer.status else int(answer.stdout)
