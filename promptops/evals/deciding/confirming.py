"""Suspects confirmed: exact tests of a few fresh answers, and of many cases at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import comb

_PARTS = 10**9  # scores are counted in whole parts, so that equal sums are equal


def fisher(before: Sequence[float], after: Sequence[float]) -> float:
    """Fisher's exact test, one-sided: the chance of so low a sum in `after`, were both alike.

    Scores of 0 and 1 make it Fisher's test; graded ones the same question about their sum. The
    work doubles with every different score: meant for some 16.
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
    """Which of these p values hold, in their order, one false one at most with chance `alpha`."""
    order = sorted(range(len(chances)), key=chances.__getitem__)
    held: set[int] = set()
    for rank, index in enumerate(order):
        if chances[index] > alpha / (len(chances) - rank):
            break
        held.add(index)
    return tuple(index in held for index in range(len(chances)))
