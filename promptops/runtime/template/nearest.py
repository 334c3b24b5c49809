"""Find the known name that is most similar to a mistyped one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

MAX_NAME_CHARS = 100
"""Of the name that is looked for: a longer one is no typing error."""

MAX_KNOWN_CHARS = 10_000
"""Of the known names it is compared with; those after them are not looked at."""

MAX_LOOKUPS = 10
"""Names of one value that are looked for: a value with more is not mistyped."""


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
