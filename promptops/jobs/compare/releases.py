"""The releases before the two sides of a comparison."""

from __future__ import annotations

from promptops.jobs.compare.comparison import Sides
from promptops.model.release import Release
from promptops.model.version import Version
from promptops.release.tags import Table, TagNames, latest, record_of, releases, table


def last_release(sides: Sides) -> Release | None:
    """The highest release among the ancestors of the older side; None if there is none."""
    commit = sides.base.commit
    if sides.repository is None or commit is None:
        return None
    return latest(sides.repository, _names(sides), commit)


def released_versions(sides: Sides, release: Release) -> Table:
    """The versions of prompts at a release."""
    assert sides.repository is not None
    return table(release, record_of(sides.repository, release))


def versions(sides: Sides) -> frozenset[Version]:
    """Every version in use, anywhere in history."""
    if sides.repository is None:
        return frozenset()
    return frozenset(each.version for each in releases(sides.repository, _names(sides)))


def _names(sides: Sides) -> TagNames:
    return TagNames(sides.head.config.release.tag_format)
