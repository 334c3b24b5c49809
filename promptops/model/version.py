"""A version: its order, and the next version after a bump."""

from __future__ import annotations

import re
from functools import total_ordering
from typing import Any

from promptops.model.bump import Bump
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
