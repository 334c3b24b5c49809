"""The words of a line, normalised for the comparison of sentences."""

from __future__ import annotations

import re
import unicodedata

from promptops.patterns import lazy_pattern

Words = tuple[str, ...]

_LABEL = lazy_pattern(
    r"\A[\W_]*(?:important|note|remember|reminder|warning|caution|critical|wichtig|achtung|attention"
    r"|importante?|atenci[óo]n|attenzione|atenção)[*_]*[:!–—][\W_]*(?=\w)",
    re.IGNORECASE,
)
_WORD = lazy_pattern(r"(?<!\w)-?\d+(?:[.,]\d+)*|[^\W_]+|[<>=≤≥≠%$€£+❌🚫⛔]")
_NOT = lazy_pattern(
    r"\b(?:(can)(?=not\b)|(ca|do|does|did|is|are|was|should|must|wo|would|could|has|have)n'?t\b)"
)
_BARE = {"ca": "can", "wo": "will"}
_NUMBERS = dict(
    zip(str.split("two three four five six seven eight nine ten"), "23456789", strict=False)
)
_NOTHING = frozenset(("a", "an", "the", "please"))


def plain_words(line: str) -> Words:
    """The significant parts of a line: words in lower case, numbers, and comparison signs."""
    line = unicodedata.normalize("NFC", _LABEL.sub("", line, count=1)).casefold()
    line = line.replace("’", "'").replace("'re ", " are ").replace("'ll ", " will ")
    line = _NOT.sub(_with_not, line)
    return tuple(_number(word) for word in _WORD.findall(line) if word not in _NOTHING)


def _with_not(found: re.Match[str]) -> str:
    if found[1]:
        return "can "
    return f"{_BARE.get(found[2], found[2])} not"


def _number(word: str) -> str:
    if word[-1].isdigit():
        grouped = re.fullmatch(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?", word)
        return (word.replace(",", "") if grouped else word).removesuffix(".0")
    return _NUMBERS.get(word, word)
