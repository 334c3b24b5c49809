"""The cache on disk: bundles by digest, and the last known meaning of refs.

The cache is optional: if it can't be read or written, everything works without it.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from promptops.errors import InputError
from promptops.patterns import lazy_pattern
from promptops.runtime.bundle.format import FORMAT, MAX_BYTES, Contents, read_bundle
from promptops.runtime.loading.bundle_file import make_private_folder, read_private, why_not_private

MAX_TOTAL_BYTES = 512 * 1024 * 1024
MAX_POINTERS = 4096
MAX_PROOF_BYTES = 4 * 1024 * 1024
"""A signature has a few hundred bytes; a release tag lists all prompts with their versions."""

_PROOF = ".proof"
_DIGEST = lazy_pattern(r"[0-9a-f]{64}")
_REPORTED: set[Path] = set()
"""Folders for which this process has logged a warning."""


def cache_folder() -> Path | None:
    """The cache folder; None without a home, or if another user can change the folder.

    In the second case the logger `promptops` gets one warning per process. The folder need not
    exist.
    """
    folder = cache_location()
    reason = why_not_private(folder) if folder is not None else None
    if reason is None:
        return folder
    assert folder is not None
    if folder not in _REPORTED:
        _REPORTED.add(folder)
        from logging import getLogger

        message = "the cache %r is not used: %s; %s"
        getLogger("promptops").warning(message, str(folder), reason, cache_hint(folder))
    return None


def cache_hint(folder: Path) -> str:
    """The hint on how to get a usable cache folder."""
    return f"chmod go-w {folder}, or set PROMPTOPS_CACHE to a folder that does not exist yet"


def cache_location() -> Path | None:
    """PROMPTOPS_CACHE, or `promptops` in the platform's cache folder; None without a home."""
    named = os.environ.get("PROMPTOPS_CACHE")
    if named:
        return Path(named).absolute()
    platform = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or ""
    if os.path.isabs(platform):
        return Path(platform, "promptops")
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "promptops"


class BundleCache:
    """A folder of bundles, pointers and serials that processes share.

    No method raises. Missing or damaged data, and data that another user could have written, counts
    as not found; data that can't be written is not cached.
    """

    def __init__(self, folder: Path | None, max_bytes: int = MAX_TOTAL_BYTES) -> None:
        """Without a folder nothing is cached.

        If the bundles take more than `max_bytes`, the least recently used ones are removed.
        """
        self._folder = folder
        self._max_bytes = max_bytes

    def bundle(self, digest: str) -> Contents | None:
        """The bundle with this SHA-256 in hexadecimal, verified; a damaged file is removed."""
        if self._folder is None or not _DIGEST.fullmatch(digest):
            return None
        file = self._bundle_file(self._folder, digest)
        data = read_private(file, MAX_BYTES)
        if data is None:
            return None
        with suppress(InputError):
            contents = read_bundle(data, str(file))
            if contents.digest == digest:
                with suppress(OSError):
                    os.utime(file)
                return contents
        with suppress(OSError):
            file.unlink()
        return None

    def keep_bundle(self, digest: str, data: bytes) -> None:
        """Cache the bytes of a verified bundle."""
        if self._folder is not None:
            file = self._bundle_file(self._folder, digest)
            from promptops.storage.eviction import evict_to_size

            _write(file, data)
            folder = self._folder / "bundles"
            evict_to_size(folder, self._max_bytes, lambda status: status.st_size, spared=file)

    def proof(self, digest: str, *key: str) -> bytes | None:
        """The cached proof of who signed a bundle; not verified."""
        if self._folder is None or not _DIGEST.fullmatch(digest):
            return None
        file = self._proof_file(self._folder, digest, key)
        data = read_private(file, MAX_PROOF_BYTES)
        if data is not None:
            with suppress(OSError):
                os.utime(file)
        return data

    def keep_proof(self, proof: bytes, digest: str, *key: str) -> None:
        """Cache a proof beside the bundle; the key names the source and the trusted signers."""
        if self._folder is not None and len(proof) <= MAX_PROOF_BYTES:
            _write(self._proof_file(self._folder, digest, key), proof)

    def pointer(self, *key: str) -> Mapping[str, Any] | None:
        """The JSON data cached under a key of any strings, or None."""
        if self._folder is None:
            return None
        return _read_object(self._pointer_file(self._folder, key))

    def keep_pointer(self, value: Mapping[str, Any], *key: str) -> None:
        """Cache JSON data under a key. Data for another bundle format is never found."""
        if self._folder is not None and self.pointer(*key) != value:
            file = self._pointer_file(self._folder, key)
            new = not file.exists()
            _write(file, json.dumps(value, sort_keys=True).encode())
            if new:
                from promptops.storage.eviction import evict_to_count, stored_files

                evict_to_count(stored_files(self._folder / "pointers"), MAX_POINTERS)

    def serial(self, *key: str) -> int:
        """The highest serial cached under the key, or 0."""
        return max(self._serials(key), default=0)

    def keep_serial(self, serial: int, *key: str) -> None:
        """Cache a serial.

        Each serial is a file of its own, and only lower ones are removed, so that two processes
        that write at the same time can't undo each other's change.
        """
        folder = self._serial_folder(key)
        if folder is None or serial in (known := self._serials(key)):
            return
        with suppress(OSError):
            make_private_folder(folder)
            with suppress(FileExistsError):
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
                os.close(os.open(folder / str(serial), flags, 0o600))
            for lower in (other for other in known if other < serial):
                (folder / str(lower)).unlink(missing_ok=True)

    def forget_channel(self, *key: str) -> tuple[int, int]:
        """Remove the data about a channel; returns its serial, or 0, and the number of answers.

        Bundles stay: they belong to releases, and are verified whenever they are read.
        """
        if self._folder is None:
            return 0, 0
        serial, of = self.serial(*key), key_name(*key)
        shutil.rmtree(self._folder / "serials" / of, ignore_errors=True)
        answers = 0
        from promptops.storage.eviction import stored_files

        for file, _ in stored_files(self._folder / "pointers"):
            if (_read_object(file) or {}).get("of") == of:
                with suppress(OSError):
                    file.unlink()
                    answers += 1
        return serial, answers

    def _serials(self, key: tuple[str, ...]) -> list[int]:
        folder = self._serial_folder(key)
        if folder is None or why_not_private(folder) is not None:
            return []
        try:
            names = os.listdir(folder)
        except OSError:
            return []
        return [int(name) for name in names if name.isascii() and name.isdecimal()]

    def _bundle_file(self, folder: Path, digest: str) -> Path:
        return folder / "bundles" / digest[:2] / f"{digest[2:]}.jsonl"

    def _proof_file(self, folder: Path, digest: str, key: tuple[str, ...]) -> Path:
        bundle = self._bundle_file(folder, digest)
        return bundle.with_name(f"{bundle.stem}.{key_name(*key)[:16]}{_PROOF}")

    def _pointer_file(self, folder: Path, key: tuple[str, ...]) -> Path:
        return folder / "pointers" / f"{key_name(str(FORMAT), *key)}.json"

    def _serial_folder(self, key: tuple[str, ...]) -> Path | None:
        return self._folder / "serials" / key_name(*key) if self._folder is not None else None


def key_name(*key: str) -> str:
    """The file name for a key; it does not reveal the key."""
    text = json.dumps(key)  # different keys have different texts
    return sha256(text.encode()).hexdigest()


def _read_object(file: Path) -> dict[str, Any] | None:
    data = read_private(file, 1 << 20)
    with suppress(ValueError, RecursionError):
        value = json.loads(data or b"")
        return value if isinstance(value, dict) else None
    return None


def _write(file: Path, data: bytes) -> None:
    """Write atomically, even if others write the same file or this process dies."""
    from promptops.storage.atomic import replace_private

    with suppress(OSError, ValueError):
        make_private_folder(file.parent)
        replace_private(file, data)
