"""Confirm suspect cases: exact tests of a few fresh answers, and of many cases at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import comb

_PARTS = 10**9  # scores are counted in whole parts, so that equal sums are equal


def fisher(before: Sequence[float], after: Sequence[float]) -> float:
    """Fisher's exact test, one-sided: the chance of so low a sum in `after` if both are alike.

    For scores of 0 and 1 it is Fisher's test; for graded ones the same test of their sum. The work
    doubles with every different score: meant for some 16.
    """
    scores = [round(score * _PARTS) for score in (*before, *after)]
    seen = sum(scores[len(before) :])
    ways = Counter({(0, 0): 1})
    for score in scores:
        for (taken, total), count in list(ways.items()):
            if taken < len(after):
                ways[taken + 1, total + score] += count
    low = sum(
        count for (taken, total), count in ways.items() if taken == len(after) and total <= seen
    )
    return low / comb(len(scores), len(after))


def holm(chances: Sequence[float], alpha: float) -> tuple[bool, ...]:
    """Which of these p values are significant, in their order; a false one with chance `alpha`."""
    order = sorted(range(len(chances)), key=chances.__getitem__)
    held: set[int] = set()
    for rank, index in enumerate(order):
        if chances[index] > alpha / (len(chances) - rank):
            break
        held.add(index)
    return tuple(index in held for index in range(len(chances)))
