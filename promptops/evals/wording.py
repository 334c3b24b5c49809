"""Values in reasons: short, on one line, without invisible characters."""

from __future__ import annotations

import json
from typing import Any

from promptops.counting import series
from promptops.source.explain import type_name

LONG = 80
_AROUND = 30


def shown(value: Any) -> str:
    """A value in a reason; a long one is cut, with its length in characters."""
    if isinstance(value, str):
        return _text(value) if value else "an empty string"
    if isinstance(value, (list, tuple, dict)):
        return _text(json.dumps(value, ensure_ascii=False))
    return type_name(value)


def listed(values: tuple[Any, ...], word: str) -> str:
    """Several values, the last after `word`; of many, the first ones and the number of others."""
    return series(values, word, 5, shown)


def line_of(text: str, offset: int) -> str:
    """`line 3: ` and the line, cut if it is long, for an offset in a text."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    line = text[start : end if end >= 0 else len(text)]
    if len(line) > LONG:
        line = line[max(0, offset - start - _AROUND) :]
    return f"line {text.count(chr(10), 0, offset) + 1}: {_cut(line)}"


def compared(expected: str, got: str) -> str:
    """The actual text and, if both are long, the first difference."""
    if min(len(expected), len(got)) <= LONG or expected == got:
        return shown(got)
    pairs = zip(expected, got, strict=False)
    shorter = min(len(expected), len(got))
    at = next((index for index, (a, b) in enumerate(pairs) if a != b), shorter)
    line = got.count("\n", 0, at) + 1
    column = at - got.rfind("\n", 0, at)
    there, wanted = (_piece(text, at) for text in (got, expected))
    return f"{shown(got)}: line {line}, column {column} has {there} instead of {wanted}"


def _piece(text: str, at: int) -> str:
    return _cut(text[at : at + _AROUND], more=len(text) > at + _AROUND) if text[at:] else "its end"


def _text(text: str) -> str:
    if len(text) <= LONG:
        return _cut(text)
    return f"{_cut(text)} ({len(text):,} characters)"


def _cut(text: str, *, more: bool = False) -> str:
    more = more or len(text) > LONG
    return f"`{_visible(text[:LONG])}{'…' if more else ''}`"


def _visible(text: str) -> str:
    """Newlines, control characters and other invisible characters as escapes."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
