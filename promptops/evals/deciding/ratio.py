"""The ratio of two means, such as costs, from pairs: how much more or less one arm costs."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, fsum

from promptops.evals.deciding.intervals import standard_error
from promptops.evals.deciding.student import student_quantile
from promptops.model.arm import ValueInterval
from promptops.records import record

ALPHA = 0.025
"""The error probability of each bound."""


@record(frozen=True, slots=True, kw_only=True)
class ValuePair:
    """The mean value of the answers to one case, in both arms.

    Attributes:
        reference, arm: Not negative, such as USD per answer.
        source: Cases of one source are not independent; None for a case of its own.
    """

    reference: float
    arm: float
    source: str | None = None


def paired_ratio(pairs: Sequence[ValuePair]) -> ValueInterval | None:
    """The mean of the arm divided by that of the reference, with a 95% interval.

    The logarithm of the ratio is Student distributed about `fsum(arm) / fsum(reference)`, with the
    standard error of the differences of relative values. Simulated, the interval contains the true
    ratio in 92, 93, 94 and 95% of comparisons of 20, 50, 100 and 200 cases.

    Returns:
        None without two independent pairs, or if the reference is free.
    """
    before, after = fsum(pair.reference for pair in pairs), fsum(pair.arm for pair in pairs)
    if not before > 0:
        return None
    if not after > 0:
        return ValueInterval(value=0.0, low=0.0, high=0.0)
    clusters = _relative_differences(pairs, before / len(pairs), after / len(pairs))
    if len(clusters) < 2:
        return None
    ratio = after / before
    reach = student_quantile(1 - ALPHA, len(clusters) - 1) * standard_error(clusters)
    return ValueInterval(value=ratio, low=ratio * exp(-reach), high=ratio * exp(reach))


def _relative_differences(
    pairs: Sequence[ValuePair], before: float, after: float
) -> list[list[float]]:
    """By source: each value divided by the mean of its arm, arm minus reference."""
    clusters: dict[object, list[float]] = {}
    for index, pair in enumerate(pairs):
        key = index if pair.source is None else pair.source
        difference = pair.arm / after - pair.reference / before
        clusters.setdefault(key, []).append(difference)
    return list(clusters.values())
