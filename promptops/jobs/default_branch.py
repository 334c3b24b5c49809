"""The branch whose `channels.yaml` counts."""

from __future__ import annotations

from promptops.repo.process import decode
from promptops.repo.repository import Repository

_REMOTE_HEAD = "refs/remotes/origin/HEAD"


def default_branch(repository: Repository) -> str | None:
    """A revision: the default branch, wherever HEAD is; None where there is no commit.

    The branch here comes before what was last fetched of it: a promotion is committed here first.
    """
    for name in _candidates(repository):
        if repository.git.ask("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").status == 0:
            return name
    return None


def _candidates(repository: Repository) -> tuple[str, ...]:
    if repository.bare:
        return ("HEAD",)
    answer = repository.git.ask("symbolic-ref", "--quiet", _REMOTE_HEAD)
    followed = decode(answer.stdout).strip()
    local = followed.replace("refs/remotes/origin/", "refs/heads/", 1)
    known = (local, followed) if followed else ()
    return (*known, "refs/heads/main", "refs/heads/master", "HEAD")
