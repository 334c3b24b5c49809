"""The refs that an application can load: `v1.2.0`, `^1.2`, `sha256:…`, a channel, `git:REV`."""

from __future__ import annotations

import re

from promptops.errors import UsageError
from promptops.model.version import STARTS, VERSION, VersionRange, parse_range
from promptops.patterns import lazy_pattern
from promptops.records import record

_EXACT = lazy_pattern(rf"v?{VERSION}", re.ASCII)
_DIGEST = lazy_pattern(r"sha256:[0-9a-f]{64}", re.ASCII)
_HEX = lazy_pattern(r"[0-9a-fA-F]+")
_NAME = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
LATEST = "latest"


@record(frozen=True, slots=True)
class Exact:
    """A release, by the name of its tag or by its version alone."""

    name: str


@record(frozen=True, slots=True)
class Highest:
    """The highest release of a range; `text` is the range as written."""

    text: str
    range: VersionRange


@record(frozen=True, slots=True)
class Digest:
    """A bundle by its content: SHA-256 in hexadecimal, without `sha256:`."""

    sha256: str


@record(frozen=True, slots=True)
class NamedRef:
    """A channel, or a release whose tag does not look like `v1.2.0`."""

    name: str


@record(frozen=True, slots=True)
class GitRevision:
    """Any git revision, for development."""

    revision: str


Ref = Exact | Highest | Digest | NamedRef | GitRevision


def parse_ref(text: str) -> Ref:
    """Parse a ref; raises UsageError for an invalid one."""
    if _EXACT.fullmatch(text):
        return Exact(text)
    if text.startswith("sha256:"):
        if not _DIGEST.fullmatch(text):
            raise UsageError(f"{text!r} is not a digest", hint="sha256: and 64 hexadecimal digits")
        return Digest(text.removeprefix("sha256:"))
    if text.startswith("git:") and len(text) > len("git:"):
        return GitRevision(text.removeprefix("git:"))
    if text.startswith(STARTS):
        found = parse_range(text)
        if found is None:
            raise UsageError(f"{text!r} is not a range", hint="such as `^1.2`, `~1.2.3`, `>=1,<2`")
        return Highest(text, found)
    problem = wrong_name(text)
    if problem is not None:
        raise UsageError(f"{text!r} is not a ref: {problem}", hint=_HINT)
    return NamedRef(text)


_HINT = "such as `v1.2.0`, `^1.2`, `sha256:…`, or a channel: `production`"


def wrong_name(text: str) -> str | None:
    """Why a string can't be the name of a channel; None if it can."""
    if text.lower() == LATEST:
        return "there is no implicit latest release"
    if "@" in text:
        return "the tag of one prompt is not a release of the whole catalog"
    if not _NAME.fullmatch(text) or len(text) > 100:
        return "a name has letters, digits, `.`, `_` and `-`"
    if _HEX.fullmatch(text) or text.isdecimal():
        return "it could be a commit id"
    if _EXACT.fullmatch(text) or re.fullmatch(r"v?\d+(\.\d+)*", text):
        return "it could be a version"
    return None
