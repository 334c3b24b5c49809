"""A repository as a source of bundles."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic

from promptops.errors import InputError, IntegrityError
from promptops.jobs.tags.signature import verify_proof
from promptops.jobs.workspace.workspace import CHANNELS
from promptops.loading.git import GitSource, open_source
from promptops.runtime.bundle.format import Contents
from promptops.runtime.loading.site import CANARY_HINT, MISSHAPEN, CanaryRefused, pointer_of
from promptops.runtime.loading.source import Delivery, Listed, Pointer, checked, shown
from promptops.runtime.loading.trust import Trust


class GitReleases:
    """The releases and channels of a local or remote repository."""

    def __init__(self, where: str, *, offline: bool) -> None:
        self.where = where
        self.remote = "://" in where
        self._offline = offline
        self._opened: tuple[float, GitSource] | None = None

    def releases(self, until: float) -> Mapping[str, Listed]:
        found = self._source(until).releases()
        return {
            tag: Listed(release=tag, version=version, digest=None) for tag, version in found.items()
        }

    def channel(self, name: str, until: float) -> Pointer | None:
        try:
            entry = self._source(until).channels().get(name)
        except IntegrityError:
            raise
        except InputError as error:
            raise IntegrityError(error.message, where=shown(self.where), hint=error.hint) from None
        if entry is None:
            return None
        try:
            return pointer_of(entry)
        except CanaryRefused as error:
            where = f"{shown(self.where)}: {CHANNELS}: {name}"
            raise IntegrityError(str(error), where=where, hint=CANARY_HINT) from None
        except MISSHAPEN:
            message = f"`{CHANNELS}` names no release for the channel {name!r}"
            hint = f"set it in that repository: promptops promote TAG {name}"
            raise IntegrityError(message, where=shown(self.where), hint=hint) from None

    def channels(self, until: float) -> tuple[str, ...]:
        return tuple(self._source(until).channels())

    def bundle(self, listed: Listed, trust: Trust | None, until: float) -> Delivery:
        file = trust.file if trust is not None else None
        found = self._source(until).bundle(listed.release or "", file, listed.version)
        return Delivery(contents=checked(found.data, shown(self.where)), proof=found.proof)

    def prove(self, cached: Delivery, trust: Trust, until: float) -> None:
        if cached.proof is None:
            hint = "remove the cached bundle, and load the release again from its repository"
            raise IntegrityError(
                "the cache has no signed tag for the bundle", where=shown(self.where), hint=hint
            )
        verify_proof(cached.proof, cached.contents, trust.file)

    def revision(self, revision: str, until: float) -> Contents:
        return checked(self._source(until).revision(revision), shown(self.where))

    def _source(self, until: float) -> GitSource:
        """The source for all calls with the same deadline."""
        if self._opened is None or self._opened[0] != until:
            left_s = until - monotonic()
            source = open_source(self.where, offline=self._offline, deadline_s=left_s)
            self._opened = until, source
        return self._opened[1]
