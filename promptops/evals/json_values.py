"""JSON in texts, and comparison of JSON values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from json import JSONDecodeError
from typing import Any

from promptops.evals.case_work import CaseWork
from promptops.evals.verdict import Unjudgeable
from promptops.patterns import lazy_pattern

NOTHING = object()
"""Replaces the value of a text that is not JSON."""

_BEGIN = lazy_pattern(r"[{\[]")
_MOST_READ_IN_VAIN = 2_000_000  # in characters; 0.6 s at worst
_ONE_TRY = 200  # the cost of an error, which counts the lines before it
_TOO_DEEP = 20_000
_MOST_COVERED = 1_000_000  # pairs of values that are compared; 0.6 s at worst
_OF_A_STEP = 600  # in units of CaseWork


def parsed(text: str) -> Any:
    """The value of a text that is JSON and nothing else (RFC 8259), or NOTHING."""
    try:
        return _decoder.decode(text)
    except (ValueError, RecursionError):
        return NOTHING


def embedded_values(text: str) -> Iterator[Any]:
    """The JSON mappings and lists in a text, in order; not those inside them.

    Raises Unjudgeable if too much looks like JSON and is not.
    """
    at, in_vain = _next(text, 0), 0
    while at >= 0:
        try:
            value, at = _decoder.raw_decode(text, at)
            yield value
        except (ValueError, RecursionError) as error:
            in_vain += _ONE_TRY + (
                error.pos - at if isinstance(error, JSONDecodeError) else _TOO_DEEP
            )
            at += 1
        if in_vain > _MOST_READ_IN_VAIN:
            raise Unjudgeable("the text contains too much that is almost JSON")
        at = _next(text, at)


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: true is not 1, and 1 is 1.0."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


class Coverage:
    """Compares values for one assertion, in a limited number of steps, and counts them."""

    def __init__(self, work: CaseWork) -> None:
        self._left = _MOST_COVERED
        self._work = work

    def covers(self, value: Any, expected: Any) -> bool:
        """Whether a value has all of `expected`; mappings may have more keys, lists more items.

        Each item of an expected list is searched for in the whole list, so that nested lists
        multiply the steps. Raises Unjudgeable when none are left.
        """
        before = self._left
        try:
            return self._covers(value, expected)
        finally:
            self._work.count(_OF_A_STEP * (before - self._left))

    def _covers(self, value: Any, expected: Any) -> bool:
        self._left -= 1
        if self._left < 0:
            raise Unjudgeable("it takes too long to search the value for all expected items")
        if isinstance(expected, Mapping):
            return isinstance(value, Mapping) and all(
                key in value and self._covers(value[key], item) for key, item in expected.items()
            )
        if isinstance(expected, (list, tuple)):
            return isinstance(value, (list, tuple)) and all(
                any(self._covers(candidate, item) for candidate in value) for item in expected
            )
        return same(value, expected)


def _next(text: str, start: int) -> int:
    """The offset at which the next mapping or list may begin, or -1."""
    begin = _BEGIN.search(text, start)
    return begin.start() if begin else -1


def _no_number(written: str) -> Any:
    raise ValueError(f"{written} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_no_number)
