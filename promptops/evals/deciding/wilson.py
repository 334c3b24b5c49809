"""Wilson's interval of a share."""

from __future__ import annotations

from functools import lru_cache
from math import sqrt
from statistics import NormalDist

ALPHA = 0.025
"""The chance that one of the two bounds is wrong."""


def wilson(share: float, size: float, chance: float = ALPHA) -> tuple[float, float]:
    """The interval of a share that was observed in so many answers; (0, 1) for none.

    Each bound is wrong with this chance.
    """
    if not size:
        return 0.0, 1.0
    z = quantile(1 - chance)
    weight = z * z / size
    middle = (share + weight / 2) / (1 + weight)
    reach = z * sqrt(share * (1 - share) / size + weight / (4 * size)) / (1 + weight)
    # Rounding must not make a bound miss 0 or 1.
    low = 0.0 if share == 0 else middle - reach
    return max(0.0, low), 1.0 if share == 1 else min(1.0, middle + reach)


@lru_cache(maxsize=64)
def quantile(probability: float) -> float:
    """The quantile of the standard normal distribution."""
    return NormalDist().inv_cdf(probability)
