"""Texts as they may be shown: with each secret in them replaced by asterisks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from promptops.analysis.match import occurrences
from promptops.analysis.secrets import find_secrets
from promptops.records import record

PIECE = 12
"""This many characters of a known secret are not a coincidence; a message may quote its start."""

_SHORTEST_START = 3
"""Fewer characters before an ellipsis are too often something else."""


@record(frozen=True, slots=True)
class Masked:
    """A text without its secrets.

    Attributes:
        text: As long as the original, with the same lines.
        secrets: The replaced strings of at least `PIECE` characters.
    """

    text: str
    secrets: tuple[str, ...]


@lru_cache(maxsize=64)
def masked(text: str) -> Masked:
    """The text with every character of a secret but newlines as `*`."""
    found = find_secrets(without_escapes(text))
    secrets = [text[match.start : match.end] for match in found]
    for match in found:
        stars = "\n".join("*" * len(row) for row in text[match.start : match.end].split("\n"))
        text = f"{text[: match.start]}{stars}{text[match.end :]}"
    return Masked(text, tuple(secret for secret in secrets if len(secret) >= PIECE))


def without_secrets(text: str, known: Iterable[str] = ()) -> str:
    """A message with secrets, and with parts of known secrets, masked."""
    for secret in known:
        for at in occurrences(text, secret[:PIECE]):
            end = at
            while end < len(text) and text[end] == secret[end - at : end - at + 1]:
                end += 1
            text = f"{text[:at]}{'*' * (end - at)}{text[end:]}"
        text = _without_cut_start(text, secret)
    return masked(text).text


def _without_cut_start(text: str, secret: str) -> str:
    """The text without a start of a secret that was cut: `sk-proj…`."""
    for length in range(PIECE - 1, _SHORTEST_START - 1, -1):
        text = text.replace(f"{secret[:length]}…", f"{'*' * length}…")
    return text


def without_escapes(text: str) -> str:
    """As long as the text, with the escapes of quoted strings blanked out.

    So no `n` of a newline is glued to the word behind it.
    """
    if "\\" not in text:
        return text
    for escape in ("\\n", "\\t", "\\r"):
        text = text.replace(escape, "  ")
    return text.replace('\\"', ' "')
