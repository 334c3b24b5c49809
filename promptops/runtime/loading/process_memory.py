"""What this process remembers of channels and of verified bundles, for all of its clients."""

from __future__ import annotations

from typing import TypeVar

V = TypeVar("V")

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


def remember(known: dict[tuple[str, str], V], key: tuple[str, str], value: V) -> None:
    """Add a value as the newest one. No lock is used, because a fork might leave it locked."""
    known.pop(key, None)
    known[key] = value
    for oldest in list(known)[:-MAX_REMEMBERED]:
        known.pop(oldest, None)
