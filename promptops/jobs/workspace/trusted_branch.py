"""The branch whose configuration decides which endpoints may get an API key."""

from __future__ import annotations

from promptops.repo.process import decode, records
from promptops.repo.repository import Repository

_NAMES = ("main", "master")


def trusted_branch(repository: Repository) -> str | None:
    """The default branch, as the remote has it where one was fetched; None where it is not known.

    Never simply the branch that is checked out: that may be the untrusted one. HEAD counts in a
    bare repository, and where there is no other branch and no remote.
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
    """`refs/remotes/NAME/` of `origin` or of the only remote; None where nothing was fetched."""
    names = decode(repository.git.ask("remote").stdout).split("\n")[:-1]
    name = "origin" if "origin" in names or len(names) != 1 else names[0]
    found = f"refs/remotes/{name}/"
    return found if _branches(repository, found) else None


def _branches(repository: Repository, under: str) -> tuple[str, ...]:
    answer = repository.git.ask("for-each-ref", "--format=%(refname)%00", "--count=2", "--", under)
    return tuple(name.strip("\n") for name in records(answer.stdout) if name.strip("\n"))


def _default(repository: Repository, under: str, alone: tuple[str, ...]) -> str | None:
    """By its usual names, or by git's `init.defaultBranch`; else the only one there is."""
    configured = decode(repository.git.ask("config", "init.defaultBranch").stdout).strip()
    for name in filter(None, (*_NAMES, configured)):
        if _exists(repository, f"{under}{name}"):
            return f"{under}{name}"
    return alone[0] if len(alone) == 1 else None


def _exists(repository: Repository, name: str) -> bool:
    answer = repository.git.ask("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    return answer.status == 0
