"""Intervals and alert bounds for rates of production samples, from sums over 64 buckets.

Samples of one conversation are not independent, so all of them fall into one bucket, by the hash of
the conversation. The spread between buckets gives the number of independent samples that are as
informative (the effective size), on which Wilson's interval is computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from promptops.evals.deciding.intervals import (
    BOUND_ALPHA,
    beta_share,
    normal_quantile,
    student_quantile,
    wilson,
)
from promptops.records import record

BUCKETS = 64
ALERT_ALPHA = 0.05
"""The chance of any false alert in one run, divided by its number of comparisons."""

_RARE = 10
"""From so many samples of the rarer kind on, Wilson's bound is close enough."""

_HALVINGS = 26  # to 1e-8

_FEW = 30
"""With fewer filled buckets, a mean is treated as if its values were only 0 and 1."""


@record(frozen=True, slots=True)
class Buckets:
    """The samples of a group, as sums over buckets.

    Attributes:
        counts: The number of samples in each bucket.
        totals: The sum of their values, each 0 to 1.
    """

    counts: Sequence[int]
    totals: Sequence[float]

    @property
    def n(self) -> int:
        """The number of samples."""
        return sum(self.counts)

    @property
    def mean(self) -> float:
        """The mean over samples; 0 without samples."""
        return sum(self.totals) / self.n if self.n else 0.0


@record(frozen=True, slots=True)
class Difference:
    """The difference of two means, with the bounds of its 95% interval."""

    value: float
    low: float
    high: float


def effective_size(buckets: Buckets) -> float:
    """The number of independent samples that are as informative for a share; at most `n`.

    0 without samples. If all values are alike, every conversation counts as one sample.
    """
    if buckets.mean in (0.0, 1.0) or not (error := _standard_error(buckets)):
        return independent_units(buckets.counts)
    return min(float(buckets.n), max(1.0, _size_for(buckets, error)))


def effective_size_of_mean(buckets: Buckets) -> float:
    """The same for the mean of a score, whose values vary less than 0 and 1: it may exceed `n`."""
    size = effective_size(buckets)
    error = _standard_error(buckets)
    if not error or _filled(buckets.counts) < _FEW:
        return size
    return max(1.0, _size_for(buckets, error))


def independent_units(counts: Sequence[int]) -> float:
    """About the number of conversations, at most the number of samples; 0 without samples.

    Single samples are spread over the buckets with a variance like their mean; conversations of m
    samples with m times that variance.
    """
    n, mean = sum(counts), sum(counts) / len(counts)
    if not n:
        return 0.0
    variance = sum((count - mean) ** 2 for count in counts) / (len(counts) - 1)
    return max(1.0, n / max(1.0, variance / mean))


def difference(first: Buckets, second: Buckets) -> Difference:
    """`second` minus `first`: Newcombe's interval (1998, method 10) on effective sizes."""
    one, other = first.mean, second.mean
    low_one, high_one = wilson(one, effective_size(first))
    low_other, high_other = wilson(other, effective_size(second))
    value = other - one
    below = sqrt((other - low_other) ** 2 + (high_one - one) ** 2)
    above = sqrt((high_other - other) ** 2 + (one - low_one) ** 2)
    return Difference(value, value - below, value + above)


def mean_bound(buckets: Buckets, chance: float, above: int) -> float:
    """A one-sided bound of a mean of any values, such as costs; `above` is 1 or -1.

    The true mean is beyond it with this chance. Infinite with fewer than two filled buckets.
    """
    filled = _filled(buckets.counts)
    if filled < 2:
        return above * float("inf")
    reach = student_quantile(1 - chance, filled - 1) * _standard_error(buckets)
    return buckets.mean + above * reach


def share_bound(share: float, size: float, chance: float, above: int) -> float:
    """A one-sided bound of a share that was observed in so many samples.

    The true share is beyond it with this chance; `above` is 1 for an upper bound, -1 for a lower
    one. Wilson's, but with few samples of the rarer kind the exact one (Clopper and Pearson):
    there, Wilson's would be wrong many times as often.
    """
    if above < 0:
        return 1 - share_bound(1 - share, size, chance, 1)
    if min(share, 1 - share) * size >= _RARE:
        return wilson(share, size, chance)[1]
    return _exact_upper(share, size, chance)


def raised_from(threshold: float, size: float, chance: float, above: int) -> float | None:
    """The share from which on its bound on this side lies beyond a threshold; None if none does.

    `above` is 1 for an alert above the threshold, -1 for one below it.
    """
    if above > 0:
        mirrored = raised_from(1 - threshold, size, chance, -1)
        return None if mirrored is None else 1 - mirrored
    if not _is_below(0.0, size, chance, threshold):
        return None
    low, high = 0.0, threshold
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = _is_below(middle, size, chance, threshold)
        low, high = (middle, high) if below else (low, middle)
    return low


def _is_below(share: float, size: float, chance: float, threshold: float) -> bool:
    """Whether the upper bound of a share lies below a threshold; quicker than the exact bound."""
    if not size or share >= threshold:
        return False
    if min(share, 1 - share) * size >= _RARE:
        return wilson(share, size, chance)[1] < threshold
    return _fewer(share, size, threshold) < chance


def _exact_upper(share: float, size: float, chance: float) -> float:
    """The true share at which so few samples of this kind, or fewer, have this chance."""
    if share >= 1:
        return 1.0
    low, high = share, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _fewer(share, size, middle) > chance else (low, middle)
    return high


def _fewer(share: float, size: float, true_share: float) -> float:
    """The chance of this share of so many samples, or less; the sizes may be fractions."""
    count = share * size
    return beta_share(1 - true_share, true_share, size - count, count + 1)


def _size_for(buckets: Buckets, error: float) -> float:
    """The size of a sample of 0 and 1 with this error, less for few buckets (Korn 1998)."""
    share, filled = buckets.mean, _filled(buckets.counts)
    few = (normal_quantile(1 - BOUND_ALPHA) / student_quantile(1 - BOUND_ALPHA, filled - 1)) ** 2
    return share * (1 - share) / error**2 * few


def _standard_error(buckets: Buckets) -> float:
    """The standard error of the mean over samples, from the spread between filled buckets."""
    filled, mean = _filled(buckets.counts), buckets.mean
    if filled < 2:
        return 0.0
    pairs = zip(buckets.totals, buckets.counts, strict=True)
    squares = sum((total - mean * count) ** 2 for total, count in pairs)
    return sqrt(filled / (filled - 1) * squares) / buckets.n


def _filled(counts: Sequence[int]) -> int:
    return sum(count > 0 for count in counts)
