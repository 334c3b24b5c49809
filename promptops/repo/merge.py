"""The result of a merge, computed without touching the repository."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from promptops.counting import some
from promptops.errors import GitError
from promptops.records import record, replace
from promptops.repo.blobs import Blobs
from promptops.repo.process import Git, ProcessOutput, decode, records
from promptops.repo.repository import Repository
from promptops.repo.revisions import FETCH_ALL, NamedCommit
from promptops.repo.temporary import temporary_folder

OLDEST_GIT = (2, 38)
"""The first whose `merge-tree` needs neither index nor work tree."""
PLAIN = ("-z", "--name-only", "--no-messages")
NAMED = 10
"""So many conflicted files are named, and the others counted."""


@record(frozen=True, slots=True)
class MergedTree:
    """The result of a merge that was only computed.

    Attributes:
        repository: The same repository, which has the objects of the result for as long.
        tree: Id of the tree, for `Repository.stored` and `Repository.difference`.
    """

    repository: Repository
    tree: str


@contextmanager
def merged(repository: Repository, into: NamedCommit, branch: NamedCommit) -> Iterator[MergedTree]:
    """The result of merging one commit into another.

    New objects are in a temporary folder; index, work tree, refs and objects stay unchanged.

    Raises:
        GitError: There are conflicts, no common history, or git is older than OLDEST_GIT.
    """
    commits, names = (into.commit, branch.commit), (into.name, branch.name)
    with temporary_folder() as folder:
        git = _beside(repository.git, folder)
        answer = git.ask("merge-tree", "--write-tree", *PLAIN, *commits)
        if answer.status not in (0, 1) or not answer.stdout:
            raise _refusal(repository, answer, names)
        tree, *conflicted = records(answer.stdout)
        if answer.status:
            raise _conflict(repository.root, names, conflicted)
        with replace(repository, git=git, _blobs=Blobs(git)) as beside:
            yield MergedTree(beside, tree)


def _beside(git: Git, folder: str) -> Git:
    """Git that writes its objects into a folder and still reads those of the repository."""
    objects = decode(git.run("rev-parse", "--path-format=absolute", "--git-path", "objects"))
    alternates = [_quoted(objects.removesuffix("\n"))]
    if known := git.environment.get("GIT_ALTERNATE_OBJECT_DIRECTORIES"):
        alternates.append(known)
    places = {
        "GIT_OBJECT_DIRECTORY": folder,
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": ":".join(alternates),
    }
    return replace(git, environment={**git.environment, **places})


def _quoted(path: str) -> str:
    """For a list of paths that git splits at each colon."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if ":" in path else path


def _conflict(root: Path, names: tuple[str, str], conflicted: Sequence[str]) -> GitError:
    into, branch = names
    named = some([f"`{path}`" for path in conflicted], NAMED)
    return GitError(
        f"`{branch}` can't be merged into `{into}` without conflicts: {named}",
        where=str(root),
        hint=f"resolve them on `{branch}` and commit: git merge {into}",
    )


def _refusal(repository: Repository, answer: ProcessOutput, names: tuple[str, str]) -> GitError:
    into, branch = names
    where = str(repository.root)
    found = re.search(r"(\d+)\.(\d+)", decode(repository.git.run("version")))
    if found and (int(found[1]), int(found[2])) < OLDEST_GIT:
        oldest = ".".join(map(str, OLDEST_GIT))
        message = f"git {found[0]} can't compute the result of a merge"
        way_out = f"compare from their merge base: {into}...{branch}"
        return GitError(message, where=where, hint=f"install git {oldest} or later, or {way_out}")
    if b"unrelated histories" in answer.stderr:
        message = f"`{into}` and `{branch}` have no common ancestor"
        hint = FETCH_ALL if repository.shallow else "merge branches of one history"
        return GitError(message, where=where, hint=hint)
    return repository.git.error(answer)
