"""Confidence intervals of a mean difference, from clustered differences.

A cluster contains the differences of cases that share a source; most contain one. Clusters are
assumed to be independent, the cases in one are not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from math import fsum, inf, sqrt
from random import Random

from promptops.evals.deciding.student import student_cdf, student_quantile
from promptops.records import record

Clusters = Sequence[Sequence[float]]

FEW = 60
"""The number of clusters from which on the t distribution is used."""

_FLIPS = 4096  # all of them up to 12 clusters; beyond, as many are drawn
_CHUNK = 10


@record(frozen=True, slots=True, kw_only=True)
class Interval:
    """Bounds of a mean, and the chance of so low a mean.

    Attributes:
        low: Each bound is wrong with the requested chance, so the interval misses with twice that
            chance.
        p: One-sided: the chance of a mean as low as this one or lower if the true one is 0. It is
            below the requested chance exactly if `high` is below 0.
    """

    low: float
    high: float
    p: float


def interval(clusters: Clusters, alpha: float) -> Interval:
    """The interval for the differences of two scores, each bound wrong with chance `alpha`."""
    few = len(clusters) < FEW
    return sign_flip_interval(clusters, alpha) if few else t_interval(clusters, alpha)


def t_interval(clusters: Clusters, alpha: float) -> Interval:
    """Student's interval with the standard error over clusters; at least two of them."""
    middle = mean(clusters)
    error = standard_error(clusters)
    freedom = len(clusters) - 1
    reach = student_quantile(1 - alpha, freedom) * error
    return Interval(low=middle - reach, high=middle + reach, p=_chance(middle, error, freedom))


def _chance(middle: float, error: float, freedom: int) -> float:
    if error:
        return student_cdf(middle / error, freedom)
    return 0.5 if middle == 0 else float(middle > 0)


def silent_loss(answers: int, chance: float) -> float:
    """The loss that stays undetected in this many answers with this probability, 0 to 1.

    If all scores are the same in both arms, their spread is 0 and gives no bound for undetected
    losses; this function does.
    """
    return 1 - chance ** (1 / answers) if answers else 1.0


def mean(clusters: Clusters) -> float:
    """The mean over cases, not over clusters; 0 without cases."""
    values = list(chain.from_iterable(clusters))
    return fsum(values) / len(values) if values else 0.0


def standard_error(clusters: Clusters) -> float:
    """The standard error of the mean; infinite below two clusters."""
    count = len(clusters)
    if count < 2:
        return inf
    middle = mean(clusters)
    strays = [fsum(value - middle for value in cluster) for cluster in clusters]
    cases = sum(map(len, clusters))
    return sqrt(count / (count - 1) * fsum(stray * stray for stray in strays)) / cases


def sign_flip_interval(clusters: Clusters, alpha: float) -> Interval:
    """The values that flipping the signs of whole clusters does not refute.

    A shift is refuted where few flips give a mean further out. The flips that do are the sets of
    clusters whose own mean lies beyond the shift, so the bounds are quantiles of means of sets
    (Hartigan 1969, "typical values"), and one pass gives bounds and p. All sets up to 12 clusters,
    a fixed draw of them beyond. Too few clusters to refute anything have the bounds -1 and 1,
    those of a difference of scores.

    With few distinct scores, many flips equal the observed mean. They count half ("mid-p"): counted
    fully, they would hide one of nine losses that the gate detects (simulated, 50 cases).
    """
    sets = _sets(len(clusters))
    sums = _set_sums([fsum(cluster) for cluster in clusters], sets)
    sizes = _set_sums([len(cluster) for cluster in clusters], sets)
    # Rounded, because thirds that cancel out leave a remainder that would break ties.
    means = Counter(round(total / size, 9) for total, size in zip(sums, sizes, strict=True))
    flips = len(sets) + 1  # the empty set flips nothing: it equals the observed mean
    above = sum(count for value, count in means.items() if value > 0)
    p = max(1.0, 0.5 + above + means[0.0] / 2) / flips
    if alpha * flips < 1:
        return Interval(low=-1.0, high=1.0, p=p)
    mirrored = Counter({-value: count for value, count in means.items()})
    return Interval(
        low=-_exceeded(mirrored, alpha * flips), high=_exceeded(means, alpha * flips), p=p
    )


def _exceeded(means: Counter[float], times: float) -> float:
    """The value that this many means exceed; means that equal it count half."""
    # 0 is always one of them, so that the bound agrees with p.
    knots = sorted({*means, min(0.0, max(means))}, reverse=True)
    above, last_value, last = 0.5, knots[0], 0.0
    for value in knots:
        here = above + means[value] / 2
        if here >= times:
            return value + (last_value - value) * (here - times) / (here - last)
        above, last_value, last = above + means[value], value, here
    return knots[-1]


@lru_cache(maxsize=FEW)
def _sets(count: int) -> tuple[int, ...]:
    """Sets of clusters as bits, none empty. The seed is the count: a decision can be repeated."""
    if 2**count <= _FLIPS:
        return tuple(range(1, 2**count))
    draw = Random(count)
    return tuple(draw.randrange(1, 2**count) for _ in range(_FLIPS - 1))


def _set_sums(values: Sequence[float], sets: Sequence[int]) -> list[float]:
    """The sum over each set, by table for ten clusters at a time."""
    sums = [0.0] * len(sets)
    for start in range(0, len(values), _CHUNK):
        table = [0.0]
        for value in values[start : start + _CHUNK]:
            table += [known + value for known in table]
        last = len(table) - 1
        sums = [total + table[bits >> start & last] for total, bits in zip(sums, sets, strict=True)]
    return sums
