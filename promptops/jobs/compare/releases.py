"""The releases before the two sides of a comparison."""

from __future__ import annotations

from promptops.jobs.compare.comparison import Sides
from promptops.model.release import Release
from promptops.model.version import Version
from promptops.release.tags import (
    TagNames,
    VersionTable,
    latest_release,
    release_record,
    releases,
    version_table,
)


def last_release(sides: Sides) -> Release | None:
    """The highest release among the ancestors of the older side; None if there is none."""
    commit = sides.base.commit
    if sides.repository is None or commit is None:
        return None
    return latest_release(sides.repository, _names(sides), commit)


def released_versions(sides: Sides, release: Release) -> VersionTable:
    """The versions of prompts at a release."""
    assert sides.repository is not None
    return version_table(release, release_record(sides.repository, release))


def used_versions(sides: Sides) -> frozenset[Version]:
    """Every version in use, anywhere in history."""
    if sides.repository is None:
        return frozenset()
    return frozenset(release.version for release in releases(sides.repository, _names(sides)))


def _names(sides: Sides) -> TagNames:
    return TagNames(sides.head.config.release.tag_format)
