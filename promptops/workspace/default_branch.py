"""The default branch: whose `channels.yaml` counts, and whose configuration is trusted."""

from __future__ import annotations

from promptops.repo.process import decode, records
from promptops.repo.repository import Repository

_HERE = "refs/heads/"
_ORIGIN = "refs/remotes/origin/"


def default_branch(repository: Repository) -> str | None:
    """The default branch as a revision, whatever is checked out; None before the first commit.

    The local branch comes before the remote one: a promotion is committed locally first.
    """
    return _first(repository, _candidates(repository))


def published_branch(repository: Repository) -> str | None:
    """The remote's default branch as of the last fetch or push; else the local one."""
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
    # A CI job that checks out a tag has no local branch and no remote HEAD.
    return (local, followed, *known, "HEAD")


_NAMES = ("main", "master")


def trusted_branch(repository: Repository) -> str | None:
    """The remote's default branch if one was fetched, else the local one; None if unknown.

    Never the current branch just because it is checked out, which may be the untrusted one. HEAD is
    used in a bare repository, and if there is no other branch and no remote.
    """
    if repository.bare:
        return "HEAD"
    remote = _remote(repository)
    if remote is None:
        return _default(repository, "refs/heads/", alone=_branches(repository, "refs/heads/"))
    followed = repository.git.ask("symbolic-ref", "--quiet", f"{remote}HEAD")
    name = decode(followed.stdout).strip()
    if name and _exists(repository, name):
        return name
    return _default(repository, remote, alone=())


def _remote(repository: Repository) -> str | None:
    """`refs/remotes/NAME/` of `origin` or of the only remote; None if nothing was fetched."""
    names = decode(repository.git.ask("remote").stdout).split("\n")[:-1]
    name = "origin" if "origin" in names or len(names) != 1 else names[0]
    found = f"refs/remotes/{name}/"
    return found if _branches(repository, found) else None


def _branches(repository: Repository, under: str) -> tuple[str, ...]:
    answer = repository.git.ask("for-each-ref", "--format=%(refname)%00", "--count=2", "--", under)
    return tuple(name.strip("\n") for name in records(answer.stdout) if name.strip("\n"))


def _default(repository: Repository, under: str, alone: tuple[str, ...]) -> str | None:
    """The branch with a usual name or that of `init.defaultBranch`; else the only branch."""
    configured = decode(repository.git.ask("config", "init.defaultBranch").stdout).strip()
    for name in filter(None, (*_NAMES, configured)):
        if _exists(repository, f"{under}{name}"):
            return f"{under}{name}"
    return alone[0] if len(alone) == 1 else None


def _exists(repository: Repository, name: str) -> bool:
    answer = repository.git.ask("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    return answer.status == 0
