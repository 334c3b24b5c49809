"""Every key of a file misspelt: two letters swapped, one key at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tests.mistakes.clean_repository import CHANNELS, TONE, TRIAGE
from tests.mistakes.kinds import Mistake

FREE_KEYS: Mapping[str, tuple[str, ...]] = {
    TRIAGE: ("risk",),
    TONE: ("reason", "verdict", "JSON"),
    CHANNELS: ("production",),
}
"""By file, what may have any name: metadata, a property of an answer, a word, a channel."""

_KEY = {"toml": r"[A-Za-z_][\w-]*(?= *=|\]\n)", "json": r'[$A-Za-z_][\w-]*(?=":)'}
_YAML_KEY = r"(?<![\w/.'\"-])[$A-Za-z_][\w-]*(?=: |:\n)"


def misspelt_keys(path: str, text: str) -> Iterator[Mistake]:
    """One mistake for each key that is not free; its `old` is all of the text up to the key."""
    pattern = _KEY.get(path.rpartition(".")[2], _YAML_KEY)
    for match in re.finditer(pattern, text):
        free = match[0] in FREE_KEYS.get(path, ())
        if not free and not _in_comment(text, match.start()):
            before = text[: match.start()]
            yield Mistake(path=path, old=before + match[0], new=before + _swapped(match[0]))


def _in_comment(text: str, at: int) -> bool:
    return text[text.rfind("\n", 0, at) + 1 : at].lstrip().startswith("#")


def _swapped(word: str) -> str:
    """Two letters in the middle swapped; a short word gets one more."""
    for at in range(len(word) // 2, len(word) - 1):
        if word[at] != word[at + 1]:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word + "x"
