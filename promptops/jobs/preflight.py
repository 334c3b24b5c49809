"""Whether a repository is in a state to be released from; all that is wrong, at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase

from promptops.jobs.selection import is_managed
from promptops.jobs.workspace import Workspace
from promptops.model.release import Problem
from promptops.repo.process import decode
from promptops.repo.repository import INDEX, WORKTREE, Repository
from promptops.repo.revisions import FETCH_ALL
from promptops.report.parts.summary import counted

SHOWN = 10
"""So many of a kind are listed, and the others counted."""
_NO_NAME = re.compile(r"^[-/]|[\x00-\x20\x7f~^:?*\[\\]|\.\.|//|@\{|[./]$|(?:^|/)\.|\.lock(?:/|$)")
"""What `git check-ref-format` refuses; asked of git, each of many names would be a process."""


def repository_problems(workspace: Workspace) -> Iterator[Problem]:
    """Of the clone, of what is checked out, and of who makes the release."""
    repository = workspace.repository
    if repository.shallow:
        message = "the clone is shallow: which releases there are and what changed can't be known"
        yield Problem(message=message, hint=FETCH_ALL)
    yield from _uncommitted(workspace)
    yield from _branch(repository, workspace.config.release.branches)
    yield from _identity(repository)


def name_problems(repository: Repository, tags: Sequence[str]) -> Iterator[Problem]:
    """Of the names that the tags of a release are to have: each must be free, and one of git's."""
    refs = set(decode(repository.git.run("for-each-ref", "--format=%(refname)")).splitlines())
    folders = {ref[:at] for ref in refs for at, char in enumerate(ref) if char == "/"}
    for tag in tags:
        problem = _name_problem(tag, refs, folders)
        if problem is not None:
            yield problem


def more(lines: Sequence[str]) -> tuple[str, ...]:
    """As many as a person reads."""
    rest = len(lines) - SHOWN
    return (*lines[:SHOWN], *((f"and {rest} more",) if rest > 0 else ()))


def uncommitted(workspace: Workspace) -> list[str]:
    """Paths of ours that the work tree or the index has otherwise than HEAD."""
    repository = workspace.repository
    if repository.bare:
        return []
    changed = {each.path for side in (INDEX, WORKTREE) for each in repository.changed("HEAD", side)}
    return sorted(path for path in changed if is_managed(path, workspace))


def unpushed(repository: Repository) -> int:
    """How many commits the upstream branch lacks; 0 where there is none."""
    return _count(repository, "@{upstream}..HEAD")


def _uncommitted(workspace: Workspace) -> Iterator[Problem]:
    paths = uncommitted(workspace)
    if paths:
        message = f"{counted(len(paths), 'file')} with changes that are not committed"
        hint = "commit them, or put them away: git stash --include-untracked"
        yield Problem(message=message, hint=hint, details=more(paths))


def _branch(repository: Repository, allowed: Sequence[str]) -> Iterator[Problem]:
    answer = repository.git.ask("symbolic-ref", "--quiet", "--short", "HEAD")
    branch = decode(answer.stdout).strip()
    names = ", ".join(f"`{name}`" for name in allowed)
    if answer.status:
        if not any(_is_allowed(each, allowed) for each in _containing(repository)):
            message = f"HEAD is on no branch, and not part of {names}"
            yield Problem(message=message, hint=f"git switch {allowed[0]}")
        return
    if not _is_allowed(branch, allowed):
        message = f"releases are made from {names}, and this is `{branch}`"
        yield Problem(message=message, hint="switch to it, or change `release.branches`")
    behind = _count(repository, "HEAD..@{upstream}")
    if behind:
        message = f"`{branch}` is {counted(behind, 'commit')} behind its upstream branch"
        yield Problem(message=message, hint="git pull --ff-only")


def _is_allowed(branch: str, allowed: Sequence[str]) -> bool:
    return any(fnmatchcase(branch, pattern) for pattern in allowed)


def _containing(repository: Repository) -> list[str]:
    """The branches that HEAD is a part of, here and on remotes."""
    form = ("--contains=HEAD", "--format=%(refname)", "refs/heads", "refs/remotes")
    refs = decode(repository.git.run("for-each-ref", *form)).splitlines()
    return [ref.split("/", 2 if ref.startswith("refs/heads/") else 3)[-1] for ref in refs]


def _count(repository: Repository, commits: str) -> int:
    answer = repository.git.ask("rev-list", "--count", commits, "--")
    return 0 if answer.status else int(answer.stdout)


def _identity(repository: Repository) -> Iterator[Problem]:
    answer = repository.git.ask("var", "GIT_COMMITTER_IDENT")
    if answer.status:
        hint = "git config user.name NAME; git config user.email ADDRESS"
        yield Problem(message="git does not know who makes the release", hint=hint)


def _name_problem(tag: str, refs: Collection[str], folders: Collection[str]) -> Problem | None:
    ref = f"refs/tags/{tag}"
    above = (ref[:at] for at, char in enumerate(ref) if char == "/")
    hint = "say another version: --version"
    if _NO_NAME.search(tag):
        return Problem(message=f"a tag can't be called {tag!r}", hint="change `release.tag_format`")
    if ref in refs:
        return Problem(message=f"CHG901: there is a tag {tag!r} already", hint=hint)
    if f"refs/heads/{tag}" in refs:
        return Problem(message=f"there is a branch {tag!r}", hint=f"rename it, or {hint}")
    if ref in folders or any(each in refs for each in above):
        return Problem(message=f"another tag's name keeps git from one called {tag!r}", hint=hint)
    return None
