"""The share of attacks that succeed, with Wilson's interval on the effective number of answers.

Attacks of one family succeed or fail together, so 12 answers in a family are fewer observations
than 12. The interval for all answers would be far too narrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from math import comb

from promptops.evals.deciding.intervals import (
    BOUND_ALPHA,
    mean,
    normal_quantile,
    standard_error,
    student_quantile,
    wilson,
)
from promptops.model.probe import AttackRate


def attack_rate(clusters: Iterable[Sequence[bool]]) -> AttackRate:
    """The rate over all answers.

    Args:
        clusters: For each family (or, in one family, each attack) whether each of its attacks
            succeeded. Attacks of one cluster may depend on each other.
    """
    found = [[float(each) for each in cluster] for cluster in clusters if cluster]
    answers = sum(map(len, found))
    low, high = wilson(mean(found), effective_size(found)) if answers else (0.0, 1.0)
    succeeded = sum(each > 0 for each in chain.from_iterable(found))
    return AttackRate(succeeded=succeeded, n=answers, low=low, high=high)


def effective_size(clusters: Sequence[Sequence[float]]) -> float:
    """The number of independent answers that would give the same certainty, at least 1.

    By the variance between clusters, with Student's t for few of them (Korn and Graubard 1998). If
    all answers are alike there is no variance to estimate from: then it is the number of clusters.
    """
    answers, count = sum(map(len, clusters)), len(clusters)
    share, error = mean(clusters), standard_error(clusters)
    if share in (0.0, 1.0) or count < 2:
        return float(count)
    if not error:
        return float(answers)
    few = (normal_quantile(1 - BOUND_ALPHA) / student_quantile(1 - BOUND_ALPHA, count - 1)) ** 2
    return min(float(answers), max(1.0, share * (1 - share) / error**2 * few))


def mid_p(first: int, second: int) -> float:
    """Two-sided: the chance of so uneven a division if both sides are equally likely.

    Divisions as uneven as the observed one count half.
    """
    total, least = first + second, min(first, second)
    if first == second:
        return 1.0
    below = sum(comb(total, each) for each in range(least))
    return float(min(1.0, (2 * below + comb(total, least)) / 2**total))
