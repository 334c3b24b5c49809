"""Strings and values of assertions: how they are shown, compared, checked and searched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from promptops.analysis.match import TextMatch
from promptops.evals.case_expressions import CaseWork
from promptops.evals.verdict import Refused, Unjudgeable
from promptops.plurals import counted, series, some
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
    actual, wanted = (_piece(text, at) for text in (got, expected))
    return f"{shown(got)}: line {line}, column {column} has {actual} instead of {wanted}"


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


_LONGEST = 50_000
_DEEPEST = 60
_NESTED = (Mapping, list, tuple)


class _TooDeep(Exception):
    pass


def to_compare(expected: Any, got: Any) -> tuple[str, str] | None:
    """Two strings, or two JSON values with sorted keys and an item per line.

    None if they have different types or are equal, if a reason has room for one of them, and if one
    is too long or too deep to compare.
    """
    texts = _comparable_text(expected), _comparable_text(got)
    alike = isinstance(expected, str) == isinstance(got, str)
    return texts if alike and all(texts) and texts[0] != texts[1] else None


def mentioned_part(value: Any, expected: Any) -> Any:
    """The part of a JSON value that `wanted` mentions, if additional keys are allowed."""
    if not (isinstance(value, Mapping) and isinstance(expected, Mapping)):
        return value
    return {key: mentioned_part(value[key], item) for key, item in expected.items() if key in value}


def _comparable_text(value: Any) -> str:
    """The text of a value; "" if it is not compared."""
    if isinstance(value, str):
        return value if LONG < len(value) <= _LONGEST else ""
    if not isinstance(value, _NESTED):
        return ""
    try:
        plain = _plain(value, _DEEPEST)
    except _TooDeep:
        return ""
    if not LONG < len(json.dumps(plain, ensure_ascii=False)) <= _LONGEST:
        return ""
    return json.dumps(plain, ensure_ascii=False, indent=2, sort_keys=True)


def _plain(value: Any, room: int) -> Any:
    """With one spelling of each number: 1.0 is 1. Raises _TooDeep for more than `room` levels."""
    if isinstance(value, _NESTED) and not room:
        raise _TooDeep
    if isinstance(value, Mapping):
        return {str(key): _plain(item, room - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, room - 1) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Shared functions of assertions over texts.

MAX_COMPARED_CHARS = 400_000_000
"""Characters of a text times the number of searched strings: about a second."""

_OF_A_COMPARISON = 3  # in units of CaseWork
_TELLING = 8


def not_empty(value: str, at: str = "/value") -> None:
    """Raises Refused for an empty string."""
    if not value:
        raise Refused(
            "`value` is empty: every answer contains it",
            hint="write the required text",
            at=at,
        )


def not_blank(value: str) -> None:
    """Raises Refused for a blank string."""
    if not value.strip():
        raise Refused("`value` is empty", hint="describe the required property")


def not_empty_texts(values: tuple[str, ...]) -> None:
    """Raises Refused for an empty list, or an empty string in it."""
    if not values:
        raise Refused("the list is empty: nothing is checked", hint="write the required text")
    for index, value in enumerate(values):
        not_empty(value, f"/value/{index}")


def not_blank_texts(values: tuple[str, ...]) -> None:
    """Raises Refused for an empty list, or a blank string in it."""
    not_empty_texts(values)
    refused = no_white_space(values)
    if refused is not None:
        raise refused


def no_white_space(values: tuple[str, ...]) -> Refused | None:
    """Refuses whitespace among several strings, because nearly every text contains it."""
    for index, value in enumerate(values):
        if not value.strip():
            message, hint = (
                "`value` is whitespace, which nearly every answer contains",
                "write the required text",
            )
            return Refused(message, hint=hint, at=f"/value/{index}")
    return None


def no_blank(values: tuple[str, ...]) -> Refused | None:
    """Refuses strings that are a single space; newlines and several spaces are a layout."""
    if set(values) != {" "}:
        return None
    return Refused(
        "`value` is a space, which nearly every answer contains",
        hint="write the required text",
    )


def searchable(text: str, values: tuple[str, ...], work: CaseWork) -> str:
    """The text; raises Unjudgeable if it takes too long to search for each value in it."""
    compared = len(text) * len(values)
    work.count(_OF_A_COMPARISON * compared)
    if compared > MAX_COMPARED_CHARS:
        what = f"{counted(len(values), 'string')} in {counted(len(text), 'character')}"
        raise Unjudgeable(f"it takes too long to search for {what}", "/value")
    return text


def sendable(text: str) -> str:
    """The text with `?` for each lone surrogate, which no encoding has."""
    return text.encode("utf-8", "replace").decode()


def found_in(text: str, matches: tuple[TextMatch, ...]) -> str:
    """The findings of detectors by kind and line; a reason has more readers than a secret."""
    if not matches:
        return "none"

    def named(match: TextMatch) -> str:
        line = text.count("\n", 0, match.start) + 1
        return f"{match.message} in line {line}"

    return some(matches, 3, name=named)


def without(value: str, text: str) -> str:
    """A text that lacks a value; for a long text, also how much of the value's beginning occurs."""
    start, length = _longest_beginning(value, text)
    if len(text) <= LONG or length < _TELLING:
        return shown(text)
    goes_on = text[start + length : start + length + 20] or "nothing"
    return f"{shown(text)}, where {shown(value[:length][-40:])} is followed by {shown(goes_on)}"


def _longest_beginning(value: str, text: str) -> tuple[int, int]:
    """The offset and the length of the longest beginning of a value that occurs in a text."""
    low, high, at = 0, len(value), 0
    while low < high:
        middle = (low + high + 1) // 2
        found = text.find(value[:middle])
        if found >= 0:
            low, at = middle, found
        else:
            high = middle - 1
    return at, low
