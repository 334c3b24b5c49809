"""Reverse an obligation: must → may, never → sometimes, at most → at least, not → nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from promptops.jobs.mutating.edits import TemplateText, TextEdit, shortened
from promptops.jobs.mutating.operators.reversals import reversals
from promptops.jobs.mutating.prose import blocks, sentences_of
from promptops.model.place import Offsets
from promptops.patterns import lazy_pattern

_WORD = lazy_pattern(r"[^\W\d_]+(?:['’][^\W\d_]+)*|[❌🚫⛔]")
_BETWEEN_WORDS = lazy_pattern(r"\s+|-")


def edits(of: TemplateText) -> Iterator[TextEdit]:
    """One for each phrase that obliges or forbids, in six languages."""
    source = of.text.value
    sentences = [span for block in blocks(of.flat) for span in sentences_of(of.flat, block)]
    for start, end, replacement in _found(of.flat):
        written = source[start:end]
        after = _as_written(written, replacement)
        change = f'"{written}" → "{after}"' if after else f'delete "{written}"'
        blank = int(not after and source[end : end + 1] == " ")
        subject = _around(source, sentences, start)
        yield TextEdit(start=start, end=end + blank, after=after, change=change, subject=subject)


def _found(flat: str) -> Iterator[tuple[int, int, str]]:
    """The span of each phrase, and its replacement."""
    words = list(_WORD.finditer(flat))
    index = 0
    while index < len(words):
        length, replacement = _phrase(flat, words, index)
        if length:
            yield words[index].start(), words[index + length - 1].end(), replacement
        index += length or 1


def _phrase(flat: str, words: Sequence[re.Match[str]], index: int) -> tuple[int, str]:
    """The number of words of the phrase that begins at a word, or 0, and its replacement."""
    for phrase, replacement in reversals().get(_plain(words[index]), ()):
        found = words[index : index + len(phrase)]
        if tuple(map(_plain, found)) == phrase and _is_apart(flat, found):
            return len(phrase), replacement
    return 0, ""


def _plain(word: re.Match[str]) -> str:
    return word[0].lower().replace("’", "'")


def _is_apart(flat: str, words: Sequence[re.Match[str]]) -> bool:
    """Whether they are words of one phrase, and not part of `read-only` or `must_have`."""
    gaps = (flat[word.end() : after.start()] for word, after in pairwise(words))
    if not all(_BETWEEN_WORDS.fullmatch(gap) for gap in gaps):
        return False
    before, after = flat[: words[0].start()][-1:], flat[words[-1].end() :][:1]
    return before not in ("-", "_", "{", "/") and after not in ("-", "_", "(", "/")


def _as_written(written: str, replacement: str) -> str:
    """The replacement in the case of the phrase: `NEVER`, `Never`, `never`."""
    if len(written) > 1 and written.isupper():
        return replacement.upper()
    return replacement[:1].upper() + replacement[1:] if written[:1].isupper() else replacement


def _around(source: str, sentences: Sequence[Offsets], at: int) -> str:
    """The sentence that contains an offset."""
    found = next((span for span in sentences if span[0] <= at < span[1]), None)
    return source[slice(*found)] if found is not None else shortened(source[at : at + 60])
