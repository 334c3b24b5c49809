"""The releases of a repository, from their tags alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from promptops.errors import GitError, UsageError
from promptops.model.release import Release, ReleaseRecord
from promptops.model.version import Version
from promptops.records import record
from promptops.records.outputs import output
from promptops.release.tags import TagNames, release_records, releases
from promptops.repo.process import decode
from promptops.repo.repository import WORKTREE, Repository
from promptops.repo.revisions import FETCH_ALL
from promptops.workspace.workspace import configuration


@record(frozen=True, slots=True, kw_only=True)
class RecordedRelease:
    """A release with the record in its tag.

    Attributes:
        release: Its tag.
        record: What it changed.
    """

    release: Release
    record: ReleaseRecord


@output("releases")
@record(frozen=True, slots=True, kw_only=True)
class ReleaseHistory:
    """The result of `promptops log --releases`: what each release changed.

    Attributes:
        releases: Highest version first.
    """

    releases: tuple[RecordedRelease, ...]


def release_history(
    directory: Path,
    wanted: Sequence[str] = (),
    overrides: Sequence[str] = (),
    number: int | None = None,
) -> ReleaseHistory:
    """Every release with the record in its tag, highest version first.

    Args:
        wanted: Only these, by the names of their tags or by their versions.
        number: Only that many, those with the highest versions; None for all.

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
        _refuse_unknown(found, wanted)
        named = {*wanted}
        chosen = [each for each in found if not named or named & {each.name, str(each.version)}]
        tag_records = release_records(repository, chosen[:number])
        return ReleaseHistory(
            releases=tuple(
                RecordedRelease(release=release, record=tag_records[release.name])
                for release in chosen[:number]
            )
        )


def _refuse_unknown(found: Sequence[Release], wanted: Sequence[str]) -> None:
    known = {name for release in found for name in (release.name, str(release.version))}
    for name in wanted:
        if name not in known:
            there = ", ".join(release.name for release in found[:5]) or "none"
            raise UsageError(f"there is no release {name!r}", hint=f"there is {there}")


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
    parents = _parents(repository, {release.commit for release in found}, wanted[-1])
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
        date = datetime.fromisoformat(release.date)
    except ValueError:
        date = datetime.max.replace(tzinfo=UTC)
    return date, release.version


def _parents(
    repository: Repository, tips: Iterable[str], oldest: str
) -> Mapping[str, Sequence[str]]:
    """The parents of each commit that is an ancestor of some commits, but not of the oldest."""
    output = repository.git.run("rev-list", "--parents", *sorted(tips), f"^{oldest}^@", "--")
    rows = (line.split() for line in decode(output).splitlines())
    return {commit: parents for commit, *parents in rows}
