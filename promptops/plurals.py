"""Numbers of things, lists with an end, and amounts of money, in words: `3 files`, `$0.118`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import floor, log10
from typing import TypeVar

T = TypeVar("T")

_WITH_E = ("ch", "sh", "s", "x")
_VOWELS = "aeiou"


def counted(number: int, noun: str) -> str:
    """Such as `1 error`, `1,200 errors`, `2 branches`."""
    return f"{number:,} {plural(number, noun)}"


def plural(number: int, noun: str) -> str:
    """The form of a noun, given in the singular, that follows a number."""
    if number == 1:
        return noun
    if noun.endswith("y") and noun[-2:-1] not in _VOWELS:
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(_WITH_E) else f"{noun}s"


def and_more(number: int, noun: str = "") -> str:
    """Such as `and 3 more`, `and 1 more prompt`; "" if no more are left."""
    if number <= 0:
        return ""
    return f"and {counted(number, f'more {noun}')}" if noun else f"and {number:,} more"


def some(items: Sequence[T], shown: int, noun: str = "", name: Callable[[T], str] = str) -> str:
    """The first of some items and the number of the others: `a, b and 3 more prompts`."""
    first = ", ".join(map(name, items[:shown]))
    return " ".join(filter(None, (first, and_more(len(items) - shown, noun))))


def some_lines(lines: Sequence[str], shown: int, noun: str = "") -> list[str]:
    """The first lines; if there are others, one more line with their number."""
    return [*lines[:shown], *filter(None, [and_more(len(lines) - shown, noun)])]


def series(items: Sequence[T], word: str, shown: int, name: Callable[[T], str] = str) -> str:
    """All of a few items, `a, b or c`; of many the first, `a, b or 3 more`; `word` is the `or`."""
    rest = len(items) - shown
    *first, last = [*map(name, items[:shown]), *([f"{rest:,} more"] if rest > 0 else [])]
    return f" {word} ".join(filter(None, (", ".join(first), last)))


# Amounts of money in words: `$0.118`, `$0.000018`, `$12,340`.

_DIGITS = 4


def usd(amount: float) -> str:
    """Dollars with four significant digits, never as `$1.8e-05`; not negative."""
    if not amount > 0:
        return "$0"
    places = max(0, _DIGITS - 1 - floor(log10(amount)))
    text = f"{amount:,.{places}f}"
    return f"${text.rstrip('0').rstrip('.') if places else text}"
