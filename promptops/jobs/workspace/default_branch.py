"""The branch whose `channels.yaml` counts."""

from __future__ import annotations

from promptops.repo.process import decode
from promptops.repo.repository import Repository

_HERE = "refs/heads/"
_ORIGIN = "refs/remotes/origin/"


def default_branch(repository: Repository) -> str | None:
    """A revision: the default branch, wherever HEAD is; None where there is no commit.

    The branch here comes before what was last fetched of it: a promotion is committed here first.
    """
    return _first(repository, _candidates(repository))


def published_branch(repository: Repository) -> str | None:
    """The same as the remote has it, as far as was last fetched or pushed, where there is one."""
    here = default_branch(repository)
    if here is None or not here.startswith(_HERE):
        return here
    answer = repository.git.ask("for-each-ref", "--format=%(upstream)", "--", here)
    upstream = decode(answer.stdout).strip()
    return _first(repository, (upstream, here.replace(_HERE, _ORIGIN, 1), here))


def _first(repository: Repository, names: tuple[str, ...]) -> str | None:
    for name in filter(None, names):
        if repository.git.ask("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").status == 0:
            return name
    return None


def _candidates(repository: Repository) -> tuple[str, ...]:
    if repository.bare:
        return ("HEAD",)
    answer = repository.git.ask("symbolic-ref", "--quiet", f"{_ORIGIN}HEAD")
    followed = decode(answer.stdout).strip()
    local = followed.replace(_ORIGIN, _HERE, 1)
    known = [f"{where}{name}" for where in (_HERE, _ORIGIN) for name in ("main", "master")]
    # A job that checks out a tag has what was fetched, and neither branches nor a remote's HEAD.
    return (local, followed, *known, "HEAD")
