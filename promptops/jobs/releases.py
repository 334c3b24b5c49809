"""The releases that a repository has, as far as tags tell."""

from __future__ import annotations

from promptops.jobs.sides import Sides
from promptops.model.version import Version, parse
from promptops.repo.process import decode
from promptops.repo.repository import Repository


def last_release(sides: Sides) -> Version | None:
    """The highest release among the ancestors of the older side; None where nothing tells.

    A prerelease is none: it promises nothing yet.
    """
    commit = sides.base.commit
    if sides.repository is None or commit is None:
        return None
    found = _versions(sides.repository, sides.head.config.release.tag_format, f"--merged={commit}")
    return max(found, default=None)


def versions(sides: Sides) -> frozenset[Version]:
    """Every version that is taken, wherever in history."""
    if sides.repository is None:
        return frozenset()
    return _versions(sides.repository, sides.head.config.release.tag_format)


def _versions(repository: Repository, tag_format: str, *which: str) -> frozenset[Version]:
    """Of the annotated tags called like a release."""
    before, _, after = tag_format.partition("{version}")
    form = "%(objecttype) %(refname:lstrip=2)"
    output = repository.git.run("for-each-ref", f"--format={form}", *which, "refs/tags")
    names = [row[4:] for row in decode(output).splitlines() if row.startswith("tag ")]
    found = (
        parse(name[len(before) : len(name) - len(after)])
        for name in names
        if name.startswith(before) and name.endswith(after)
    )
    return frozenset(version for version in found if version is not None)
