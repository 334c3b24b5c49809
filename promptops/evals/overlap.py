"""Runs of words that two texts share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.patterns import lazy_pattern

# In scripts without spaces, each character is a word.
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f"
_WORD = lazy_pattern(rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[^\W_])+")


def words(text: str) -> list[tuple[str, int, int]]:
    """Words without case and punctuation, each with its span."""
    return [(match[0].casefold(), match.start(), match.end()) for match in _WORD.finditer(text)]


def shared_run(
    text: str, secret: Iterable[str], public: Iterable[str], length: int
) -> tuple[int, int] | None:
    """The span in a text of the longest run of words that also occurs in a secret text, or None.

    Only runs of at least `length` words count, and none that a public text contains, too.
    """
    found = words(text)
    known = {gram for text_ in secret for gram in _grams(_plain(text_), length)}
    known -= {gram for text_ in public for gram in _grams(_plain(text_), length)}
    best = start = run = 0
    for at, gram in enumerate(_grams([word for word, _, _ in found], length)):
        run = run + 1 if gram in known else 0
        if run > best:
            best, start = run, at - run + 1
    if not best:
        return None
    return found[start][1], found[start + best + length - 2][2]


def _plain(text: str) -> list[str]:
    return [word for word, _, _ in words(text)]


def _grams(sequence: list[str], length: int) -> Iterator[tuple[str, ...]]:
    return zip(*(sequence[start:] for start in range(length)), strict=False)
