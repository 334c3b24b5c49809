"""Limits for unpacking compressed data, so that a small file can't fill the memory."""

from __future__ import annotations

_ALWAYS_BYTES = 16 * 1024 * 1024
_RATIO = 40
"""JSON is packed to a tenth; a bomb to a thousandth."""


def most_unpacked(packed_bytes: int, largest: int) -> int:
    """The largest number of bytes to which packed bytes may expand, at most `largest`."""
    return min(largest, _ALWAYS_BYTES + _RATIO * packed_bytes)
