"""Student's t distribution."""

from __future__ import annotations

from functools import lru_cache
from math import exp, lgamma, log

_MOST_TERMS = 10_000  # some sqrt(freedom) are needed: enough for a hundred million cases
_TINY = 1e-300


def student_cdf(t: float, freedom: float) -> float:
    """The chance of a value up to `t`; degrees of freedom above 0."""
    square = t * t
    # Both shares are computed, since one minus the other loses all digits near zero.
    tail = 0.5 * beta_share(freedom / (freedom + square), square / (freedom + square), freedom / 2)
    return tail if t < 0 else 1 - tail


@lru_cache(maxsize=1024)
def student_quantile(probability: float, freedom: float) -> float:
    """The value that is not exceeded with this probability, which is above 0 and below 1."""
    if probability < 0.5:
        return -student_quantile(1 - probability, freedom)
    low, high = 0.0, 1.0
    while student_cdf(high, freedom) < probability:
        low, high = high, high * 2
    while low < (middle := (low + high) / 2) < high:
        if student_cdf(middle, freedom) < probability:
            low = middle
        else:
            high = middle
    return high


def beta_share(x: float, rest: float, a: float, b: float = 0.5) -> float:
    """The regularised incomplete beta function at `x`; `rest` is 1 - x."""
    if x <= 0 or rest <= 0:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):  # beyond it the fraction converges slowly
        return 1 - beta_share(rest, x, b, a)
    scale = a * log(x) + b * log(rest) + lgamma(a + b) - lgamma(a) - lgamma(b)
    return exp(scale) / (a * _fraction(x, a, b))


def _fraction(x: float, a: float, b: float) -> float:
    """1 + d1/(1 + d2/(1 + …)), DLMF 8.17.22, from the front (Lentz's method)."""
    value = upper = 1.0
    lower = 0.0
    for term in range(1, _MOST_TERMS):
        d = _coefficient(term, x, a, b)
        lower = 1 / ((1 + d * lower) or _TINY)
        upper = (1 + d / upper) or _TINY
        value *= upper * lower
        if abs(upper * lower - 1) < 1e-15:
            break
    return value


def _coefficient(term: int, x: float, a: float, b: float) -> float:
    half = term // 2
    if term % 2:
        return -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
    return half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
