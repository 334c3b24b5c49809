"""The matches of detectors, and fast search in a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import AnyStr

from promptops.records import record

_UPPER = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_OTHER = bytes(byte for byte in range(128) if not chr(byte).isalnum())
_BLUNT = bytes.maketrans(_UPPER + _OTHER, _UPPER.lower() + b" " * len(_OTHER))


@record(frozen=True, slots=True)
class TextMatch:
    """A match of a detector in a text.

    Attributes:
        start, end: Offsets in characters, end exclusive.
        message: The problem: lower case, no full stop; it never contains a secret.
        name: The vendor, the token or the placeholder, if it has a name.
        replacement: The text that fixes it; None if only a person can fix it.
    """

    start: int
    end: int
    message: str
    name: str = ""
    replacement: str | None = None


def occurrences(text: AnyStr, literal: AnyStr) -> Iterator[int]:
    """Offsets of a literal, ascending, not overlapping. Far faster than a regular expression."""
    start = text.find(literal)
    while start >= 0:
        yield start
        start = text.find(literal, start + len(literal))


def lowered(text: str) -> str:
    """The text in lower case, character for character, so that offsets stay valid."""
    # U+0130 is the one character whose lower case is longer than itself.
    return text.lower() if text.isascii() else text.replace("\u0130", "I").lower()


@lru_cache(maxsize=4)
def blunt_words(text: str) -> tuple[bytes, ...]:
    """The words of a text in lower case, in order, to exclude matches quickly.

    Any ASCII character except letters and digits, and any character outside Latin-1, separates
    words. Cached for the next detector, which searches the same text.
    """
    return tuple(text.encode("latin-1", "replace").translate(_BLUNT).split())


def in_order(matches: Iterable[TextMatch]) -> tuple[TextMatch, ...]:
    """Matches by place; of those that overlap, the one that begins first, then the longest."""
    kept: list[TextMatch] = []
    for match in sorted(matches, key=lambda match: (match.start, -match.end)):
        if not kept or match.start >= kept[-1].end:
            kept.append(match)
    return tuple(kept)
