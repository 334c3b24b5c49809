"""A site written by `promptops build --site`: in a folder, in a package, or at an address."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from promptops.errors import IntegrityError, NotFound, TransportError, UsageError
from promptops.model.version import parse
from promptops.plurals import counted
from promptops.runtime.bundle.format import MAX_BYTES, Contents
from promptops.runtime.loading.bundle_file import read_file
from promptops.runtime.loading.source import (
    MAX_SERIAL,
    PACKAGE_PREFIX,
    Delivery,
    Listed,
    Pointer,
    can_be,
    checked,
    no_repository,
)
from promptops.runtime.loading.trust import MAX_SIGNATURE_BYTES, Signed, Trust, verify

INDEX = "index.json"
MAX_INDEX_BYTES = 32 * 1024 * 1024
MAX_CHANNEL_BYTES = 64 * 1024
MAX_VALUES = 1_500_000
"""The largest number of values in one JSON file; parsed, they fit into 200 MB."""
MISSHAPEN = (AttributeError, KeyError, TypeError, ValueError)
"""The errors of reading JSON data of another shape."""

CANARY = "canary"
NO_CANARY = "`canary` is not supported yet: no reader would serve it"
CANARY_HINT = "remove it, and use a separate channel for the readers that try a release"

_HERE = ("localhost", "127.0.0.1", "::1")
_HEX = frozenset("0123456789abcdef")


class CanaryRefused(ValueError):
    """A channel wants to serve a second release to some readers, which is not supported."""


Get = Callable[[str, int, float], bytes | None]
"""From a name, a size limit in bytes and a deadline to the data; None if there is no such file."""


class Site:
    """Releases and channels, as files with fixed names."""

    def __init__(self, where: str, get: Get, *, remote: bool) -> None:
        self.where = where
        self.remote = remote
        self._get = get
        self._channels: tuple[float, tuple[str, ...]] = (-math.inf, ())

    def releases(self, until: float) -> Mapping[str, Listed]:
        data = self._get(INDEX, MAX_INDEX_BYTES, until)
        if data is None:
            hint = "create one: promptops build --site DIR"
            raise NotFound("there is no site: no `index.json`", where=self.where, hint=hint)
        index = self._object(data, INDEX)
        try:
            if index["schema"] != 1:
                raise ValueError
            self._channels = until, tuple(map(str, index.get("channels", ())))
            return {entry["release"]: _listed(entry) for entry in index["releases"]}
        except MISSHAPEN:
            raise self._odd(INDEX) from None

    def channel(self, name: str, until: float) -> Pointer | None:
        path = f"channels/{name}.json"
        data = self._get(path, MAX_CHANNEL_BYTES, until)
        if data is None:
            return None
        try:
            pointer = pointer_of(self._object(data, path))
        except CanaryRefused as error:
            raise IntegrityError(str(error), where=f"{self.where}/{path}") from None
        except MISSHAPEN:
            raise self._odd(path) from None
        if pointer.digest is None:
            raise self._odd(path)
        return pointer

    def channels(self, until: float) -> tuple[str, ...]:
        if self._channels[0] != until:
            self.releases(until)
        return self._channels[1]

    def bundle(self, listed: Listed, trust: Trust | None, until: float) -> Delivery:
        path = f"bundles/{listed.release}.jsonl"
        if not all(_is_plain(part) for part in path.split("/")):
            raise self._odd(path)
        data = self._get(path, MAX_BYTES, until)
        if data is None:
            # The index of the site names the release, so it is not a typing error.
            raise TransportError(f"`{path}` does not exist yet", where=self.where)
        where = f"{self.where}/{path}"
        signature = None
        if trust is not None:
            signature = self._get(f"{path}.sig", MAX_SIGNATURE_BYTES, until)
            verify(Signed(data=data, signature=signature, where=where), trust, until)
        return Delivery(contents=checked(data, where), proof=signature)

    def prove(self, kept: Delivery, trust: Trust, until: float) -> None:
        signed = Signed(data=kept.contents.data, signature=kept.proof, where=self.where)
        verify(signed, trust, until)

    def revision(self, revision: str, until: float) -> Contents:
        raise no_repository(self.where)

    def _object(self, data: bytes, path: str) -> dict[str, Any]:
        if sum(map(data.count, (b",", b"[", b"{"))) > MAX_VALUES:
            raise self._odd(path)
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            raise self._odd(path) from None
        if not isinstance(value, dict):
            raise self._odd(path)
        return value

    def _odd(self, path: str) -> IntegrityError:
        message = f"{path!r} is not a valid file of a promptops site"
        return IntegrityError(message, where=self.where)


def is_site(folder: Path) -> bool:
    """Whether a folder contains a site; a repository may have an `index.json`, too."""
    return os.path.isfile(folder / INDEX) and os.path.isdir(folder / "bundles")


def site_folder(folder: Path) -> Site:
    """A site on this machine."""

    def get(name: str, largest: int, until: float) -> bytes | None:
        return read_file(folder / name, largest)

    return Site(str(folder), get, remote=False)


def site_at(address: str) -> Site:
    """A site at `https://…`; unchanged files are not downloaded again.

    Raises UsageError for an invalid address, and for plain `http` to another machine.
    """
    root = address.rstrip("/")
    _check_address(root)
    known: dict[str, tuple[str, bytes]] = {}

    def get(name: str, largest: int, until: float) -> bytes | None:
        from promptops.runtime.loading import transport

        etag, before = known.get(name, (None, None))
        page = transport.get(f"{root}/{quote(name)}", largest=largest, until=until, etag=etag)
        if page is None:
            return None
        data = before if page.data is None else page.data
        if data is not None and page.etag and not name.startswith("bundles/"):
            known[name] = page.etag, data
        return data

    return Site(root, get, remote=True)


def pointer_of(value: Mapping[str, Any]) -> Pointer:
    """Parse an entry of `channels.yaml` or the channel file of a site.

    Raises one of MISSHAPEN for anything else.
    """
    if CANARY in value:
        raise CanaryRefused(NO_CANARY)
    release, serial, bundle = value["release"], value["serial"], value.get("bundle")
    if not isinstance(release, str) or type(serial) is not int or not 0 < serial < MAX_SERIAL:
        raise ValueError
    return Pointer(
        release=release, digest=_digest(bundle) if bundle is not None else None, serial=serial
    )


def _check_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if not host:
        raise UsageError(f"{address!r} is not the address of a site")
    if parts.username is not None or parts.query or parts.fragment:
        hint = "remove them: an address is shown in messages and cached"
        raise UsageError("the address of a site has no user, `?` or `#`", where=host, hint=hint)
    if parts.scheme == "http" and host not in _HERE:
        hint = "use https://…: data sent over http can be changed in transit"
        raise UsageError("a site on another machine must use https", where=host, hint=hint)


def _listed(entry: Mapping[str, Any]) -> Listed:
    release, version_text = entry["release"], entry["version"]
    if not isinstance(release, str):
        raise TypeError
    version = parse(version_text, prereleases=True) if version_text is not None else None
    if version is not None and not can_be(release, version):
        raise ValueError  # the index is not signed
    return Listed(release=release, version=version, digest=_digest(entry["bundle"]))


def _digest(text: str) -> str:
    kind, _, digest = text.partition(":")
    if kind != "sha256" or len(digest) != 64 or not _HEX.issuperset(digest):
        raise ValueError
    return digest


def _is_plain(part: str) -> bool:
    """Whether a part of a path stays inside its folder."""
    return part not in ("", ".", "..") and part.isprintable() and "\\" not in part


# A bundle or a site inside an installed package.


def package_path(name: str) -> Path:
    """The path of a bundle or site in a package; for `a.b`, `a` is imported.

    `acme_prompts` is the site or the only bundle in that package, `acme_prompts/a/b.jsonl` a file
    in it.

    Raises NotFound, and UsageError for an invalid name.
    """
    package, _, inside = name.partition("/")
    where = f"{PACKAGE_PREFIX}{name}"
    folders = _folders(package, where)
    if inside:
        found = [folder / inside for folder in folders if (folder / inside).exists()]
    else:
        found = [folder for folder in folders if is_site(folder)]
        found = found or [file for folder in folders for file in _bundles(folder)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(sorted(file.name for file in found))
    hint = f"name one: {where}/FILE, where FILE is one of {names}" if found else None
    raise NotFound(f"the package has {counted(len(found), 'bundle')}", where=where, hint=hint)


def _folders(package: str, where: str) -> list[Path]:
    if not all(part.isidentifier() for part in package.split(".")):
        raise UsageError(f"{package!r} is not the name of a package", where=where)
    try:
        spec = find_spec(package)
    except ImportError:
        spec = None
    if spec is None:
        raise NotFound(
            "there is no such package", where=where, hint="check that it is installed here"
        )
    return [Path(folder) for folder in spec.submodule_search_locations or ()]


def _bundles(folder: Path) -> list[Path]:
    return [*folder.glob("*.jsonl"), *folder.glob("*.jsonl.gz")]
