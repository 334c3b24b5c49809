"""Durations in steps of 2%: quantiles from counts that can be added up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from functools import lru_cache
from math import sqrt

STEP = 1.02
_SHORTEST_S, _LONGEST_S = 0.001, 100_000.0


def step_of(seconds: float) -> int:
    """The number of the step of a duration; very short and very long ones have the outermost."""
    return bisect_left(_edges(), seconds)


def duration_at(steps: Mapping[int, int], share: float) -> float:
    """The duration that this share of the counted ones does not exceed, to 1%; in seconds."""
    wanted, below = share * sum(steps.values()), 0
    for step in sorted(steps):
        below += steps[step]
        if below >= wanted:
            return _middle(step)
    return 0.0


def _middle(step: int) -> float:
    edges = _edges()
    upper = edges[min(step, len(edges) - 1)]
    return round(upper / sqrt(STEP), 6)


@lru_cache(maxsize=1)
def _edges() -> tuple[float, ...]:
    """The upper edge of each step. Products, because logarithms differ between machines."""
    edges = [_SHORTEST_S]
    while edges[-1] < _LONGEST_S:
        edges.append(edges[-1] * STEP)
    return tuple(edges)
