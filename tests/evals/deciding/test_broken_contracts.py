"""When violated contracts fail a case of `test --live`: the rule, and its error rates, simulated.

A run is one answer to each case, two further ones where it violates a contract, and eight fresh
answers on both sides to the five cases in doubt with most violations. A case of the candidate or
of the baseline keeps its contracts with the chance that the table states.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from random import Random

import pytest

from promptops.evals.deciding.broken_contracts import (
    FEWEST_VIOLATIONS,
    FRESH_ANSWERS,
    MOST_CASES,
    FreshAnswers,
    are_broken,
    are_mostly_broken,
)
from promptops.evals.deciding.decision import fisher
from tests.evals.deciding.simulated_answers import upper_bound


def answers(kept: int) -> tuple[bool, ...]:
    return (True,) * kept + (False,) * (FRESH_ANSWERS - kept)


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        ([], ()),
        ([(3, 8)], (True,)),
        ([(4, 8)], (False,)),
        ([(3, 7)], (False,)),
        ([(2, 7)], (False,)),
        ([(2, 8)] * 5, (True,) * 5),
        ([(3, 8)] * 5, (False,) * 5),
        ([(2, 8), (3, 8)], (True, True)),
        ([(1, 1)], (True,)),
        ([(2, 2)], (False,)),
        ([(0, 8), (8, 0)], (True, False)),
    ],
)
def test_a_case_is_broken_by_comparison_or_if_it_nearly_always_violates(kept, expected):
    cases = [FreshAnswers(candidate=answers(now), baseline=answers(was)) for now, was in kept]

    assert are_broken(cases) == expected


@pytest.mark.parametrize(("kept", "expected"), [(0, True), (1, True), (2, False), (8, False)])
def test_without_a_baseline_nearly_all_answers_must_violate(kept, expected):
    assert are_broken([FreshAnswers(candidate=answers(kept))]) == (expected,)


@pytest.mark.parametrize(("kept", "expected"), [(3, True), (4, False)])
def test_one_case_is_mostly_broken_if_more_than_half_of_its_answers_violate(kept, expected):
    assert are_mostly_broken([FreshAnswers(candidate=answers(kept))]) == (expected,)


FLAKY = {"none": (0, 1.0), "10% at .9": (0.1, 0.9), "10% at .8": (0.1, 0.8), "all at .9": (1, 0.9)}


@pytest.mark.slow
@pytest.mark.parametrize("flaky", FLAKY)
@pytest.mark.parametrize("has_baseline", [True, False], ids=["baseline", "no-baseline"])
def test_a_run_in_which_nothing_changed_fails_in_at_most_one_of_a_thousand(flaky, has_baseline):
    draw, runs = Random(31), 2_000

    for count in (20, 50, 100, 200, 400):
        before = chances(flaky, count)
        failed = sum(fails(draw, before, before, has_baseline=has_baseline) for _ in range(runs))
        assert failed <= 0.001 * runs
        assert upper_bound(failed, runs) <= 0.004


@pytest.mark.slow
@pytest.mark.parametrize("flaky", FLAKY)
@pytest.mark.parametrize("has_baseline", [True, False], ids=["baseline", "no-baseline"])
def test_a_case_that_is_broken_for_good_is_found(flaky, has_baseline):
    draw, runs = Random(32), 1_000

    for count in (20, 50, 100, 200, 400):
        before = chances(flaky, count)
        found = sum(
            fails(draw, before, [*before[:-1], 0.0], has_baseline=has_baseline) for _ in range(runs)
        )
        assert found / runs >= (0.96 if flaky == "all at .9" else 0.995)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flaky", "one", "five"),
    [("none", 0.69, 0.98), ("10% at .9", 0.62, 0.97), ("10% at .8", 0.56, 0.96)],
)
def test_a_case_that_keeps_its_contracts_now_and_then_is_mostly_found(flaky, one, five):
    draw, runs = Random(33), 1_000

    for count in (20, 50, 100, 200, 400):
        before = chances(flaky, count)
        alone, among_five = (
            sum(fails(draw, before, [*before[:-broken], *[0.2] * broken]) for _ in range(runs))
            for broken in (1, 5)
        )
        assert alone / runs >= one
        assert among_five / runs >= five


@pytest.mark.parametrize(("chance", "most"), [(0.99, 1e-7), (0.9, 0.0001), (0.8, 0.0015)])
def test_five_cases_in_doubt_are_rarely_called_broken_however_they_were_chosen(chance, most):
    """Computed, not simulated: with a score, up to six answers put cases in doubt."""
    one = sum(
        binomial(now, chance) * binomial(was, chance)
        for now in range(FRESH_ANSWERS + 1)
        for was in range(FRESH_ANSWERS + 1)
        # Among five, as if each had to pass the strictest step of Holm's order.
        if now <= FRESH_ANSWERS - FEWEST_VIOLATIONS
        or fisher([*map(float, answers(was))], [*map(float, answers(now))]) <= 0.02 / MOST_CASES
    )

    assert MOST_CASES * one <= most


def binomial(kept: int, chance: float) -> float:
    lost = FRESH_ANSWERS - kept
    return comb(FRESH_ANSWERS, kept) * chance**kept * (1 - chance) ** lost


@pytest.mark.slow
def test_bisect_calls_a_commit_bad_by_the_majority():
    draw, runs = Random(34), 20_000

    bad = {
        chance: sum(
            fails(draw, [1.0], [chance], has_baseline=False, rule=are_mostly_broken)
            for _ in range(runs)
        )
        / runs
        for chance in (0.9, 0.8, 0.2, 0.0)
    }

    assert bad[0.9] <= 0.0005
    assert bad[0.8] <= 0.0015
    assert bad[0.2] >= 0.7
    assert bad[0.0] == 1


def chances(flaky: str, count: int) -> list[float]:
    part, chance = FLAKY[flaky]
    number = round(part * count)
    return [chance] * number + [1.0] * (count - number)


def fails(
    draw: Random,
    before: Sequence[float],
    after: Sequence[float],
    *,
    has_baseline: bool = True,
    rule=are_broken,
) -> bool:
    """Whether a run fails in which each case keeps its contracts with these chances."""
    first = [case for case, chance in enumerate(after) if draw.random() >= chance]
    further = {case: sum(draw.random() >= after[case] for _ in range(2)) for case in first}
    doubted = sorted((case for case in first if further[case]), key=lambda case: -further[case])
    tried = [
        FreshAnswers(
            candidate=drawn(draw, after[case]),
            baseline=drawn(draw, before[case]) if has_baseline else (),
        )
        for case in doubted[:MOST_CASES]
    ]
    return any(rule(tried)) or any(further[case] == 2 for case in doubted[MOST_CASES:])


def drawn(draw: Random, chance: float) -> tuple[bool, ...]:
    return tuple(draw.random() < chance for _ in range(FRESH_ANSWERS))
