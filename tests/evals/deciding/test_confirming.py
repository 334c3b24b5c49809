"""Fisher's test and Holm's order."""

from __future__ import annotations

from math import inf

import pytest

from promptops.evals.deciding.decision import fisher, holm

REASON = "scipy, which only checks our statistics, is not installed"


def answers(right, of=8):
    return (1.0,) * right + (0.0,) * (of - right)


def test_all_right_against_all_wrong_is_one_of_all_ways_to_share_them_out():
    chance = fisher(answers(8), answers(0))

    assert chance == 1 / 12_870


def test_the_chances_are_those_of_scipy_for_every_table():
    stats = pytest.importorskip("scipy.stats", reason=REASON)
    tables = [(before, after) for before in range(9) for after in range(7)]

    chances = [fisher(answers(before), answers(after, of=6)) for before, after in tables]

    expected = [
        float(stats.fisher_exact([[after, 6 - after], [before, 8 - before]], "less").pvalue)
        for before, after in tables
    ]
    assert chances == pytest.approx(expected)


def test_graded_scores_are_shared_out_in_every_way_too():
    stats = pytest.importorskip("scipy.stats", reason=REASON)
    before, after = (0.9, 0.8, 0.7, 0.3), (0.1, 0.3, 0.8, 0.2)

    chance = fisher(before, after)

    expected = stats.permutation_test(
        (after, before),
        lambda low, high, axis: (low.sum(axis=axis) - high.sum(axis=axis)).round(9),
        vectorized=True,
        n_resamples=inf,
        alternative="less",
    )
    assert chance == pytest.approx(float(expected.pvalue))


def test_tenths_that_add_up_to_the_same_are_the_same():
    chance = fisher((0.3, 0.0), (0.1, 0.2))

    assert chance == 4 / 6  # of the six ways only 0.3 with 0.1 and 0.3 with 0.2 are more


@pytest.mark.parametrize(
    ("chances", "held"),
    [
        ((), ()),
        ((0.02,), (True,)),
        ((0.021,), (False,)),
        ((0.02, 0.01), (True, True)),
        ((0.004, 0.011, 0.006), (True, True, True)),
        ((0.02, 0.011, 0.006), (False, False, True)),
        ((0.0199, 0.0051, 1.0, 0.005), (False, True, False, True)),
    ],
)
def test_holm_asks_less_of_each_one_that_follows(chances, held):
    assert holm(chances, 0.02) == held
