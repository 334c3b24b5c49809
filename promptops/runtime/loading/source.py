"""What every source can be asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from promptops.errors import InputError, IntegrityError, UsageError
from promptops.model.version import VERSION, Version, parse
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.runtime.bundle.format import Contents, read_bundle

if TYPE_CHECKING:
    from promptops.runtime.loading.trust import Trust

PACKAGE_PREFIX = "pkg:"
MAX_SERIAL = 2**63
"""The serial of a channel is below it."""
MAX_SERIAL_STEP = 24 * 60
"""How far the serial of a channel may rise between two answers that a reader sees.

Each commit that promotes or rolls back a release adds one (`next_serial`). One such
commit a minute, for a whole day, is more than any reader misses; whoever answers with a higher
serial would make every later answer look old.
"""

_ENDING = lazy_pattern(rf"(?:^|\D)({VERSION})$", re.ASCII)
_CREDENTIALS = lazy_pattern(r"(?<=://)[^/\s]*@")


@record(frozen=True, slots=True, kw_only=True)
class Listed:
    """A release that a source has.

    Attributes:
        release: The name of its tag; None in a bundle of a revision that is no release.
        version: None where it can't be told from what the source says.
        digest: Of its bundle: SHA-256 in hexadecimal. None where nobody knows before it is built.
    """

    release: str | None
    version: Version | None
    digest: str | None


@record(frozen=True, slots=True, kw_only=True)
class Pointer:
    """What a channel serves.

    Attributes:
        digest: SHA-256 in hexadecimal; None where the channel does not say.
        serial: Counts up with each change of the channel.
    """

    release: str
    digest: str | None
    serial: int


@record(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A bundle from its source.

    Attributes:
        proof: Who signed it, to keep beside the bundle: a detached signature, or the signed tag.
            None if no trust is asked for, and if there is nothing to keep that proves it.
    """

    contents: Contents
    proof: bytes | None = None


class BundleSource(Protocol):
    """A place that has releases.

    All that is asked ends at `until`, by `time.monotonic`, where the answer comes from another
    machine. Errors: TransportError where there is no answer, IntegrityError for one that can't be
    believed, NotFound where there is no such source.
    """

    @property
    def where(self) -> str:
        """For messages, and to tell one source from another."""

    @property
    def remote(self) -> bool:
        """It may be out of reach."""

    def releases(self, until: float) -> Mapping[str, Listed]:
        """By the name of their tags; that of no release by its commit."""

    def channel(self, name: str, until: float) -> Pointer | None:
        """What a channel serves; None where there is no such channel."""

    def channels(self, until: float) -> tuple[str, ...] | None:
        """Names, for messages; None where a source of this kind has none."""

    def bundle(self, listed: Listed, trust: Trust | None, until: float) -> Delivery:
        """Its bundle; with `trust`, only if one of these signers signed it."""

    def prove(self, kept: Delivery, trust: Trust, until: float) -> None:
        """Raise IntegrityError if the proof does not show that one of the signers signed it.

        Nothing is asked of another machine.
        """

    def revision(self, revision: str, until: float) -> Contents:
        """The bundle of any revision; raises UsageError where the source is no repository."""


def checked(data: bytes, where: str) -> Contents:
    """A bundle that is what its digest says; raises IntegrityError for anything else."""
    try:
        return read_bundle(data, where)
    except InputError as error:
        raise IntegrityError(error.message, where=where, hint=error.hint) from None


def no_repository(where: str) -> UsageError:
    """What `revision` raises where there are only bundles."""
    hint = "give a git repository as the source, or another ref"
    return UsageError("only a git repository has revisions", where=where, hint=hint)


def version_in(release: str) -> Version | None:
    """The version that the name of a tag ends with."""
    found = _ENDING.search(release)
    return parse(found[1], prereleases=True) if found is not None else None


def can_be(release: str, version: Version) -> bool:
    """Whether a tag of that name can be the one of a version: whoever says so may lie."""
    return re.search(rf"(?<![0-9.]){re.escape(str(version))}(?![0-9.])", release) is not None


def shown(where: str) -> str:
    """An address without the password in it."""
    return _CREDENTIALS.sub("", where)
