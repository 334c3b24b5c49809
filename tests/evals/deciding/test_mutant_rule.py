"""The rule for mutants with a model, simulated: how often it is wrong, and what it finds."""

import numpy as np
import pytest

from promptops.evals.deciding.mutant_rule import proves_mutant

CASES = 10


def _kept(chance, random, count):
    return list(random.random(count) < chance)


def _noticed(original, mutant, random):
    """Whether the rule calls a prompt broken whose cases have these chances to keep contracts."""
    return any(
        proves_mutant(_kept(was, random, 3), _kept(now, random, 3))
        for was, now in zip(original, mutant, strict=True)
    )


def _any_violation(original, mutant, random):
    """The simpler rule: any of two answers violates what three of the original keep."""
    return any(
        all(_kept(was, random, 3)) and not all(_kept(now, random, 2))
        for was, now in zip(original, mutant, strict=True)
    )


def _flaky(share, chance, random):
    return [chance if flaky else 1.0 for flaky in random.random(CASES) < share]


def _rate(runs, share, chance, rule, broken=0.0, left=1.0):
    """How often a rule calls a mutant noticed, of `runs`; the mutant breaks a share of cases."""
    random = np.random.default_rng(20261127)
    noticed = 0
    for _ in range(runs):
        original = _flaky(share, chance, random)
        hit = random.random(CASES) < broken
        mutant = [left if is_hit else was for was, is_hit in zip(original, hit, strict=True)]
        noticed += rule(original, mutant, random)
    return noticed / runs


@pytest.mark.parametrize(
    ("share", "chance", "most", "least_of_simple"),
    [(0.1, 0.9, 0.03, 0.09), (0.2, 0.8, 0.11, 0.25)],
)
def test_a_prompt_that_is_not_broken_is_seldom_called_a_mutant(
    share, chance, most, least_of_simple
):
    assert _rate(500, share, chance, _noticed) <= most
    assert _rate(500, share, chance, _any_violation) >= least_of_simple


def test_a_lost_rule_is_found():
    assert _rate(500, 0.0, 1.0, _noticed, broken=0.2, left=0.3) >= 0.68


@pytest.mark.slow
@pytest.mark.parametrize(
    ("share", "chance", "rule", "expected"),
    [
        (0.1, 0.9, _noticed, 0.013),
        (0.2, 0.8, _noticed, 0.07),
        (0.1, 0.9, _any_violation, 0.13),
        (0.2, 0.8, _any_violation, 0.31),
    ],
)
def test_false_kills_are_as_rare_as_documented(share, chance, rule, expected):
    assert abs(_rate(40_000, share, chance, rule) - expected) <= 0.1 * expected + 0.002


@pytest.mark.slow
def test_a_lost_rule_is_found_as_often_as_documented():
    assert abs(_rate(40_000, 0.0, 1.0, _noticed, broken=0.2, left=0.3) - 0.73) <= 0.02


@pytest.mark.parametrize(
    ("original", "mutant", "proved"),
    [
        ([True] * 3, [False, False, True], True),
        ([True] * 3, [False, True, False], True),
        ([True] * 3, [False, True, True], False),
        ([True] * 3, [True, False, False], False),
        ([True, True, False], [False] * 3, False),
        ([True] * 2, [False] * 3, False),
        ([True] * 3, [False] * 2, False),
    ],
)
def test_the_rule(original, mutant, proved):
    assert proves_mutant(original, mutant) is proved
