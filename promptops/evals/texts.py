"""What assertions over texts have in common."""

from __future__ import annotations

from promptops.evals.verdict import Refused
from promptops.evals.wording import LONG, shown

_TELLING = 8


def not_empty(value: str, at: str = "/value") -> None:
    """Raises Refused for an empty text."""
    if not value:
        raise Refused("an empty text is in every text", hint="say what must stand there", at=at)


def not_empty_texts(values: tuple[str, ...]) -> None:
    """Raises Refused for an empty list, or an empty text in it."""
    if not values:
        raise Refused("an empty list asks for nothing", hint="say what must stand there")
    for index, value in enumerate(values):
        not_empty(value, f"/value/{index}")


def not_negative(value: int) -> None:
    """Raises Refused for a number below 0."""
    if value < 0:
        raise Refused(f"expected a number from 0 on, got {value}")


def without(value: str, text: str) -> str:
    """A text that lacks a value and, where it is long, how far the value is there."""
    start, length = _longest_beginning(value, text)
    if len(text) <= LONG or length < _TELLING:
        return shown(text)
    goes_on = text[start + length : start + length + 20] or "nothing"
    return f"{shown(text)}, where {shown(value[:length][-40:])} is followed by {shown(goes_on)}"


def _longest_beginning(value: str, text: str) -> tuple[int, int]:
    """Where the longest beginning of a value stands in a text, and its length."""
    low, high, at = 0, len(value), 0
    while low < high:
        middle = (low + high + 1) // 2
        found = text.find(value[:middle])
        if found >= 0:
            low, at = middle, found
        else:
            high = middle - 1
    return at, low
