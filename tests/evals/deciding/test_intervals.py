"""Intervals of a mean difference, against scipy and against full enumeration."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import inf
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.evals.deciding.intervals import (
    Interval,
    interval,
    mean,
    sign_flip_interval,
    standard_error,
    t_interval,
)
from tests.tiers import examples

REASON = "scipy, which only checks our statistics, is not installed"
MIXED = (0.0, -0.5, 0.25, 0.0, -1.0, 1 / 3, -2 / 3, -1 / 3, -0.5)


def alone(values):
    return [[value] for value in values]


def drawn(count, seed, shift=0.0):
    draw = Random(seed)
    return [draw.choice((-1, -0.5, 0, 0, 0, 0.5, 1)) + shift for _ in range(count)]


@pytest.mark.parametrize("alpha", [0.005, 0.025, 0.05])
@pytest.mark.parametrize("count", [2, 12, 200])
def test_the_t_interval_is_that_of_scipy_one_and_two_sided(count, alpha):
    stats = pytest.importorskip("scipy.stats", reason=REASON)
    values = drawn(count, seed=count + 1, shift=-0.05)

    found = t_interval(alone(values), alpha)

    below = stats.ttest_1samp(values, 0, alternative="less")
    both = stats.ttest_1samp(values, 0)
    assert found.p == pytest.approx(float(below.pvalue))
    assert found.high == pytest.approx(float(below.confidence_interval(1 - alpha).high))
    assert (found.low, found.high) == pytest.approx(both.confidence_interval(1 - 2 * alpha))


def test_differences_that_are_all_the_same_have_no_spread():
    lost, nothing, won = (t_interval(alone([value] * 60), 0.005) for value in (-0.25, 0.0, 0.25))

    assert lost == Interval(low=-0.25, high=-0.25, p=0.0)
    assert nothing == Interval(low=0.0, high=0.0, p=0.5)
    assert won == Interval(low=0.25, high=0.25, p=1.0)


def test_a_case_that_is_there_twice_counts_once_where_it_has_a_source():
    values = drawn(80, seed=1)

    twice = [[value, value] for value in values]

    assert standard_error(twice) == pytest.approx(standard_error(alone(values)))
    assert standard_error(alone(values * 2)) < 0.72 * standard_error(twice)


def test_the_error_over_clusters_is_the_one_written_out_by_hand():
    clusters = [[0.0, -1.0], [-1.0], [1.0, 0.0, 0.0]]

    error = standard_error(clusters)

    # Mean -1/6; what the clusters stray: -4/6, -5/6, 9/6.
    squares = Fraction(16 + 25 + 81, 36)
    assert mean(clusters) == pytest.approx(-1 / 6)
    assert error == pytest.approx(float(Fraction(3, 2) * squares) ** 0.5 / 6)


def test_one_cluster_says_nothing_of_its_spread():
    error = standard_error([[-1.0, -1.0, -1.0]])

    assert error == inf


def test_sign_flips_agree_with_all_flips_written_out():
    clusters = [[-0.5, -1.0], [0.25], [0.0], [-1 / 3, -2 / 3, 1 / 3], [-0.5], [0.0, -1.0], [-0.25]]
    sums = [sum(Fraction(value).limit_denominator(12) for value in each) for each in clusters]

    found = sign_flip_interval(clusters, 0.05)

    flipped = [
        sum(s * sign for s, sign in zip(sums, signs, strict=True))
        for signs in product((1, -1), repeat=7)
    ]
    lower = sum(each < sum(sums) for each in flipped)
    equal = sum(each == sum(sums) for each in flipped)
    assert found.p == (lower + equal / 2) / 128


def test_sign_flips_are_those_of_scipy():
    stats = pytest.importorskip("scipy.stats", reason=REASON)

    found = sign_flip_interval(alone(MIXED), 0.05)

    def p_value(alternative):
        return stats.permutation_test(
            (MIXED,),
            lambda sample, axis: sample.mean(axis=axis).round(12),
            permutation_type="samples",
            vectorized=True,
            n_resamples=inf,
            alternative=alternative,
        ).pvalue

    # What equals the mean that was seen counts half: midway of "as low" and "lower".
    assert found.p == pytest.approx(float(p_value("less") + 1 - p_value("greater")) / 2)


@pytest.mark.parametrize("count", [7, 12, 13, 59])
def test_the_bounds_mirror_where_all_signs_are_turned(count):
    values = drawn(count, seed=count)

    found = sign_flip_interval(alone(values), 0.015)
    turned = sign_flip_interval(alone([-value for value in values]), 0.015)

    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))
    assert found.low < mean(alone(values)) < found.high


def test_a_draw_of_flips_is_near_the_t_distribution_and_always_the_same():
    values = [value + index / 1000 for index, value in enumerate(drawn(59, seed=4, shift=-0.2))]

    found = sign_flip_interval(alone(values), 0.015)

    expected = t_interval(alone(values), 0.015)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.03)
    assert found == sign_flip_interval(alone(values), 0.015)


@pytest.mark.parametrize(
    ("count", "bounds"), [(0, (-1.0, 1.0)), (7, (-1.0, 1.0)), (8, (-1.0, -1.0))]
)
def test_seven_cases_refute_nothing_at_one_half_percent_and_eight_do(count, bounds):
    found = sign_flip_interval(alone([-1.0] * count), 0.005)

    assert (found.low, found.high) == bounds
    assert found.p == 1 / 2**count


def test_below_sixty_clusters_signs_are_flipped_and_from_there_on_it_is_t():
    few, many = alone(drawn(59, seed=2)), alone(drawn(60, seed=2))

    found = interval(few, 0.01), interval(many, 0.01)

    assert found == (sign_flip_interval(few, 0.01), t_interval(many, 0.01))


def test_many_cases_of_few_sources_are_few():
    clusters = [drawn(40, seed=source) for source in range(5)]

    found = interval(clusters, 0.015)

    assert (found.low, found.high) == (-1.0, 1.0)


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(
        st.sampled_from((-1.0, -2 / 3, -1 / 3, 0.0, 0.0, 1 / 3, 1.0)), min_size=1, max_size=70
    ),
    st.sampled_from((0.005, 0.01, 0.015)),
)
def test_the_upper_bound_is_below_zero_exactly_where_p_is_below_alpha(values, alpha):
    found = interval(alone(values), alpha)

    assert (found.high < 0) == (found.p < alpha)
    assert found.low <= found.high
