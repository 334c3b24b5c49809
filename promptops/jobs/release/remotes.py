"""The remote that a release is pushed to."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.release import ReleaseProblem
from promptops.repo.process import decode
from promptops.repo.repository import Repository

ORIGIN = "origin"
_HERE = "."


def remotes(repository: Repository) -> list[str]:
    """The names of the configured remotes."""
    return decode(repository.git.run("remote")).splitlines()


def default_remote(repository: Repository) -> str:
    """The remote of the branch, else the only remote, else `origin`."""
    branch = decode(repository.git.ask("symbolic-ref", "--quiet", "--short", "HEAD").stdout).strip()
    found = repository.git.ask("config", "--get", f"branch.{branch}.remote")
    tracked = decode(found.stdout).strip()
    known = remotes(repository)
    if tracked and tracked != _HERE:
        return tracked
    return known[0] if len(known) == 1 else ORIGIN


def remote_problems(repository: Repository, wanted: str | None) -> Iterator[ReleaseProblem]:
    """Problems with an unknown remote that is not an address; "" for the default one."""
    if wanted is None:
        return
    known, name = remotes(repository), wanted or default_remote(repository)
    if name not in known and not any(char in name for char in "/:"):
        there = ", ".join(known) or "none"
        hint = f"there is {there}; git remote add {ORIGIN} ADDRESS"
        yield ReleaseProblem(message=f"there is no remote {name!r}", hint=hint)
