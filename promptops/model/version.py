"""A version: its order, the next one after a bump, and ranges such as `^1.2`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from functools import total_ordering
from typing import Any

from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.records.outputs import as_text

_NUMBER = r"(?:0|[1-9]\d{0,9})"
_PRE = rf"(?:{_NUMBER}|\d*[A-Za-z-][0-9A-Za-z-]*)"
VERSION = rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_PRE}(?:\.{_PRE})*)?"
"""The pattern of a version: Semantic Versioning without build metadata."""
_PARTS = lazy_pattern(
    rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})(?:-({_PRE}(?:\.{_PRE})*))?", re.ASCII
)


@as_text
@total_ordering
@record(frozen=True, slots=True)
class Version:
    """A released version, by the rules of Semantic Versioning.

    Attributes:
        pre: The parts of a prerelease, `("rc", "1")`; empty for a release.
    """

    major: int
    minor: int
    patch: int
    pre: tuple[str, ...] = ()

    def __str__(self) -> str:
        behind = f"-{'.'.join(self.pre)}" if self.pre else ""
        return f"{self.major}.{self.minor}.{self.patch}{behind}"

    def __lt__(self, other: Version) -> bool:
        return self._order() < other._order()

    @property
    def release(self) -> Version:
        """The release of a prerelease; a release itself."""
        return Version(self.major, self.minor, self.patch)

    def after(self, bump: Bump) -> Version:
        """The next version. Before 1.0.0 a major bump is a minor one, and a minor one a patch."""
        if self.major == 0:
            bump = max(Bump(bump - 1), Bump.PATCH) if bump else bump
        if bump is Bump.MAJOR:
            return Version(self.major + 1, 0, 0)
        if bump is Bump.MINOR:
            return Version(self.major, self.minor + 1, 0)
        return Version(self.major, self.minor, self.patch + 1) if bump else self

    def _order(self) -> tuple[Any, ...]:
        parts = tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in self.pre)
        return self.major, self.minor, self.patch, not self.pre, parts


def parse(text: str, *, prereleases: bool = False) -> Version | None:
    """A version from text; None if it is not one, or a prerelease where none is allowed."""
    found = _PARTS.fullmatch(text)
    if found is None or (found[4] and not prereleases):
        return None
    major, minor, patch, pre = found.groups()
    return Version(int(major), int(minor), int(patch), tuple(pre.split(".")) if pre else ())


# The part of a version that has to increase.


@as_text
class Bump(IntEnum):
    """The part of a version that has to increase; a greater one includes the smaller."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3

    def __str__(self) -> str:
        return self.name.lower()


# The versions that an application accepts: `^1.2`, `~1.2.3`, `>=1,<2`.

_BOUND = lazy_pattern(r"\s*(\^|~|>=|<=|>|<|=)\s*v?(\d+(?:\.\d+(?:\.\d+(?:-[0-9A-Za-z.-]+)?)?)?)\s*")
STARTS = ("^", "~", ">", "<", "=")


@record(frozen=True, slots=True)
class VersionRange:
    """All versions within some bounds.

    Attributes:
        bounds: A sign (`>=`, `<`, `>`, `<=`) and a version, each.
        named: Prereleases that the range names; only those of the same releases are accepted.
    """

    bounds: tuple[tuple[str, Version], ...]
    named: frozenset[Version]

    def holds(self, version: Version) -> bool:
        """Whether a version is in the range; a prerelease only if the range names a similar one."""
        if version.pre and version.release not in {prerelease.release for prerelease in self.named}:
            return False
        return all(_FITS[sign](version, bound) for sign, bound in self.bounds)

    def highest(self, versions: Iterable[Version]) -> Version | None:
        """The highest version in the range; None if it contains none of them."""
        return max((version for version in versions if self.holds(version)), default=None)


def parse_range(text: str) -> VersionRange | None:
    """A range from text, its parts separated by commas; None if it is not a range."""
    bounds: list[tuple[str, Version]] = []
    named: set[Version] = set()
    for part in text.split(","):
        found = _BOUND.fullmatch(part)
        if found is None:
            return None
        numbers = found[2].split("-")[0].split(".")
        padded = ".".join((*numbers, *["0"] * (3 - len(numbers))))
        version = parse(padded + found[2][len(".".join(numbers)) :], prereleases=True)
        if version is None:
            return None
        bounds += _bounds(found[1], version, len(numbers))
        named |= {version} if version.pre else set()
    return VersionRange(tuple(bounds), frozenset(named))


def _bounds(sign: str, version: Version, given: int) -> list[tuple[str, Version]]:
    """The bounds of one part; `given` is how many numbers of the version were written."""
    if sign == "^":
        return [(">=", version), ("<", _above_caret(version, given))]
    if sign == "~":
        return [(">=", version), ("<", _above(version, min(given, 2)))]
    if given < 3 and sign in ("=", "<=", ">"):
        after = _above(version, given)
        partial = {"=": [(">=", version), ("<", after)], "<=": [("<", after)], ">": [(">=", after)]}
        return partial[sign]
    return [(">=", version), ("<=", version)] if sign == "=" else [(sign, version)]


def _above_caret(version: Version, given: int) -> Version:
    """The next version that changes the first number other than 0; `^0` is 0.x, `^0.0` is 0.0.x."""
    if version.major or given == 1:
        return Version(version.major + 1, 0, 0)
    if version.minor or given == 2:
        return Version(0, version.minor + 1, 0)
    return Version(0, 0, version.patch + 1)


def _above(version: Version, given: int) -> Version:
    if given == 1:
        return Version(version.major + 1, 0, 0)
    if given == 2:
        return Version(version.major, version.minor + 1, 0)
    return Version(version.major, version.minor, version.patch + 1)


_FITS: Mapping[str, Callable[[Version, Version], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}
