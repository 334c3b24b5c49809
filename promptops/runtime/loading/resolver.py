"""Resolve a ref to a bundle: its current meaning at a source, or the last known one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from promptops.errors import InputError, IntegrityError, NotFound, TransportError, UsageError
from promptops.model.version import parse
from promptops.plurals import some
from promptops.records import record
from promptops.runtime.bundle.bundle import Bundle
from promptops.runtime.bundle.format import Contents
from promptops.runtime.loading.source import (
    MAX_SERIAL_STEP,
    BundleSource,
    Delivery,
    Digest,
    Exact,
    GitRevision,
    Highest,
    Listed,
    NamedRef,
    Ref,
    can_be,
    parse_ref,
    shown,
    version_in,
)
from promptops.suggestions import nearest_channel

if TYPE_CHECKING:
    from promptops.runtime.loading.cache import BundleCache
    from promptops.runtime.loading.trust import Trust


PROVE_S = 10.0
"""The time limit for verifying the signature of a cached bundle; it usually takes 0.05 s."""


@record(frozen=True, slots=True)
class _Choice:
    """The current meaning of a ref; `channel` is None unless the ref names a channel."""

    listed: Listed
    channel: str | None = None
    serial: int = 0


class RefResolver:
    """One ref at one source, for a client with or without a trust store."""

    def __init__(
        self,
        source: BundleSource,
        ref: str | None,
        *,
        trust: Trust | None,
        cache: Callable[[], BundleCache],
        offline: bool,
    ) -> None:
        """Raises UsageError for an invalid ref; a missing ref is reported by `ask`.

        `cache` is called at the first lookup, if there is one.
        """
        self._source = source
        self._ref: Ref | None = parse_ref(ref) if ref is not None else None
        if trust is not None and isinstance(self._ref, GitRevision):
            hint = "load a signed release, or load it without `trust=` and PROMPTOPS_TRUST"
            raise UsageError("a revision has no signature", where=ref, hint=hint)
        self._text = ref or ""
        self._trust = trust
        self._open_cache = cache
        self._accepted: tuple[Bundle, Trust] | None = None
        self._offline = offline and source.remote
        self.where = shown(source.where)

    @property
    def fixed(self) -> bool:
        """Whether the ref always means the same bundle."""
        return isinstance(self._ref, Exact | Digest)

    @property
    def remote(self) -> bool:
        """Whether the source may be unreachable."""
        return self._source.remote

    def ask(self, current: Bundle | None, until: float) -> Bundle:
        """The bundle that the ref means now; `current` itself if that is still right.

        Args:
            until: The deadline, on the clock of `time.monotonic`.

        Raises:
            NotFound: There is no such release, channel or source.
            UsageError: No ref was given, or the source does not support this kind of ref.
            IntegrityError: The source's data is damaged or not trustworthy.
            InputError: The allowed signers can't be read any more.
            TransportError: The source can't be reached, or lacks the release that its own channel
                names.
        """
        if self._trust is not None:  # the trust store may have changed since it was opened
            self._trust = self._trust.read(self._trust.file)
            current = current if self._is_accepted(current) else None
        kept = self.last_good() if self.fixed else None
        if kept is not None:
            return kept
        if self._offline:
            hint = "nothing is cached: load it once with access to the source"
            raise TransportError("PROMPTOPS_OFFLINE is set", where=self.where, hint=hint)
        if isinstance(self._ref, GitRevision):
            contents = self._source.revision(self._ref.revision, until)
            return Bundle(contents, where=self.where)
        choice = self._choose(current, until)
        bundle = self._loaded(choice, current, until)
        self._remember(choice, bundle)
        return self._accept(bundle)

    def last_good(self) -> Bundle | None:
        """The last known bundle of the ref, marked stale if the ref's meaning can change."""
        if not self.remote:
            return None
        named = self._ref.sha256 if isinstance(self._ref, Digest) else None
        digest = named or self._known(self._text)
        contents = self._kept(digest) if digest is not None else None
        if contents is None or not self._can_mean(contents.origin.release):
            return None
        pointer = self._cache.pointer(*self._key(self._text)) or {}
        channel = self._text if pointer.get("channel") is True else None
        found = Bundle(contents, where=self.where, channel=channel, stale=not self.fixed)
        return self._accept(found)

    def _accept(self, bundle: Bundle) -> Bundle:
        """Note whose signature was accepted: after a failed query, the bundle may outlast it."""
        if self._trust is not None:
            self._accepted = bundle, self._trust
        return bundle

    def _is_accepted(self, bundle: Bundle | None) -> bool:
        """Whether the signature of the bundle was verified with the current trust store."""
        accepted = self._accepted
        return accepted is not None and accepted[0] is bundle and accepted[1] == self._trust

    @cached_property
    def _cache(self) -> BundleCache:
        return self._open_cache()

    def _choose(self, current: Bundle | None, until: float) -> _Choice:
        if isinstance(self._ref, NamedRef):
            pointer = self._source.channel(self._text, until)
            if pointer is not None:
                self._refuse_serial(pointer.serial)
                named = Listed(release=pointer.release, version=None, digest=pointer.digest)
                return _Choice(named, self._text, pointer.serial)
        selection = Selection(self._source, self._trust, until)
        try:
            return _Choice(selection.release(self._ref, self._text))
        except NotFound:
            if isinstance(self._ref, Highest) and (current or self._known(self._text)):
                # The range matched a release before, so it has no typing error.
                message = f"no release matches {self._text!r} any more"
                raise TransportError(message, where=self.where) from None
            raise

    def _can_mean(self, release: str | None) -> bool:
        """Whether the ref can mean this release; the cached pointer alone does not prove it."""
        version = version_in(release or "")
        if isinstance(self._ref, Highest):
            return version is None or self._ref.range.holds(version)
        if isinstance(self._ref, Exact) and release != self._text:
            named = parse(self._text.removeprefix("v"), prereleases=True)
            return named is not None and can_be(release or "", named)
        return True

    def _refuse_serial(self, serial: int) -> None:
        key = self._source.where, self._text
        seen = max(self._cache.serial(*key), SERIALS.get(key, (0, ""))[0])
        if serial < seen:
            message = f"channel {self._text!r} went back from serial {seen} to {serial}"
            hint = (
                f"to go back, use `promptops rollback`, which increases the serial; {self._reset}"
            )
            raise IntegrityError(message, where=self.where, hint=hint)
        if seen and serial - seen > MAX_SERIAL_STEP:
            message = f"channel {self._text!r} jumped from serial {seen} to {serial}"
            hint = f"the limit is {MAX_SERIAL_STEP} changes at once; {self._reset}"
            raise IntegrityError(message, where=self.where, hint=hint)

    @property
    def _reset(self) -> str:
        return f"if this is intended: promptops doctor --reset-channel {self._text}"

    def _refuse_another(self, channel: str, serial: int, digest: str) -> None:
        """A serial always means one bundle; stored as a pointer, since formats differ."""
        key = (self._source.where, channel, "serial", str(serial))
        kept = (self._cache.pointer(*key) or {}).get("bundle")
        last, of_last = SERIALS.get(key[:2], (0, ""))
        known = kept if isinstance(kept, str) else digest
        known = of_last if serial == last else known
        if serial >= last:
            _add_newest(SERIALS, key[:2], (serial, known))
        if digest != known:
            message = f"channel {channel!r} names a different release with the same serial {serial}"
            hint = "change channels by `promptops promote` and `promptops rollback` only"
            raise IntegrityError(message, where=self.where, hint=hint)
        self._cache.keep_pointer({"bundle": digest, "of": _key_name(*key[:2])}, *key)

    def _loaded(self, choice: _Choice, current: Bundle | None, until: float) -> Bundle:
        listed = choice.listed
        if current is not None and current.release == listed.release:
            if listed.digest in (None, current.digest):
                return current
            raise self._moved(listed)
        contents = self._contents(listed, until)
        return Bundle(contents, where=self.where, channel=choice.channel)

    def _contents(self, listed: Listed, until: float) -> Contents:
        known = self._known(listed.release or "")
        if known and listed.digest and known != listed.digest:
            raise self._moved(listed)
        digest = listed.digest or known
        contents = self._kept(digest) if digest and self.remote else None
        if contents is None:
            delivery = self._fetched(listed, until)
            contents = delivery.contents
            if digest not in (None, contents.digest):
                raise self._moved(listed)
            self._keep(delivery)
        if contents.origin.release != listed.release:
            actual = contents.origin.release
            message = f"the bundle of {listed.release!r} contains the release {actual!r}"
            raise IntegrityError(message, where=self.where)
        return contents

    def _fetched(self, listed: Listed, until: float) -> Delivery:
        try:
            return self._source.bundle(listed, self._trust, until)
        except NotFound:
            if not isinstance(self._ref, NamedRef | Highest):
                raise
            # The source itself names the release, so it is not a typing error.
            message = f"{self._text!r} resolves to {listed.release!r}, which does not exist"
            raise TransportError(
                message, where=self.where, hint="check that its tag was pushed"
            ) from None

    def _keep(self, delivery: Delivery) -> None:
        digest = delivery.contents.digest
        if self._trust is not None:
            _add_newest(VERIFIED, (self._trust.key, digest), None)
        if self.remote:
            self._cache.keep_bundle(digest, delivery.contents.data)
            if delivery.proof is not None:
                self._cache.keep_proof(delivery.proof, digest, *self._key("proof"))

    def _kept(self, digest: str) -> Contents | None:
        """The cached bundle; with `trust`, only if its signature is cached and still valid.

        The signature is verified once per process, because another user may have written the cache.
        """
        contents = self._cache.bundle(digest)
        if contents is None or self._trust is None or (self._trust.key, digest) in VERIFIED:
            return contents
        kept = Delivery(contents=contents, proof=self._cache.proof(digest, *self._key("proof")))
        try:
            self._source.prove(kept, self._trust, monotonic() + PROVE_S)
        except IntegrityError:
            return None
        _add_newest(VERIFIED, (self._trust.key, digest), None)
        return contents

    def _known(self, ref: str) -> str | None:
        """The last known digest of the ref, for clients with the same trust store."""
        pointer = self._cache.pointer(*self._key(ref)) if self.remote else None
        digest = pointer.get("bundle") if pointer is not None else None
        return digest if isinstance(digest, str) else None

    def _moved(self, listed: Listed) -> IntegrityError:
        message = (
            f"the bundle of {listed.release!r} differs from the one loaded before, "
            "or from the expected digest"
        )
        hint = "a release never changes: create a new one"
        return IntegrityError(message, where=self.where, hint=hint)

    def _remember(self, choice: _Choice, bundle: Bundle) -> None:
        """Cache the meaning of the ref, after the bundle was loaded successfully."""
        if choice.channel is not None:
            self._refuse_serial(choice.serial)  # another process may know a higher one now
            self._refuse_another(choice.channel, choice.serial, bundle.digest)
            self._cache.keep_serial(choice.serial, self._source.where, choice.channel)
        if self.remote:
            release = choice.listed.release or ""
            self._cache.keep_pointer({"bundle": bundle.digest}, *self._key(release))
            of = _key_name(self._source.where, self._text)
            value = {"bundle": bundle.digest, "channel": choice.channel is not None, "of": of}
            self._cache.keep_pointer(value, *self._key(self._text))

    def _key(self, ref: str) -> tuple[str, ...]:
        return self._source.where, ref, self._trust.key if self._trust is not None else ""


def _key_name(*key: str) -> str:
    from promptops.runtime.loading.cache import key_name

    return key_name(*key)


# What this process remembers of channels and of verified bundles, for all of its clients

_Value = TypeVar("_Value")

MAX_REMEMBERED = 1_024
"""The number of channels, and of verified bundles. The oldest are forgotten: they are on disk, or
are verified again.
"""

SERIALS: dict[tuple[str, str], tuple[int, str]] = {}
"""The highest serial of a channel and the digest of its bundle, by source and channel; also where
nothing is cached on disk.
"""

VERIFIED: dict[tuple[str, str], None] = {}
"""Keys of `Trust`, each with the digest of a bundle that one of its signers signed."""


def _add_newest(known: dict[tuple[str, str], _Value], key: tuple[str, str], value: _Value) -> None:
    """Add a value as the newest one. No lock is used, because a fork might leave it locked."""
    known.pop(key, None)
    known[key] = value
    for oldest in list(known)[:-MAX_REMEMBERED]:
        known.pop(oldest, None)


# Select the release that a ref means; the error for an unknown ref lists what exists.

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
