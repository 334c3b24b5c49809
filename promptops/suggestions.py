"""Find the known name that is most similar to a mistyped one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

MAX_NAME_CHARS = 255
"""Of the name that is looked for: a longer one is no typing error."""

MAX_KNOWN_CHARS = 10_000
"""Of the known names it is compared with; those after them are not looked at."""

MAX_CATALOG_CHARS = 1_000_000
"""The same for the ids and paths of a catalog, which a command looks at once."""

MAX_LOOKUPS = 10
"""Names of one value that are looked for: a value with more is not mistyped."""


def nearest_name(
    word: str, known: Iterable[str], cutoff: float = 0.6, max_chars: int = MAX_KNOWN_CHARS
) -> str | None:
    """The known name that is most similar, or None; known names beyond `max_chars` are ignored."""
    if len(word) > MAX_NAME_CHARS:
        return None
    from difflib import get_close_matches

    near = get_close_matches(word, list(_first(known, max_chars)), 1, cutoff)
    return near[0] if near else None


def did_you_mean(
    word: str, known: Iterable[str], cutoff: float = 0.6, max_chars: int = MAX_KNOWN_CHARS
) -> str | None:
    """The same as a hint."""
    near = nearest_name(word, known, cutoff, max_chars)
    return f"did you mean `{near}`?" if near else None


def nearest_channel(name: str, channels: Iterable[str]) -> str | None:
    """The most similar channel, or the only one that a name of 3 or more letters abbreviates."""
    known = tuple(channels)
    longer = [each for each in known if len(name) >= _SHORTEST and each.startswith(name)]
    return nearest_name(name, known) or (longer[0] if len(longer) == 1 else None)


_SHORTEST = 3


def _first(known: Iterable[str], left: int) -> Iterator[str]:
    for name in known:
        left -= len(name)
        if left < 0:
            return
        yield name
