"""The history of releases, from their tags alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from promptops.errors import GitError, UsageError
from promptops.jobs.workspace.workspace import configuration
from promptops.model.release import Release, ReleaseRecord
from promptops.release.names import TagNames
from promptops.release.tags import records, releases
from promptops.repo.repository import WORKTREE, Repository
from promptops.repo.revisions import FETCH_ALL


def changelog(
    directory: Path, wanted: Sequence[str] = (), overrides: Sequence[str] = ()
) -> tuple[tuple[Release, ReleaseRecord], ...]:
    """Every release with the record in its tag, highest version first.

    Args:
        wanted: Only these, by the names of their tags or by their versions.

    Raises:
        UsageError: There is no release with such a name.
        GitError: The clone is shallow and has none.
    """
    with Repository.open(directory) as repository:
        revision = "HEAD" if repository.bare else WORKTREE
        names = TagNames(configuration(repository, revision, overrides).release.tag_format)
        found = releases(repository, names)[::-1]
        if repository.shallow and not found:
            raise GitError("no release is known in a shallow clone", hint=FETCH_ALL)
        chosen = [each for each in found if not wanted or _is_one(each, wanted)]
        _refuse_unknown(found, wanted)
        said = records(repository, chosen)
        return tuple((each, said[each.name]) for each in chosen)


def _is_one(release: Release, wanted: Sequence[str]) -> bool:
    return release.name in wanted or str(release.version) in wanted


def _refuse_unknown(found: Sequence[Release], wanted: Sequence[str]) -> None:
    known = {name for each in found for name in (each.name, str(each.version))}
    for name in wanted:
        if name not in known:
            there = ", ".join(each.name for each in found[:5]) or "none"
            raise UsageError(f"there is no release {name!r}", hint=f"there is {there}")
