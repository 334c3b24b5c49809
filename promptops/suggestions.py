"""Find the known name that is most similar to a mistyped one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import lru_cache
from heapq import nlargest
from itertools import islice

MAX_NAME_CHARS = 255
"""Of the name that is looked for: a longer one is no typing error."""

MAX_KNOWN_CHARS = 10_000
"""Of the known names it is compared with; those after them are not looked at."""

MAX_CATALOG_CHARS = 1_000_000
"""The same for the ids and paths of a catalog, which a command looks at once."""

MAX_LOOKUPS = 10
"""Names of one value that are looked for: a value with more is not mistyped."""

MAX_PROMPT_LOOKUPS = 100
"""The same for the names that the templates of one prompt use."""

_COMPARED = 20
"""Known names that are compared exactly: those with the most pairs of characters in common."""


def nearest_name(
    word: str, known: Iterable[str], cutoff: float = 0.6, max_chars: int = MAX_KNOWN_CHARS
) -> str | None:
    """The known name that is most similar, or None; known names beyond `max_chars` are ignored."""
    if len(word) > MAX_NAME_CHARS:
        return None
    from difflib import get_close_matches

    names = list(_first(known, max_chars))
    near = get_close_matches(word, _likely(word, names), 3, cutoff)
    # Exchanged letters are the most frequent mistake: `lnit` is as similar to `list` as to `lint`.
    near.sort(key=lambda name: sorted(name) != sorted(word))
    return near[0] if near else _in_other_case(word, names)


def _in_other_case(word: str, known: Iterable[str]) -> str | None:
    """The name that differs in upper and lower case only."""
    folded = word.casefold()
    return next((name for name in known if name.casefold() == folded), None)


def nearest_names(words: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """From each word to the nearest known name, if there is one; for the first words only."""
    nearest = {word: nearest_name(word, known) for word in islice(words, MAX_PROMPT_LOOKUPS)}
    return {word: near for word, near in nearest.items() if near is not None}


class LimitedLookups:
    """Look-ups for the names that one prompt uses: `MAX_PROMPT_LOOKUPS`, and None for other names.

    A name that was looked up before has the same result again.
    """

    def __init__(self) -> None:
        self._found: dict[str, str | None] = {}

    def find(self, word: str, look_up: Callable[[], str | None]) -> str | None:
        """What `look_up` returns for a name; it is called once for each name."""
        if word not in self._found and len(self._found) < MAX_PROMPT_LOOKUPS:
            self._found[word] = look_up()
        return self._found.get(word)

    def did_you_mean(self, word: str, known: Iterable[str]) -> str | None:
        """The hint for a name; the known names must be the same in every call."""
        return self.find(word, lambda: did_you_mean(word, known))


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


def _likely(word: str, known: list[str]) -> list[str]:
    """The names that share most with a word; comparing all of many similar names takes seconds."""
    if len(known) <= _COMPARED:
        return known
    own = _pairs(word)
    shared = [(len(own & _pairs(name)) - len(name) / MAX_NAME_CHARS, name) for name in known]
    return [name for _, name in nlargest(_COMPARED, shared)]


@lru_cache(maxsize=4096)
def _pairs(name: str) -> frozenset[str]:
    """The pairs of adjacent characters, with both ends."""
    ended = f"^{name}$"
    return frozenset(ended[at : at + 2] for at in range(len(ended) - 1))


def _first(known: Iterable[str], left: int) -> Iterator[str]:
    for name in known:
        left -= len(name)
        if left < 0:
            return
        yield name
