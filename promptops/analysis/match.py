"""What a detector yields, and how it looks for a thing without reading the text twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from promptops.records import record

_UPPER = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_OTHER = bytes(byte for byte in range(128) if not chr(byte).isalnum())
_BLUNT = bytes.maketrans(_UPPER + _OTHER, _UPPER.lower() + b" " * len(_OTHER))


@record(frozen=True, slots=True)
class TextMatch:
    """Something found in a text.

    Attributes:
        start, end: Offsets in characters, end exclusive.
        message: What is wrong: lower case, no full stop; it never repeats a secret.
        name: What it is called, where there is a name: the vendor, the token, the placeholder.
        replacement: The text that would mend it, or None when only a person can.
    """

    start: int
    end: int
    message: str
    name: str = ""
    replacement: str | None = None


def occurrences(text: str, literal: str) -> Iterator[int]:
    """Offsets of a literal, ascending, not overlapping. Far faster than a regular expression."""
    start = text.find(literal)
    while start >= 0:
        yield start
        start = text.find(literal, start + len(literal))


def lowered(text: str) -> str:
    """The text in lower case, character for character, so that offsets stay true."""
    # U+0130 is the one character whose lower case is longer than itself.
    return text.lower() if text.isascii() else text.replace("\u0130", "I").lower()


@lru_cache(maxsize=4)
def blunt_words(text: str) -> tuple[bytes, ...]:
    """The words of a text, to rule out quickly what it can't hold; in order, but blunt.

    ASCII letters are in lower case; other ASCII than letters and digits, and what is outside
    Latin-1, parts words. Kept for the next detector, which is asked about the same text.
    """
    return tuple(text.encode("latin-1", "replace").translate(_BLUNT).split())


def in_order(matches: Iterable[TextMatch]) -> tuple[TextMatch, ...]:
    """Matches by place; of those that overlap, the one that begins first, then the longest."""
    kept: list[TextMatch] = []
    for match in sorted(matches, key=lambda match: (match.start, -match.end)):
        if not kept or match.start >= kept[-1].end:
            kept.append(match)
    return tuple(kept)
