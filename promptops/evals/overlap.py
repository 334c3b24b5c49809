"""Text that two texts share, word by word: what was copied from a test case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.patterns import lazy_pattern

WORDS = 8
"""The number of equal words in a row from which on a text counts as copied."""

_CHARACTERS = 16
"""The same in writing without spaces, where each character counts."""

_WITHOUT_SPACES = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_WORD = lazy_pattern(rf"[{_WITHOUT_SPACES}]|[^\W{_WITHOUT_SPACES}]+")
_CHARACTER = lazy_pattern(f"[{_WITHOUT_SPACES}]")


def copied_run(text: str, known: Iterable[str], before: str = "") -> str:
    """The first words in a row of `text` that one of the `known` texts also has, or "".

    Case and punctuation do not matter. What `before` has too was not copied.

    Args:
        before: The text without the change.
    """
    ours = set(_runs(before))
    theirs = {run for each in known for run in _runs(each)} - ours
    return next((_joined(run) for run in _runs(text) if run in theirs), "")


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    """All runs of words, and the longer ones in which there are characters of such a writing."""
    found = _WORD.findall(text.casefold())
    for at in range(len(found) - WORDS + 1):
        run = tuple(found[at : at + WORDS])
        if not any(map(_CHARACTER.match, run)):
            yield run
        elif at + _CHARACTERS <= len(found):
            yield tuple(found[at : at + _CHARACTERS])


def _joined(run: tuple[str, ...]) -> str:
    return ("" if all(map(_CHARACTER.match, run)) else " ").join(run)
