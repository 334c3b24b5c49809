"""Common subsequences of two sequences, found with bounded work."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from promptops.records import record

T = TypeVar("T")
Pairs = list[tuple[int, int]]

_LARGEST_TABLE = 250_000


@record(slots=True)
class StepBudget:
    """A limit of computing steps; work that would exceed it is skipped."""

    steps: int

    def allows(self, steps: int) -> bool:
        """Take that many steps from the limit; False if too few are left."""
        if steps > self.steps:
            return False
        self.steps -= steps
        return True


def equal_pairs(
    before: Sequence[str], after: Sequence[str], weigh: Callable[[str], int], budget: StepBudget
) -> Pairs:
    """Pairs of indices of equal elements, in rising order, with the greatest total weight.

    In long sequences, elements that are unique on both sides are paired first, then the stretches
    between them. A stretch that is still too long gets pairs only at its ends.
    """
    pairs: Pairs = []
    left = right = 0
    for next_left, next_right in [*_anchors(before, after), (len(before), len(after))]:
        gap = _pairs_of_gap(before[left:next_left], after[right:next_right], weigh, budget)
        pairs += [(left + one, right + other) for one, other in gap]
        pairs.append((next_left, next_right))
        left, right = next_left + 1, next_right + 1
    return pairs[:-1]


def best_pairs(before: Sequence[T], after: Sequence[T], score: Callable[[T, T], int]) -> Pairs:
    """Pairs of indices, in rising order, with the greatest total score; all scores are above 0.

    Takes one step for each pair of elements.
    """
    scores = [[score(left, right) for right in after] for left in before]
    best = _best_from(scores, len(after))
    pairs: Pairs = []
    left = right = 0
    while left < len(before) and right < len(after):
        if best[left][right] == best[left + 1][right]:
            left += 1
        elif best[left][right] == best[left][right + 1]:
            right += 1
        else:
            pairs.append((left, right))
            left, right = left + 1, right + 1
    return pairs


def _best_from(scores: list[list[int]], width: int) -> list[list[int]]:
    """The greatest total score from each pair of indices to the end."""
    best = [[0] * (width + 1)]
    for row in reversed(scores):
        below, current = best[-1], [0] * (width + 1)
        for right in range(width - 1, -1, -1):
            skipped = max(below[right], current[right + 1])
            current[right] = max(skipped, row[right] + below[right + 1] if row[right] else 0)
        best.append(current)
    return best[::-1]


def _pairs_of_gap(
    before: Sequence[str], after: Sequence[str], weigh: Callable[[str], int], budget: StepBudget
) -> Pairs:
    start, end = _same_ends(before, after)
    inner_before, inner_after = before[start : len(before) - end], after[start : len(after) - end]
    cells = len(inner_before) * len(inner_after)
    inner: Pairs = []
    if 0 < cells <= _LARGEST_TABLE and budget.allows(cells):
        inner = best_pairs(
            inner_before, inner_after, lambda one, other: weigh(one) if one == other else 0
        )
    return [
        *((index, index) for index in range(start)),
        *((start + left, start + right) for left, right in inner),
        *((len(before) - index, len(after) - index) for index in range(end, 0, -1)),
    ]


def _same_ends(before: Sequence[str], after: Sequence[str]) -> tuple[int, int]:
    """The numbers of equal elements at the beginning and, of the rest, at the end."""
    shorter = min(len(before), len(after))
    start = end = 0
    while start < shorter and before[start] == after[start]:
        start += 1
    while end < shorter - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return start, end


def _anchors(before: Sequence[str], after: Sequence[str]) -> Pairs:
    """The longest rising run of elements that are unique on both sides."""
    if len(before) * len(after) <= _LARGEST_TABLE:
        return []
    places = _places_of_the_unique(after)
    return _longest_rising(
        [
            (left, places[item])
            for item, left in _places_of_the_unique(before).items()
            if item in places
        ]
    )


def _places_of_the_unique(items: Sequence[str]) -> dict[str, int]:
    counts = Counter(items)
    return {item: index for index, item in enumerate(items) if counts[item] == 1}


def _longest_rising(pairs: Pairs) -> Pairs:
    """The longest subsequence of pairs with rising second numbers; first numbers rise."""
    lowest_last: list[int] = []  # index: length - 1; value: the lowest last number of such a run
    ends: list[int] = []  # the pairs that these runs end with
    previous: list[int] = []
    for index, (_, right) in enumerate(pairs):
        length = bisect_left(lowest_last, right)
        previous.append(ends[length - 1] if length else -1)
        lowest_last[length : length + 1] = [right]
        ends[length : length + 1] = [index]
    rising: Pairs = []
    at = ends[-1] if ends else -1
    while at >= 0:
        rising.append(pairs[at])
        at = previous[at]
    return rising[::-1]
