"""Select the release that a ref means; the error for an unknown ref lists what exists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from promptops.errors import InputError, NotFound, UsageError
from promptops.model.version import parse
from promptops.plurals import some
from promptops.runtime.loading.refs import Digest, Highest, NamedRef, Ref
from promptops.runtime.loading.source import BundleSource, Listed, shown
from promptops.suggestions import nearest_channel

if TYPE_CHECKING:
    from promptops.runtime.loading.trust import Trust

_SHOWN = 8


class Selection:
    """The releases of a source, from which refs select; requests end at `until`."""

    def __init__(self, source: BundleSource, trust: Trust | None, until: float) -> None:
        """Raises the errors of `BundleSource.releases`."""
        self._source = source
        self._trust = trust
        self._until = until
        self._releases: Mapping[str, Listed] = source.releases(until)

    def release(self, ref: Ref | None, text: str) -> Listed:
        """The release that a ref means; `text` is the ref as written.

        Without a ref, it is that of a bundle file. Raises UsageError without a ref for any other
        source, NotFound if no release matches, and InputError if the
        release with a digest may be one that can't be built.
        """
        if ref is None:
            if self._source.channels(self._until) is None:  # a bundle file, with one release
                return next(iter(self._releases.values()))
            message = "name a release: there is no implicit latest one"
            raise UsageError(message, where=shown(self._source.where), hint=self._existing())
        listed = next(self._matching(ref, text), None)
        if listed is None:
            raise self._not_found(ref, text)
        return listed

    def _matching(self, ref: Ref, text: str) -> Iterator[Listed]:
        """All releases that match; the preferred one comes first."""
        if isinstance(ref, Digest):
            yield from self._with_digest(ref.sha256)
            return
        if isinstance(ref, Highest):
            releases = self._releases.values()
            version = ref.range.highest(listed.version for listed in releases if listed.version)
        else:
            if text in self._releases:
                yield self._releases[text]
            version = parse(text.removeprefix("v"), prereleases=True)
        yield from (
            listed for listed in self._releases.values() if version and listed.version == version
        )

    def _with_digest(self, digest: str) -> Iterator[Listed]:
        for listed in self._releases.values():
            if listed.digest == digest:
                yield listed
        # A repository does not know the digest of a bundle before the bundle is built.
        refused: InputError | None = None
        for listed in reversed(tuple(self._releases.values())):
            if listed.digest is None:
                try:
                    contents = self._source.bundle(listed, self._trust, self._until).contents
                except InputError as error:  # the requested one may be another release
                    refused = refused or error
                    continue
                if contents.digest == digest:
                    yield listed
        if refused is not None:
            raise refused

    def _not_found(self, ref: Ref, text: str) -> NotFound:
        hint = self._existing()
        if isinstance(ref, NamedRef):
            hint = f"{_of_channel(text, self._source.channels(self._until))}{hint}"
        return NotFound(f"there is no {text!r}", where=shown(self._source.where), hint=hint)

    def _existing(self) -> str:
        return _there_is(self._releases, self._source.channels(self._until) or ())


def _of_channel(name: str, channels: Iterable[str] | None) -> str:
    if channels is None:
        return "a bundle has no channels: name a repository or a site, or a release; "
    near = nearest_channel(name, channels)
    return f"did you mean `{near}`? " if near else ""


def _there_is(releases: Mapping[str, Listed], channels: Iterable[str]) -> str:
    """A list of the channels and the highest releases."""
    listed = sorted(releases.values(), key=_order, reverse=True)
    found = [*(f"{name!r}" for name in sorted(channels)), *map(_name, listed)]
    shown_names = some(found, len(found) - len(listed) + _SHOWN)
    return f"there is {shown_names}" if found else "there are no releases"


def _order(listed: Listed) -> tuple[bool, object, str]:
    return listed.version is not None, listed.version or 0, listed.release or ""


def _name(listed: Listed) -> str:
    return f"{listed.release!r}" if listed.release is not None else f"'sha256:{listed.digest}'"
