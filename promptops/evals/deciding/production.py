"""Intervals and alert bounds for rates of production samples, from sums over 64 buckets.

Samples of one conversation are not independent, so all of them fall into one bucket, by the hash of
the conversation. The spread between buckets gives the number of independent samples that are as
informative (the effective size), on which Wilson's interval is computed.

Conversations differ in size, so that few buckets may make up most of the spread. Then the spread
itself is uncertain: it has few degrees of freedom, and the effective size is smaller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import floor, fsum, sqrt

from promptops.evals.deciding.intervals import (
    BOUND_ALPHA,
    beta_share,
    normal_quantile,
    student_cdf,
    student_quantile,
    wilson,
)
from promptops.records import record

BUCKETS = 64
ALERT_ALPHA = 0.05
"""The chance of any false alert in one run, divided by its number of comparisons."""

CHANGE_ALPHA = 0.05
"""The probability that a report marks any change although nothing changed."""

FEW_FREEDOM = 10.0
"""Below so many degrees of freedom, few conversations make up a figure."""

_RARE = 10
"""From so many samples of the rarer kind on, Wilson's bound is close enough."""

_HALVINGS = 26  # to 1e-8

_FEW = 30
"""With fewer filled buckets, a mean is treated as if its values were only 0 and 1."""

_ROUNDING = 1e-9
"""Scores are counted in billionths: a smaller error of a mean is not an error."""


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
        return fsum(self.totals) / self.n if self.n else 0.0


@record(frozen=True, slots=True)
class Difference:
    """The difference of two means.

    Attributes:
        low, high: The bounds of its 95% interval.
        chance: The two-sided p value: of a difference of at least this size if nothing changed.
    """

    value: float
    low: float
    high: float
    chance: float


def effective_size(buckets: Buckets, chance: float = BOUND_ALPHA) -> float:
    """The number of independent samples that are as informative for a share; at most `n`.

    0 without samples. If all values are alike, every conversation counts as one sample. `chance`
    is that of an error of the bound for which the size is needed.
    """
    size = _size_for(buckets, chance)
    return independent_units(buckets.counts) if size is None else min(float(buckets.n), size)


def effective_size_of_mean(buckets: Buckets, chance: float = BOUND_ALPHA) -> float:
    """The same for the mean of a score, whose values vary less than 0 and 1: it may exceed `n`."""
    size = _size_for(buckets, chance)
    if size is None or filled_buckets(buckets) < _FEW:
        return effective_size(buckets, chance)
    return size


def freedom(buckets: Buckets) -> float:
    """The degrees of freedom of the spread: about how many conversations make it up; at least 1."""
    return _spread(buckets)[1]


def independent_units(counts: Sequence[int]) -> float:
    """About the number of conversations, at most the number of samples; 0 without samples.

    Single samples are spread over the buckets with a variance like their mean; conversations of m
    samples with m times that variance.
    """
    n, mean = sum(counts), sum(counts) / len(counts)
    if not n:
        return 0.0
    variance = fsum((count - mean) ** 2 for count in counts) / (len(counts) - 1)
    return max(1.0, n / max(1.0, variance / mean))


def difference(
    first: Buckets, second: Buckets, size: Callable[[Buckets], float] = effective_size
) -> Difference:
    """`second` minus `first`: Newcombe's interval (1998, method 10) on effective sizes.

    Its chance is Student's, with the degrees of freedom of the side that has fewer. `size` is one
    of the effective sizes.
    """
    one, other = first.mean, second.mean
    low_one, high_one = wilson(one, size(first))
    low_other, high_other = wilson(other, size(second))
    value = other - one
    below = sqrt((other - low_other) ** 2 + (high_one - one) ** 2)
    above = sqrt((high_other - other) ** 2 + (one - low_one) ** 2)
    chance = _chance_of(value, below if value > 0 else above, min(map(freedom, (first, second))))
    return Difference(value, value - below, value + above, chance)


def mean_bound(buckets: Buckets, chance: float, above: int) -> float:
    """A one-sided bound of a mean of any values, such as costs; `above` is 1 or -1.

    The true mean is beyond it with this chance. Infinite with fewer than two filled buckets.
    """
    if filled_buckets(buckets) < 2:
        return above * float("inf")
    error, degrees = _spread(buckets)
    return buckets.mean + above * student_quantile(1 - chance, degrees) * error


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


def _chance_of(value: float, reach: float, degrees: float) -> float:
    """Student's chance of a value whose interval reaches so far towards 0."""
    if not value or not reach:
        return 1.0
    quantile = student_quantile(1 - BOUND_ALPHA, degrees)
    return 2 * student_cdf(-abs(value) / reach * quantile, degrees)


def _size_for(buckets: Buckets, chance: float) -> float | None:
    """The size of a sample of 0 and 1 with this error, less for few degrees of freedom; from 1.

    None if all values are alike.
    """
    share = buckets.mean
    error, degrees = _spread(buckets)
    if share in (0.0, 1.0) or not error:
        return None
    few = (normal_quantile(1 - chance) / student_quantile(1 - chance, degrees)) ** 2
    return max(1.0, share * (1 - share) / error**2 * few)


def _spread(buckets: Buckets) -> tuple[float, float]:
    """The standard error of the mean over samples, and its degrees of freedom.

    The residual of a bucket with the share h of all samples counts 1/(1 - h) times (Bell and
    McCaffrey 2002); the degrees of freedom are Satterthwaite's, rounded down to a tenth. Without
    an error they are those of the filled buckets.
    """
    n, mean = buckets.n, buckets.mean
    pairs = zip(buckets.totals, buckets.counts, strict=True)
    squares = [
        (total - mean * count) ** 2 / (1 - count / n) for total, count in pairs if 0 < count < n
    ]
    variance = fsum(squares)
    if not n or sqrt(variance) / n < _ROUNDING:
        return 0.0, max(1.0, filled_buckets(buckets) - 1.0)
    degrees = variance**2 / fsum(square**2 for square in squares)
    return sqrt(variance) / n, max(1.0, floor(round(10 * degrees, 6)) / 10)


def filled_buckets(buckets: Buckets) -> int:
    """The number of buckets with samples."""
    return sum(count > 0 for count in buckets.counts)
