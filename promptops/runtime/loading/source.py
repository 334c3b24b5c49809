"""The interface of all sources, and the refs that they resolve."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from promptops.errors import InputError, IntegrityError, UsageError
from promptops.model.version import STARTS, VERSION, Version, VersionRange, parse, parse_range
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.runtime.bundle.format import Contents, read_bundle

if TYPE_CHECKING:
    from promptops.runtime.loading.trust import Trust


PACKAGE_PREFIX = "pkg:"
MAX_SERIAL = 2**63
"""The upper limit, exclusive, of a channel's serial."""
MAX_SERIAL_STEP = 24 * 60
"""How far the serial of a channel may rise between two answers to one reader.

Each commit that promotes or rolls back a release adds one (`next_serial`). No reader misses one
commit a minute for a whole day. Without a limit, a single forged serial would make every later
answer look outdated.
"""

_ENDING = lazy_pattern(rf"(?:^|\D)({VERSION})$", re.ASCII)
_CREDENTIALS = lazy_pattern(r"(?<=://)[^/\s]*@")


@record(frozen=True, slots=True, kw_only=True)
class Listed:
    """A release of a source.

    Attributes:
        release: The name of its tag; None in a bundle of a revision that is not a release.
        version: None if the source's data does not contain it.
        digest: SHA-256 of its bundle in hexadecimal; None if it is unknown until the bundle is
            built.
    """

    release: str | None
    version: Version | None
    digest: str | None


@record(frozen=True, slots=True, kw_only=True)
class Pointer:
    """The release that a channel serves.

    Attributes:
        digest: SHA-256 in hexadecimal; None if the channel does not name it.
        serial: Increases with each change of the channel.
    """

    release: str
    digest: str | None
    serial: int


@record(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A bundle from its source.

    Attributes:
        proof: The signature, to be cached beside the bundle: a detached signature, or the signed
            tag. None without a trust store, and if nothing that can be cached proves the signature.
    """

    contents: Contents
    proof: bytes | None = None


class BundleSource(Protocol):
    """A place with releases.

    Requests to another machine end at `until`, on the clock of `time.monotonic`. Errors:
    TransportError if there is no answer, IntegrityError for an answer that is not trustworthy,
    NotFound if the source does not exist.
    """

    @property
    def where(self) -> str:
        """The name of the source in messages, unique among sources."""

    @property
    def remote(self) -> bool:
        """Whether the source may be unreachable."""

    def releases(self, until: float) -> Mapping[str, Listed]:
        """The releases by the name of their tags; a bundle that is not a release by its commit."""

    def channel(self, name: str, until: float) -> Pointer | None:
        """What a channel serves; None if there is no such channel."""

    def channels(self, until: float) -> tuple[str, ...] | None:
        """The names of channels, for messages; None if this kind of source has no channels."""

    def bundle(self, listed: Listed, trust: Trust | None, until: float) -> Delivery:
        """The bundle of a release; with `trust`, only if one of these signers signed it."""

    def prove(self, kept: Delivery, trust: Trust, until: float) -> None:
        """Raise IntegrityError if the proof does not show that a given signer signed the bundle.

        Makes no network request.
        """

    def revision(self, revision: str, until: float) -> Contents:
        """The bundle of any revision; raises UsageError if the source is not a repository."""


def checked(data: bytes, where: str) -> Contents:
    """The bundle, if it matches the expected digest; otherwise raises IntegrityError."""
    try:
        return read_bundle(data, where)
    except InputError as error:
        raise IntegrityError(error.message, where=where, hint=error.hint) from None


def no_repository(where: str) -> UsageError:
    """The error of `revision` for sources that contain only bundles."""
    hint = "give a git repository as the source, or another ref"
    return UsageError("only a git repository has revisions", where=where, hint=hint)


def version_in(release: str) -> Version | None:
    """The version at the end of a tag's name; None if it has none."""
    found = _ENDING.search(release)
    return parse(found[1], prereleases=True) if found is not None else None


def can_be(release: str, version: Version) -> bool:
    """Whether a tag of that name can belong to a version; protects against false claims."""
    return re.search(rf"(?<![0-9.]){re.escape(str(version))}(?![0-9.])", release) is not None


def shown(where: str) -> str:
    """An address without its password."""
    return _CREDENTIALS.sub("", where)


# The refs that an application can load: `v1.2.0`, `^1.2`, `sha256:…`, a channel, `git:REV`.

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
