"""The next version of a release, and of each prompt in it."""

from __future__ import annotations

import re
from collections.abc import Collection

from promptops.model.version import Bump, Version
from promptops.patterns import lazy_pattern
from promptops.records import record, replace

FIRST = Version(0, 1, 0)
PRERELEASE = lazy_pattern(r"[A-Za-z][0-9A-Za-z-]*", re.ASCII)
"""The name of a series of prereleases."""


@record(frozen=True, slots=True, kw_only=True)
class Declared:
    """A version or bump that the user chose, instead of the one that the changes require.

    Attributes:
        bump: Before the shift for 0.x versions, as changes have it.
        pre: The name of a series of prereleases: `rc`.
        reason: Why the bump is smaller than the required one, or "".
    """

    version: Version | None = None
    bump: Bump | None = None
    pre: str | None = None
    reason: str = ""


def next_version(
    last: Version | None, required: Bump, declared: Declared, taken: Collection[Version]
) -> Version:
    """The version of the release that comes after the last one."""
    target = declared.version
    if target is None:
        bump = required if declared.bump is None else declared.bump
        target = FIRST if last is None else last.after(bump)
    if declared.pre is None:
        return target
    return replace(target, pre=(declared.pre, str(_number(target, declared.pre, taken))))


def effective_bump(last: Version | None, required: Bump, declared: Declared) -> Bump:
    """The bump of a release, before the shift for 0.x versions."""
    if last is None:
        return required
    if declared.bump is not None:
        return declared.bump
    if declared.version is None:
        return required
    reached = declared.version.release
    return max(bump for bump in Bump if not bump or last.after(bump) <= reached)


def prompt_version(
    before: Version | None, bump: Bump, release: Version, taken: Collection[Version] = ()
) -> Version:
    """The version of a prompt in a release, which is never above that of the release.

    A new prompt gets the release's own version. A changed prompt leaves 0.x with the release.
    Versions in `taken`, from other lines of releases, are skipped.
    """
    if before is None:
        return release
    if not bump:
        return before
    version = before.after(bump)
    if release.major and not version.major:
        version = Version(1, 0, 0)
    version = replace(version, pre=release.pre)
    while version in taken:
        version = replace(version, patch=version.patch + 1)
    return version


def outranked(
    last: Version | None, version: Version, others: Collection[Version]
) -> Version | None:
    """The highest version of a newer line that a caret range would no longer select.

    A line is all versions with the same first two numbers. A caret range stays below the next major
    version, or before 1.0.0 below the next minor one.
    """
    if last is None or version.pre:
        return None
    newer = (
        other
        for other in others
        if last < other < version
        and (other.major, other.minor) != (last.major, last.minor)
        and _series(other) == _series(version)
        and not other.pre
    )
    return max(newer, default=None)


def _series(version: Version) -> tuple[int, ...]:
    return (version.major,) if version.major else (0, version.minor)


def _number(target: Version, pre: str, taken: Collection[Version]) -> int:
    """The first free number in a series: 1 for `1.3.0-rc.1`."""
    series = (
        version.pre for version in taken if version.release == target and version.pre[:1] == (pre,)
    )
    numbers = [int(rest[0]) for _, *rest in series if len(rest) == 1 and rest[0].isdecimal()]
    return max(numbers, default=0) + 1
