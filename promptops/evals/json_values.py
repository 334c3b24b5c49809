"""JSON in texts, and comparison of JSON values."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from json import JSONDecodeError
from typing import Any

from promptops.evals.case_expressions import CaseWork
from promptops.evals.verdict import Unjudgeable
from promptops.patterns import lazy_pattern

NOTHING = object()
"""Replaces the value of a text that is not JSON."""

_BEGIN = lazy_pattern(r"[{\[]")
_MOST_READ_IN_VAIN = 2_000_000  # in characters; 0.6 s at worst
_ONE_TRY = 200  # the cost of an error, which counts the lines before it
_TOO_DEEP = 20_000
_MOST_COVERED = 1_000_000  # pairs of values that are compared; 0.6 s at worst
_ITEMS_A_STEP = 20  # items that are listed in the time of a comparison
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

        Each item of an expected list needs an item of its own, in any order: `[1]` lacks an item of
        `[1, 1]`. Items are searched for in the whole list, so that nested lists multiply the steps.
        Raises Unjudgeable when none are left.
        """
        before = self._left
        try:
            return self._covers(value, expected)
        finally:
            self._work.count(_OF_A_STEP * (before - self._left))

    def _covers(self, value: Any, expected: Any) -> bool:
        self._spend(1)
        if isinstance(expected, Mapping):
            return isinstance(value, Mapping) and all(
                key in value and self._covers(value[key], item) for key, item in expected.items()
            )
        if isinstance(expected, (list, tuple)):
            return isinstance(value, (list, tuple)) and self._covers_all(value, expected)
        return same(value, expected)

    def _covers_all(self, items: Sequence[Any], expected: Sequence[Any]) -> bool:
        """Whether each expected item gets an item of its own: a matching of both lists."""
        given: dict[int, int] = {}  # from each item that was given away to its expected item
        return len(expected) <= len(items) and all(
            self._give(items, expected, new, given) for new in range(len(expected))
        )

    def _give(
        self, items: Sequence[Any], expected: Sequence[Any], new: int, given: dict[int, int]
    ) -> bool:
        """Give one more expected item an item; others get other items where that is needed."""
        if new not in given and self._covers(items[new], expected[new]):
            given[new] = new  # the item at the same position, in lists of the same order
            return True
        self._spend(len(items) // _ITEMS_A_STEP)
        order = sorted(range(len(items)), key=given.__contains__)  # the free ones first
        wanted_by: dict[int, int] = {}
        waiting = deque([new])
        while waiting:
            wanting = waiting.popleft()
            for index in order:
                if index in wanted_by or not self._covers(items[index], expected[wanting]):
                    continue
                wanted_by[index] = wanting
                if index not in given:
                    _hand_over(index, wanted_by, given)
                    return True
                waiting.append(given[index])
        return False

    def _spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise Unjudgeable("it takes too long to search the value for all expected items")


def _hand_over(free: int, wanted_by: dict[int, int], given: dict[int, int]) -> None:
    """Give a free item to who wants it, that one's item to who wants that, and so on."""
    item_of = {wanting: index for index, wanting in given.items()}
    index: int | None = free
    while index is not None:
        wanting = given[index] = wanted_by[index]
        index = item_of.get(wanting)


def _next(text: str, start: int) -> int:
    """The offset at which the next mapping or list may begin, or -1."""
    begin = _BEGIN.search(text, start)
    return begin.start() if begin else -1


def _no_number(written: str) -> Any:
    raise ValueError(f"{written} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_no_number)
