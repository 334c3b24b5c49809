"""A single bundle in a file, gzipped or not."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from promptops.errors import IntegrityError, NotFound, TransportError, os_reason
from promptops.runtime.bundle.format import MAX_BYTES, Contents
from promptops.runtime.loading.private_files import read_regular
from promptops.runtime.loading.source import (
    Delivery,
    Listed,
    Pointer,
    checked,
    no_repository,
    version_in,
)

if TYPE_CHECKING:
    from promptops.runtime.loading.trust import Trust

_PACKED = b"\x1f\x8b"


class BundleFile:
    """A source with a single release; the file is read again for each request."""

    remote = False

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.where = os.fspath(path)
        self._read: tuple[bytes, Contents | None] = (b"", None)

    def releases(self, until: float) -> Mapping[str, Listed]:
        contents = self._checked(self._data())
        name = contents.origin.release
        version = version_in(name) if name is not None else None
        listed = Listed(release=name, version=version, digest=contents.digest)
        return {name or contents.origin.commit: listed}

    def channel(self, name: str, until: float) -> Pointer | None:
        return None

    def channels(self, until: float) -> None:
        return None

    def bundle(self, listed: Listed, trust: Trust | None, until: float) -> Delivery:
        data = self._data()
        signature = None
        if trust is not None:
            from promptops.runtime.loading.trust import MAX_SIGNATURE_BYTES, Signed, verify

            signature = read_file(f"{self.where}.sig", MAX_SIGNATURE_BYTES)
            verify(Signed(data=data, signature=signature, where=self.where), trust, until)
        return Delivery(contents=self._checked(data), proof=signature)

    def prove(self, kept: Delivery, trust: Trust, until: float) -> None:
        from promptops.runtime.loading.trust import Signed, verify

        signed = Signed(data=kept.contents.data, signature=kept.proof, where=self.where)
        verify(signed, trust, until)

    def revision(self, revision: str, until: float) -> Contents:
        raise no_repository(self.where)

    def _checked(self, data: bytes) -> Contents:
        """Cached, because comparing the bytes takes a tenth of the time of checking the digest."""
        before, found = self._read
        if found is None or before != data:
            found = checked(unpacked(data, self.where), self.where)
            self._read = data, found
        return found

    def _data(self) -> bytes:
        data = read_file(self.where, MAX_BYTES)
        if data is None:
            raise NotFound("there is no such file", where=self.where)
        return data


def read_file(path: str | os.PathLike[str], largest: int) -> bytes | None:
    """The bytes of a regular file; None if there is no file.

    Raises TransportError if it can't be read, IntegrityError if it is larger than `largest` bytes.
    """
    try:
        data = read_regular(path, largest)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        hint = "check the permissions of the file and of its folders"
        message = f"the file can't be read: {os_reason(error)}"
        raise TransportError(message, where=os.fspath(path), hint=hint) from None
    if len(data) > largest:
        hint = "check the path: this is not a file that `promptops build` writes"
        message = f"the file has more than {largest:,} bytes"
        raise IntegrityError(message, where=os.fspath(path), hint=hint)
    return data


def unpacked(data: bytes, where: str) -> bytes:
    """Gzipped data unpacked, other data unchanged. Raises IntegrityError."""
    if not data.startswith(_PACKED):
        return data
    import zlib

    from promptops.runtime.bundle.format import most_unpacked

    unpack = zlib.decompressobj(wbits=31)
    most = most_unpacked(len(data), MAX_BYTES)
    try:
        plain = unpack.decompress(data, most + 1)
    except zlib.error:
        plain = b""
    if len(plain) > most:
        hint = "build it again without `.gz`"
        raise IntegrityError(
            f"the file unpacks to more than {most >> 20} MB", where=where, hint=hint
        )
    if not unpack.eof:
        hint = "copy or download it again, or build it again"
        raise IntegrityError("the gzip data is damaged or cut off", where=where, hint=hint)
    return plain
