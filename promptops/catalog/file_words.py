"""The words of a file that may be names of other files, to find references without parsing."""

from __future__ import annotations

from promptops.patterns import lazy_pattern

ESCAPES = ("\\u", "\\U", "\\x", "\\N", "\\0", "\\1")
"""Each file that writes a name with escapes contains one of these."""

ESCAPED = "\\"
"""The word of a file that contains one of `ESCAPES`: it may name any file."""

_CHARACTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@+~=-"
_SPACES = bytes(byte if byte in _CHARACTERS else ord(" ") for byte in range(256))
_PLAIN = lazy_pattern(r"[A-Za-z0-9_.@+~=-]*\.[A-Za-z0-9_@+~=-][A-Za-z0-9_.@+~=-]*")
_GUESSED = lazy_pattern(r".+\.\w+")
_ESCAPES = tuple(each.encode() for each in ESCAPES)


def file_words(content: bytes) -> frozenset[str]:
    """Every run of the characters of plain file names that has a dot in it.

    And the part of each that a file which can't be read is taken to name: `a.md` of `a.md.`
    """
    runs = set(content.translate(_SPACES).split())
    found = {run.decode() for run in runs if b"." in run.rstrip(b".")}
    found |= {part[0] for part in map(_GUESSED.match, found) if part}
    return frozenset(found | {ESCAPED} if any(map(content.__contains__, _ESCAPES)) else found)


def is_plain(name: str) -> bool:
    """Whether each file that has a name as the last part of a path has it among its words."""
    return _PLAIN.fullmatch(name) is not None
