"""A version, and what a bump makes of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from promptops.model.change import Bump

_VERSION = re.compile(r"(0|[1-9]\d{0,9})\.(0|[1-9]\d{0,9})\.(0|[1-9]\d{0,9})")


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A released version: three numbers, as Semantic Versioning has them."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    def after(self, bump: Bump) -> Version:
        """The next version. Before 1.0.0 a major bump is a minor one, and a minor one a patch."""
        if self.major == 0:
            bump = max(Bump(bump - 1), Bump.PATCH) if bump else bump
        if bump is Bump.MAJOR:
            return Version(self.major + 1, 0, 0)
        if bump is Bump.MINOR:
            return Version(self.major, self.minor + 1, 0)
        return Version(self.major, self.minor, self.patch + 1) if bump else self


def parse(text: str) -> Version | None:
    """A version without anything around it; None for what is none, or a prerelease."""
    found = _VERSION.fullmatch(text)
    return Version(*map(int, found.groups())) if found else None
