"""The rule for mutants with a model, simulated: how often it is wrong, and what it finds."""

import numpy as np
import pytest

from promptops.evals.deciding.decision import proves_mutant

SEED = 20261127


def _kept(chances, random):
    """For each case, whether its three answers keep all contracts."""
    return (random.random((len(chances), 3)) < chances[:, None]).tolist()


def _noticed(original, mutant, random):
    """Whether the rule calls a prompt broken whose cases have these chances to keep contracts."""
    pairs = zip(_kept(original, random), _kept(mutant, random), strict=True)
    return any(proves_mutant(was, now) for was, now in pairs)


def _rate(runs, cases, flaky, chance):
    """How often the rule calls an equivalent mutant noticed; a tenth of the cases is flaky.

    Args:
        flaky: How many of the cases pass by chance; the others always pass.
    """
    random = np.random.default_rng(SEED)
    chances = np.ones(cases)
    chances[:flaky] = chance
    return sum(_noticed(chances, chances, random) for _ in range(runs)) / runs


def _found(runs, cases, broken, left):
    """How often a mutant is noticed that breaks some of the cases; these still pass by chance."""
    random = np.random.default_rng(SEED)
    mutant = np.ones(cases)
    mutant[:broken] = left
    return sum(_noticed(np.ones(cases), mutant, random) for _ in range(runs)) / runs


@pytest.mark.parametrize(("chance", "most"), [(0.9, 0.03), (0.8, 0.12)])
def test_a_prompt_that_is_not_broken_is_seldom_called_a_mutant(chance, most):
    assert _rate(400, 200, 20, chance) <= most


def test_a_lost_rule_is_found():
    assert _found(500, 10, 3, 0.1) >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cases", "flaky", "chance", "expected", "most"),
    [
        (200, 20, 0.9, 0.014, 0.018),
        (200, 20, 0.8, 0.079, 0.087),
        (10, 1, 0.9, 0.0007, 0.0015),
        (10, 1, 0.8, 0.0041, 0.0055),
    ],
)
def test_false_kills_are_as_rare_as_documented(cases, flaky, chance, expected, most):
    rate = _rate(10_000, cases, flaky, chance)

    assert rate <= most
    assert abs(rate - expected) <= 0.1 * expected + 0.001


@pytest.mark.slow
@pytest.mark.parametrize(
    ("broken", "left", "expected"), [(1, 0.0, 1.0), (1, 0.1, 0.73), (2, 0.3, 0.57), (3, 0.1, 0.98)]
)
def test_a_lost_rule_is_found_as_often_as_documented(broken, left, expected):
    assert abs(_found(10_000, 10, broken, left) - expected) <= 0.02


@pytest.mark.parametrize(
    ("original", "mutant", "proved"),
    [
        ([True] * 3, [False] * 3, True),
        ([True] * 3, [False, False, True], False),
        ([True] * 3, [False, True, False], False),
        ([True] * 3, [True, False, False], False),
        ([True, True, False], [False] * 3, False),
        ([True] * 2, [False] * 3, False),
        ([True] * 3, [False] * 2, False),
    ],
)
def test_the_rule(original, mutant, proved):
    assert proves_mutant(original, mutant) is proved
