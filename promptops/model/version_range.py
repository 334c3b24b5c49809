"""The versions that an application accepts: `^1.2`, `~1.2.3`, `>=1,<2`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping

from promptops.model.version import Version, parse
from promptops.patterns import lazy_pattern
from promptops.records import record

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
