"""Runs of words that two texts share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.runtime.template.sized_cache import cached_by_size

# In scripts without spaces, each character is a word.
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f"
_WORD = lazy_pattern(rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[^\W_])+")


_WORD_OF_ASCII = lazy_pattern("[A-Za-z0-9]+")


def words(text: str) -> list[tuple[str, int, int]]:
    """Words without case and punctuation, each with its span."""
    matches = _pattern(text).finditer(text)
    return [(match[0].casefold(), match.start(), match.end()) for match in matches]


def has_run(text: str, length: int) -> bool:
    """Whether a text has so many words."""
    return bool(_runs(text, length).grams)


def shared_run(
    text: str, secret: Iterable[str], public: Iterable[str], length: int
) -> tuple[int, int] | None:
    """The span in a text of the longest run of words that also occurs in a secret text, or None.

    Only runs of at least `length` words count, and none that a public text contains, too.
    """
    runs = [_runs(each, length) for each in secret]
    found = _plain(text)
    if not _may_share(found, runs, length):
        return None
    known = {gram for gram in _grams(found, length) if any(gram in each.grams for each in runs)}
    known -= {gram for each in public for gram in _grams(_plain(each), length)} if known else set()
    best = start = run = 0
    for at, gram in enumerate(_grams(found, length)):
        run = run + 1 if gram in known else 0
        if run > best:
            best, start = run, at - run + 1
    if not best:
        return None
    spans = words(text)
    return spans[start][1], spans[start + best + length - 2][2]


@record(frozen=True, slots=True)
class _Runs:
    """The runs of one length in a text, and the words in it."""

    grams: frozenset[tuple[str, ...]]
    words: frozenset[str]


def _runs(text: str, length: int) -> _Runs:
    return _known_runs(length)(text)


@cache
def _known_runs(length: int) -> Callable[[str], _Runs]:
    """Cached, because many answers have the same system message."""

    def runs(text: str) -> _Runs:
        found = _plain(text)
        return _Runs(frozenset(_grams(found, length)), frozenset(found))

    return cached_by_size(_MAX_CACHED_BYTES, _size_of)(runs)


_MAX_CACHED_BYTES = 8_000_000


def _size_of(text: str, runs: _Runs) -> int:
    """About the bytes of a text and its runs."""
    longest = len(next(iter(runs.grams), ()))
    return 1_000 + 2 * len(text) + len(runs.grams) * (120 + 8 * longest) + 150 * len(runs.words)


def _may_share(found: list[str], runs: list[_Runs], length: int) -> bool:
    """Whether any secret text has all words of some run: a cheap test that most answers fail."""
    for each in runs:
        run = 0
        for word in found:
            run = run + 1 if word in each.words else 0
            if run == length:
                return True
    return False


def _pattern(text: str) -> re.Pattern[str]:
    return _WORD_OF_ASCII if text.isascii() else _WORD


def _plain(text: str) -> list[str]:
    return [word.casefold() for word in _pattern(text).findall(text)]


def _grams(sequence: list[str], length: int) -> Iterator[tuple[str, ...]]:
    return zip(*(sequence[start:] for start in range(length)), strict=False)
