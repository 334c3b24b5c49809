"""Find the known name that is most similar to a mistyped one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

MAX_NAME_CHARS = 100
"""The limit of the searched name; a longer one is not a typing error."""

MAX_KNOWN_CHARS = 10_000
"""The limit of all known names together; later ones are ignored."""

MAX_LOOKUPS = 10
"""The limit of searched names of one value; a value with more is not mistyped."""


def nearest_name(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The most similar name, or None."""
    from difflib import get_close_matches

    if len(word) > MAX_NAME_CHARS:
        return None
    return next(iter(get_close_matches(word, list(_first(known)), 1, cutoff)), None)


def _first(known: Iterable[str]) -> Iterator[str]:
    left = MAX_KNOWN_CHARS
    for name in known:
        left -= len(name)
        if left < 0:
            return
        yield name
