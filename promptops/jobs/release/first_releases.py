"""The first release that contains a commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from promptops.model.release import Release
from promptops.model.version import Version
from promptops.release.names import TagNames
from promptops.release.tags import releases
from promptops.repo.process import decode
from promptops.repo.repository import Repository


def first_releases(
    repository: Repository, names: TagNames, wanted: Sequence[str]
) -> Mapping[str, str]:
    """From each commit to the name of the earliest release that contains it, if any.

    Args:
        wanted: Ids of commits of one line, the newest first.
    """
    found = sorted(releases(repository, names), key=_age) if wanted else []
    if not found:
        return {}
    parents = _parents(repository, {each.commit for each in found}, wanted[-1])
    first: dict[str, str] = {}
    for release in found:
        waiting = [release.commit]
        while waiting:
            commit = waiting.pop()
            if commit in parents and commit not in first:
                first[commit] = release.name
                waiting += parents[commit]
    return first


def _age(release: Release) -> tuple[datetime, Version]:
    """The time of a release; one without a time comes last."""
    try:
        made = datetime.fromisoformat(release.date)
    except ValueError:
        made = datetime.max.replace(tzinfo=UTC)
    return made, release.version


def _parents(
    repository: Repository, tips: Iterable[str], oldest: str
) -> Mapping[str, Sequence[str]]:
    """The parents of each commit that is an ancestor of some commits, but not of the oldest."""
    output = repository.git.run("rev-list", "--parents", *sorted(tips), f"^{oldest}^@", "--")
    rows = (line.split() for line in decode(output).splitlines())
    return {commit: parents for commit, *parents in rows}
