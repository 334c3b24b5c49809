"""One commit on a new branch; index, work tree and the checked-out branch stay as they are."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping

from promptops.errors import GitError, UsageError
from promptops.records import replace
from promptops.repo.process import Git, decode
from promptops.repo.repository import Repository
from promptops.repo.temporary import temporary_folder

_QUIET = (
    *("-c", f"core.hooksPath={os.devnull}"),  # the commit is a copy of edits, not a work step
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.splitIndex=false"),  # its shared part would be in git's directory
    *("-c", "user.useConfigOnly=true"),  # a guessed address may not exist
)
_IDENTITY = "git config user.name NAME; git config user.email ADDRESS"


def commit_on_new_branch(
    repository: Repository, name: str, message: str, files: Mapping[str, bytes]
) -> str:
    """The id of a commit on a new branch: HEAD with other contents of some files.

    Filters of `.gitattributes` apply as for `git add`. No hook runs, and the commit is not signed.

    Args:
        name: Of the branch, without `refs/heads/`.
        files: By path; one that HEAD lacks is added.

    Raises:
        UsageError: The name is invalid or taken, or the message is empty.
        GitError: There is no commit yet, git has no author, or git failed.
    """
    git = repository.git
    _refuse_name(git, name)
    if not message.strip():
        raise UsageError("the commit has no message", hint="write in one line what changes")
    head = repository.resolve("HEAD")
    _refuse_no_author(git)
    with temporary_folder() as folder:
        private = {**git.environment, "GIT_INDEX_FILE": os.path.join(folder, "index")}
        tree = _tree(replace(git, environment=private), head, files)
    commit = _given(
        git, message.encode("utf-8", "replace"), "commit-tree", tree, "-p", head, "-F", "-"
    )
    unborn = "0" * len(commit)
    note = ("-m", "promptops ui: saved to a branch")
    answer = git.ask(*_QUIET, "update-ref", *note, f"refs/heads/{name}", commit, unborn)
    if answer.status:
        _refuse_taken(git, name)
        raise git.error(answer)
    return commit


def push_command(repository: Repository, name: str) -> str:
    """The command that sends a branch to the others; "" without a remote."""
    remotes = decode(repository.git.run("remote")).split()
    if not remotes:
        return ""
    remote = "origin" if "origin" in remotes else shlex.quote(remotes[0])
    return f"git push -u {remote} {shlex.quote(name)}"


def _tree(git: Git, head: str, files: Mapping[str, bytes]) -> str:
    """The id of the tree of a commit with other contents; git has an index of its own."""
    git.run(*_QUIET, "read-tree", head)
    lines = b"".join(
        f"{_mode(git, path)} {_blob(git, path, data)}\t{path}\0".encode("utf-8", "surrogateescape")
        for path, data in files.items()
    )
    _given(git, lines, "update-index", "-z", "--index-info")
    return decode(git.run(*_QUIET, "write-tree")).strip()


def _mode(git: Git, path: str) -> str:
    found = decode(git.run(*_QUIET, "ls-files", "--stage", "-z", "--", path))
    mode = found.partition(" ")[0]
    return mode if mode.startswith("100") else "100644"  # it may have been a link


def _blob(git: Git, path: str, data: bytes) -> str:
    return _given(git, data, "hash-object", "-w", "--stdin", f"--path={path}")


def _given(git: Git, data: bytes, *arguments: str) -> str:
    """The output of a git that reads data; raises GitError."""
    answer = git.ask(*_QUIET, *arguments, given=data)
    if answer.status:
        raise git.error(answer)
    return decode(answer.stdout).strip()


def _refuse_name(git: Git, name: str) -> None:
    is_valid = name and not name.startswith("-") and "\0" not in name and name != "HEAD"
    if not is_valid or git.ask("check-ref-format", f"refs/heads/{name}").status:
        hint = "write letters, digits, `-` and `/`, such as friendlier-refund"
        raise UsageError(f"{name!r} can't be the name of a branch", hint=hint)
    _refuse_taken(git, name)


def _refuse_taken(git: Git, name: str) -> None:
    if not git.ask("show-ref", "--verify", "--quiet", f"refs/heads/{name}").status:
        raise UsageError(f"there is a branch {name!r} already", hint="choose another name")


def _refuse_no_author(git: Git) -> None:
    for who in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
        if git.ask(*_QUIET, "var", who).status:
            message = "git has no name and email address for the commit"
            raise GitError(message, hint=_IDENTITY)
