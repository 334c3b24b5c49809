"""Bounds of a quantile from the order of the values: latencies follow no known distribution."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import ceil, exp, floor, lgamma, log, sqrt

from promptops.evals.deciding.wilson import quantile
from promptops.model.arm import Latency

ALPHA = 0.025
"""The error probability of each bound."""

_MANY = 5_000
"""From so many values on, the binomial distribution is as good as normal."""


def latency_of(seconds: Iterable[float]) -> Latency | None:
    """Median and 95th percentile with their bounds; None without values."""
    ordered = sorted(seconds)
    if not ordered:
        return None
    p50_low, p50_high = quantile_bounds(ordered, 0.5)
    low, high = quantile_bounds(ordered, 0.95)
    return Latency(
        p50=_quantile(ordered, 0.5),
        p95=_quantile(ordered, 0.95),
        p50_low=p50_low,
        p50_high=p50_high,
        low=low,
        high=high,
        n=len(ordered),
    )


def _quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that this share of the values does not exceed."""
    return ordered[max(0, ceil(round(share * len(ordered), 9)) - 1)]


def quantile_bounds(ordered: Sequence[float], share: float) -> tuple[float | None, float | None]:
    """Values below and above the true quantile, each wrong in at most 2.5%; None if none is safe.

    The number of values up to the true quantile is binomial. So the k-th smallest value is above it
    with the chance that fewer than k are up to it, whatever the distribution of the values.

    Args:
        ordered: Ascending.
        share: Of the values below the quantile, between 0 and 1.
    """
    low, high = bound_ranks(len(ordered), share, ALPHA)
    return (
        ordered[low] if low is not None else None,
        ordered[high] if high is not None else None,
    )


def bound_ranks(count: int, share: float, alpha: float) -> tuple[int | None, int | None]:
    """0-based ranks, among so many values, of values below and above the true quantile.

    Each is wrong with at most the chance `alpha`; None if none is safe.
    """
    if count > _MANY:
        reach = quantile(1 - alpha) * sqrt(count * share * (1 - share))
        return floor(count * share - reach) - 1, ceil(count * share + reach)
    low = high = None
    for below, chance in enumerate(_fewer(count, share)):
        # `chance`: at most `below` values are up to the quantile.
        if chance <= alpha:
            low = below
        if chance >= 1 - alpha:
            high = below
            break
    return low, high


def _fewer(count: int, share: float) -> Iterator[float]:
    """The chance of at most 0, 1, 2 … successes in so many tries with this chance each."""
    total = 0.0
    for successes in range(count):
        ways = lgamma(count + 1) - lgamma(successes + 1) - lgamma(count - successes + 1)
        total += exp(ways + successes * log(share) + (count - successes) * log(1 - share))
        yield total
