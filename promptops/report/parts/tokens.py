"""Splits text into units of a comparison: lines, words, numbers, Jinja tags, white space."""

from __future__ import annotations

import re
from collections.abc import Iterator

from promptops.patterns import lazy_pattern

_LONGEST_TAG = 500
_TAG_ENDS = {"{{": "}}", "{%": "%}", "{#": "#}"}
_TAG_START = lazy_pattern(r"\{[{%#]")

# Chinese and Japanese have no spaces between words: each character is a token.
_ALONE = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_MARKS = "!-/:-@\\[-^`{-~\u00a1-\u00bf\u2010-\u206f\u3000-\u303f\uff01-\uff0f\uff1a-\uff20"
_LETTER = rf"[^\W\d_{_ALONE}]"
_TOKEN = lazy_pattern(
    rf"\n|[^\S\n]+|\d[^\W{_ALONE}]*(?:[.,:]\d[^\W{_ALONE}]*)*|{_LETTER}+(?:['’]{_LETTER}+)+"
    rf"|[{_ALONE}]|[^\s{_ALONE}{_MARKS}]+|.",
    re.DOTALL,
)


def lines(text: str) -> list[str]:
    """Lines with their newlines; a tag over several lines is never split."""
    found: list[str] = []
    begun: list[str] = []
    for piece, is_tag in _pieces(text):
        *ended, rest = [piece] if is_tag else piece.split("\n")
        for line in ended:
            found.append("".join([*begun, line, "\n"]))
            begun.clear()
        begun.append(rest)
    last = "".join(begun)
    return [*found, last] if last else found


def tokens(line: str) -> list[str]:
    """The tokens of a text, in order; joined, they are the text."""
    found: list[str] = []
    for piece, is_tag in _pieces(line):
        found += [piece] if is_tag else _TOKEN.findall(piece)
    return found


def is_space(token: str) -> bool:
    return token.isspace()


def has_word(token: str) -> bool:
    """Whether it is a word, a number or a tag, not punctuation or white space."""
    return (len(token) > 1 and not token.isspace()) or token.isalnum()


def weight(token: str) -> int:
    """The weight of a token that both sides share."""
    if token.isspace():
        return 1
    return 10 if has_word(token) else 3


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Tags and the text between them, each with whether it is a tag."""
    begin = at = 0
    while start := _TAG_START.search(text, at):
        close = text.find(_TAG_ENDS[start[0]], start.end(), start.end() + _LONGEST_TAG)
        at = start.end() if close < 0 else close + 2
        if close >= 0:
            yield text[begin : start.start()], False
            yield text[start.start() : at], True
            begin = at
    yield text[begin:], False
