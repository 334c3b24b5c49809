"""The ratio of paired values, and the bounds of quantiles."""

from math import exp, sqrt

import pytest

from promptops.evals.deciding.intervals import ValuePair, latency_of, paired_ratio, student_quantile
from promptops.model.arm import Latency, ValueInterval


def pairs(*values):
    return [ValuePair(reference=reference, arm=arm) for reference, arm in values]


def test_a_ratio_has_the_interval_of_the_differences_of_shares():
    """The difference of a case counts more, the greater its share of the cost of an arm is."""
    found = paired_ratio(pairs((1, 1), (2, 1), (3, 2)))

    shares = [(1 / 6, 1 / 4), (2 / 6, 1 / 4), (3 / 6, 2 / 4)]
    error = sqrt(sum(((arm - own) / (1 - max(own, arm))) ** 2 for own, arm in shares))
    reach = student_quantile(0.975, 2) * error
    value = pytest.approx(2 / 3)
    assert found == ValueInterval(
        value=value,
        low=pytest.approx(2 / 3 * exp(-reach)),
        high=pytest.approx(2 / 3 * exp(reach)),
    )


def test_one_source_with_all_the_cost_has_no_interval():
    assert paired_ratio(pairs((0, 0), (5, 4))) is None
    assert paired_ratio(pairs((1, 0), (5, 4))) is None


def test_one_case_with_nearly_all_the_cost_has_a_finite_interval_that_says_nothing():
    found = paired_ratio(pairs((1e-9, 3e-9), (1, 1)))

    assert found.low < 1e-6
    assert 1e6 < found.high < 1e30


def test_an_arm_that_always_costs_half_has_an_interval_without_width():
    found = paired_ratio(pairs((1, 0.5), (8, 4), (3, 1.5)))

    assert found == ValueInterval(
        value=pytest.approx(0.5), low=pytest.approx(0.5), high=pytest.approx(0.5)
    )


def test_an_arm_that_is_free_costs_nothing_of_the_reference():
    assert paired_ratio(pairs((1, 0), (2, 0))) == ValueInterval(value=0.0, low=0.0, high=0.0)


@pytest.mark.parametrize("values", [[], [(1, 2)], [(0, 1), (0, 2)], [(0, 0), (0, 0)]])
def test_without_two_pairs_or_with_a_free_reference_there_is_no_ratio(values):
    assert paired_ratio(pairs(*values)) is None


def test_cases_of_one_source_are_not_independent():
    alone = pairs((1, 1), (2, 1), (3, 2), (1, 2))
    together = [
        ValuePair(reference=pair.reference, arm=pair.arm, source=source)
        for pair, source in zip(alone, "aabb", strict=True)
    ]

    one_source = [ValuePair(reference=1, arm=each, source="handbook") for each in (1, 2)]

    assert paired_ratio(one_source) is None
    assert paired_ratio(together).value == paired_ratio(alone).value
    assert paired_ratio(together).high > paired_ratio(alone).high


@pytest.mark.parametrize(
    ("count", "latency"),
    [
        (1, Latency(p50=1, p95=1, n=1)),
        (5, Latency(p50=3, p95=5, low=4, n=5)),
        (6, Latency(p50=3, p95=6, p50_low=1, p50_high=6, low=4, n=6)),
        (71, Latency(p50=36, p95=68, p50_low=27, p50_high=45, low=63, n=71)),
        (72, Latency(p50=36, p95=69, p50_low=28, p50_high=45, low=64, high=72, n=72)),
        (100, Latency(p50=50, p95=95, p50_low=40, p50_high=61, low=90, high=100, n=100)),
    ],
)
def test_bounds_of_latency_exist_from_enough_answers_on(count, latency):
    assert latency_of(range(count, 0, -1)) == latency


def test_without_answers_there_is_no_latency():
    assert latency_of([]) is None
