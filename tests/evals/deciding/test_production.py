"""Rates of production samples: intervals and alerts when samples of a conversation depend.

The figures of the simulations are those of the specification: 4 requests a conversation, whose
outcomes have a correlation of .55; 20 groups on 30 days.
"""

from random import Random

import pytest

from promptops.evals.deciding.intervals import wilson
from promptops.evals.deciding.production import (
    ALERT_ALPHA,
    BUCKETS,
    Buckets,
    difference,
    effective_size,
    effective_size_of_mean,
    freedom,
    independent_units,
    mean_bound,
    raised_from,
    share_bound,
)

CORRELATION = 0.55
IN_CONVERSATION = 4
GROUPS, DAYS, THRESHOLD = 20, 30, 0.97


def spread(counts, totals):
    """So many samples and so large a sum in the first buckets, nothing in the others."""
    missing = [0] * (BUCKETS - len(counts))
    return Buckets((*counts, *missing), (*totals, *missing))


def even(samples, total):
    """The same number of samples in every bucket."""
    return Buckets([samples / BUCKETS] * BUCKETS, [total / BUCKETS] * BUCKETS)


def alone(draw, samples, share):
    counts, totals = [0] * BUCKETS, [0] * BUCKETS
    for _ in range(samples):
        bucket = int(draw.random() * BUCKETS)
        counts[bucket] += 1
        totals[bucket] += draw.random() < share
    return Buckets(counts, totals)


def in_conversations(draw, samples, share):
    counts, totals = [0] * BUCKETS, [0] * BUCKETS
    scale = (1 - CORRELATION) / CORRELATION
    for _ in range(samples // IN_CONVERSATION):
        bucket = int(draw.random() * BUCKETS)
        own = draw.betavariate(share * scale, (1 - share) * scale)
        counts[bucket] += IN_CONVERSATION
        totals[bucket] += sum(draw.random() < own for _ in range(IN_CONVERSATION))
    return Buckets(counts, totals)


def coverage(sample, samples, share, size, runs=400):
    """How often the interval contains the true share."""
    covered = 0
    for run in range(runs):
        buckets = sample(Random(f"{run}"), samples, share)
        low, high = wilson(buckets.mean, size(buckets))
        covered += low <= share <= high
    return covered / runs


def test_the_effective_size_follows_the_spread_between_buckets():
    even = spread([10] * 64, [9] * 64)
    clustered = spread([10] * 64, [10] * 58 + [0] * 6)
    all_kept = spread([10] * 64, [10] * 64)
    one_conversation = spread([40], [30])

    sizes = [effective_size(each) for each in (even, clustered, all_kept, one_conversation)]

    assert [round(size, 1) for size in sizes] == [640, 43.8, 640, 1.0]
    assert effective_size(spread([], [])) == 0


def test_few_conversations_that_make_up_the_spread_have_few_degrees_of_freedom():
    many = spread([10] * 64, [9, 8] * 32)
    one_of_all = spread([40], [30])
    one_large = spread([600] + [10] * 40, [300] + [9] * 40)
    alike = spread([10] * 12, [10] * 12)

    found = [freedom(each) for each in (many, one_of_all, one_large, alike)]

    assert found == [64.0, 1.0, 1.0, 11.0]
    assert round(effective_size(one_large)) == 1
    assert effective_size(one_large, 0.0025) == 1.0


def test_the_smaller_the_chance_of_an_error_the_smaller_the_effective_size():
    clustered = spread([10] * 64, [10] * 58 + [0] * 6)

    sizes = [round(effective_size(clustered, chance)) for chance in (0.025, 0.0025, 0.00025)]

    assert sizes == [44, 31, 21]


def test_conversations_are_counted_by_the_spread_of_samples_over_buckets():
    draw = Random(1)
    singles = [0] * BUCKETS
    for _ in range(6_400):
        singles[draw.randrange(BUCKETS)] += 1
    fours = [4 * count for count in singles]

    assert 4_800 <= independent_units(singles) <= 6_400
    assert 4_000 <= independent_units(fours) <= 9_000
    assert independent_units([0] * BUCKETS) == 0


def test_a_score_that_hardly_varies_is_known_better_than_a_share_of_as_many_samples():
    steady = spread([10] * 64, [8.0 + (index % 2) / 10 for index in range(64)])

    assert effective_size(steady) == 640
    assert effective_size_of_mean(steady) > 10_000
    assert effective_size_of_mean(spread([1], [0.8])) == 1


def test_few_failures_have_the_exact_bound_and_many_that_of_wilson():
    exact = share_bound(18 / 20, 20, 0.025, 1), share_bound(18 / 20, 20, 0.025, -1)

    assert exact == pytest.approx((0.98765, 0.68302), abs=1e-5)  # Clopper and Pearson
    assert share_bound(0.9, 200, 0.025, 1) == wilson(0.9, 200)[1]
    assert share_bound(1.0, 50, 0.025, 1) == 1.0


@pytest.mark.parametrize("above", [1, -1])
@pytest.mark.parametrize("size", [40, 240, 5_000])
def test_from_the_reported_share_on_the_bound_lies_beyond_the_threshold(above, size):
    threshold = 0.06 if above > 0 else 0.94

    share = raised_from(threshold, size, 0.0025, above)

    assert share is not None
    just_beyond = share_bound(share + above * 1e-6, size, 0.0025, -above)
    just_before = share_bound(share - above * 1e-4, size, 0.0025, -above)
    assert above * (just_beyond - threshold) > 0 > above * (just_before - threshold)


def test_a_group_that_is_too_small_can_not_raise_an_alert():
    assert raised_from(0.97, 1, 0.0025, -1) is None
    assert raised_from(0.97, 0, 0.0025, -1) is None


def test_two_versions_are_compared_with_newcombes_interval():
    after, before = even(70, 56), even(80, 48)

    found = difference(before, after)

    bounds = pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)  # his example: 56 of 70, 48 of 80
    assert (found.value, found.low, found.high) == bounds
    assert found.chance == pytest.approx(0.0087, abs=1e-4)


def test_the_bound_of_a_mean_cost_needs_two_conversations():
    assert mean_bound(spread([5], [1.0]), 0.05, -1) == float("-inf")
    costs = spread([10] * 64, [0.1 + index / 1_000 for index in range(64)])
    assert mean_bound(costs, 0.05, -1) < costs.mean < mean_bound(costs, 0.05, 1)


@pytest.mark.slow
@pytest.mark.parametrize("samples", [100, 400, 1_000])
def test_the_interval_covers_the_true_rate_of_conversations_where_that_of_samples_does_not(samples):
    plain = coverage(in_conversations, samples, 0.95, lambda buckets: buckets.n)
    ours = coverage(in_conversations, samples, 0.95, effective_size)

    assert 0.71 <= plain <= 0.82
    assert ours >= 0.93  # 99.3% of 25 conversations


@pytest.mark.slow
@pytest.mark.parametrize("samples", [100, 400, 1_000])
def test_samples_that_stand_alone_are_covered_as_often_as_without_buckets(samples):
    assert 0.93 <= coverage(alone, samples, 0.95, effective_size) <= 0.985


def alerts(samples, share, groups_and_days, seed):
    """How often this rule and the value alone raise an alert."""
    draw, ours, value_alone = Random(f"{samples} {share} {seed}"), 0, 0
    for _ in range(groups_and_days):
        buckets = alone(draw, samples, share)
        chance = ALERT_ALPHA / GROUPS
        ours += share_bound(buckets.mean, effective_size(buckets, chance), chance, 1) < THRESHOLD
        value_alone += buckets.mean < THRESHOLD
    return ours, value_alone


@pytest.mark.slow
def test_a_healthy_month_raises_an_alert_by_the_value_alone_but_rarely_by_the_bound():
    months = [alerts(200, 0.98, GROUPS * DAYS, seed) for seed in range(12)]
    with_more_samples = alerts(1_000, 0.98, GROUPS * DAYS, 0)

    assert all(value_alone for _, value_alone in months)
    assert sum(ours > 0 for ours, _ in months) <= 2  # measured: none
    assert with_more_samples[0] == 0 < with_more_samples[1]


@pytest.mark.slow
def test_a_loss_of_five_points_is_found_on_most_days():
    found = alerts(200, 0.92, 600, 0)[0], alerts(1_000, 0.92, 100, 0)[0]

    assert 0.48 <= found[0] / 600 <= 0.62  # measured: 55% of group-days
    assert found[1] == 100
