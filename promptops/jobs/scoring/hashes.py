"""Hashes of names and ids: the same in every process and for any order of the samples."""

from __future__ import annotations

from hashlib import sha256

HASH_RANGE = 1 << 64


def hash_of(text: str) -> int:
    """A number below `HASH_RANGE`, from the SHA-256."""
    return int.from_bytes(sha256(_bytes_of(text)).digest()[:8], "big")


def digest_of(text: str) -> str:
    """The SHA-256 in hexadecimal."""
    return sha256(_bytes_of(text)).hexdigest()


def _bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
