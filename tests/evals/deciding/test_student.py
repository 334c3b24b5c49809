"""Student's distribution, against closed forms and against scipy."""

from __future__ import annotations

from math import atan, pi, sqrt
from statistics import NormalDist

import pytest

from promptops.evals.deciding.intervals import student_cdf, student_quantile

FREEDOMS = (1, 2, 3, 7, 24, 59, 199, 9_999, 1_000_000)
CHANCES = (0.0005, 0.005, 0.01, 0.015, 0.2, 0.5, 0.8, 0.985, 0.99, 0.995, 0.9995)
REASON = "scipy, which only checks our statistics, is not installed"


@pytest.mark.parametrize("t", [-30.0, -2.0, -1e-9, 0.0, 0.3, 1.0, 63.0])
def test_one_and_two_degrees_of_freedom_have_closed_forms(t):
    one, two = student_cdf(t, 1), student_cdf(t, 2)

    assert one == pytest.approx(0.5 + atan(t) / pi, abs=1e-14)
    assert two == pytest.approx(0.5 + t / (2 * sqrt(2 + t * t)), abs=1e-14)


def test_many_degrees_of_freedom_are_the_normal_distribution():
    quantile = student_quantile(0.99, 10**8)

    assert quantile == pytest.approx(NormalDist().inv_cdf(0.99), rel=1e-7)


@pytest.mark.parametrize("freedom", FREEDOMS)
@pytest.mark.parametrize("chance", CHANCES)
def test_the_quantile_is_the_inverse(freedom, chance):
    quantile = student_quantile(chance, freedom)

    assert student_cdf(quantile, freedom) == pytest.approx(chance, rel=1e-9)


@pytest.mark.parametrize("freedom", FREEDOMS)
def test_the_quantiles_are_those_of_scipy(freedom):
    stats = pytest.importorskip("scipy.stats", reason=REASON)

    quantiles = [student_quantile(chance, freedom) for chance in CHANCES]

    expected = [float(stats.t.ppf(chance, freedom)) for chance in CHANCES]
    assert quantiles == pytest.approx(expected, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("freedom", FREEDOMS)
def test_the_chances_are_those_of_scipy_far_out_too(freedom):
    stats = pytest.importorskip("scipy.stats", reason=REASON)
    places = [-40.0, -8.0, -3.1, -1.0, -1e-6, 0.0, 0.7, 2.5, 9.0]

    chances = [student_cdf(place, freedom) for place in places]

    expected = [float(stats.t.cdf(place, freedom)) for place in places]
    # The relative error grows with the degrees of freedom: the logarithms that cancel are large.
    assert chances == pytest.approx(expected, rel=1e-8 if freedom < 10**6 else 1e-6, abs=1e-300)
