"""How often `compare` is right about contracts, over answers that are drawn.

The figures are those of docs/deciding.md. Each arm is decided as the command does it: at 1, 3 and 6
answers to each case, as long as more answers may decide. Chances are those that an answer keeps all
contracts: `flaky` cases break them now and then in both arms, and an arm may break others for good.

Set SIMULATED_RUNS to a number for longer runs and tighter limits.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import sqrt
from random import Random

import pytest

from promptops.evals.deciding.arm_contracts import decide_contracts
from promptops.evals.deciding.decision import REPEATS, CaseScore, arm_verdict, decide_arm
from tests.evals.deciding.simulated_answers import mixed_chances, scores
from tests.tiers import fast_first

LONG = int(os.environ.get("SIMULATED_RUNS", "0"))
STEADY, TENTH, ALL_AT_90, ALL_AT_80 = (0.0, 1.0), (0.1, 0.8), (1.0, 0.9), (1.0, 0.8)
"""The share of the cases that are flaky, and the chance that an answer keeps their contracts."""


@pytest.mark.parametrize(
    ("count", "flaky", "fit"),
    fast_first(
        [
            (100, TENTH, 96),
            (20, ALL_AT_90, 0),
            (50, ALL_AT_80, 0),
            (100, ALL_AT_90, 46),
            (100, ALL_AT_80, 29),
            (200, TENTH, 100),
            (200, ALL_AT_90, 92),
            (200, ALL_AT_80, 71),
            (400, ALL_AT_90, 100),
            (400, ALL_AT_80, 97),
        ],
        first=1,
    ),
)
def test_an_identical_arm_is_hardly_ever_worse_and_fit_with_enough_cases(count, flaky, fit):
    runs = LONG or (150 if count < 60 else 300)

    found = [
        decided(draw, before := chances(count, flaky), before) for draw in map(Random, range(runs))
    ]

    assert_rate(found.count("worse"), runs, at_most=1.3)
    assert_rate(found.count("fit"), runs, about=fit)


@pytest.mark.parametrize(
    ("count", "broken", "fit", "worse"),
    fast_first(
        [
            (100, 0.10, 0, 94),
            (20, 0.20, 0, 19),
            (50, 0.05, 0, 1),
            (50, 0.10, 0, 23),
            (50, 0.20, 0, 91),
            (100, 0.02, 13, 2),
            (100, 0.05, 1, 39),
            (100, 0.20, 0, 100),
            (200, 0.02, 63, 1),
            (200, 0.05, 3, 55),
            (200, 0.10, 0, 100),
        ],
        first=1,
    ),
)
def test_an_arm_that_breaks_inputs_for_good_is_found(count, broken, fit, worse):
    runs = LONG or (150 if count < 60 else 300)

    found = [decided_broken(Random(run), count, broken) for run in range(runs)]

    assert_rate(found.count("fit"), runs, about=fit)
    assert_rate(found.count("worse"), runs, about=worse)


@pytest.mark.parametrize(
    ("count", "margin", "percent"),
    fast_first(
        [
            (80, 0.05, 2.8),
            (100, 0.05, 2.8),
            (200, 0.05, 2.8),
            (400, 0.05, 2.8),
            (50, 0.10, 3.4),
            (100, 0.10, 3.4),
            (200, 0.10, 3.4),
        ],
        first=1,
    ),
)
def test_an_arm_as_bad_as_the_margin_is_rarely_fit(count, margin, percent):
    """The inputs that break for good are drawn, so that a few more or fewer cases show them."""
    runs = LONG or (200 if count < 60 else 400)

    found = [decided_broken(Random(run), count, margin, margin) for run in range(runs)]

    assert_rate(found.count("fit"), runs, at_most=percent)


@pytest.mark.slow
@pytest.mark.parametrize(("arms", "count", "flaky"), [(4, 100, ALL_AT_80), (8, 200, ALL_AT_90)])
def test_of_several_identical_arms_hardly_ever_any_is_worse(arms, count, flaky):
    runs = LONG or 150
    before = chances(count, flaky)

    found = [any_worse_arm(Random(run), before, arms) for run in range(runs)]

    assert_rate(sum(found), runs, at_most=1.4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("prompts", "count", "flaky"),
    [
        (1, 50, ALL_AT_80),
        (1, 100, ALL_AT_80),
        (1, 100, ALL_AT_90),
        (1, 200, TENTH),
        (5, 100, ALL_AT_80),
    ],
)
def test_an_identical_arm_is_rarely_worse_by_its_score_or_its_contracts(prompts, count, flaky):
    runs = LONG or (150 if count < 60 else 400 // prompts)

    found = [any_worse_prompt(Random(run), prompts, count, flaky) for run in range(runs)]

    assert_rate(sum(found), runs, at_most=2.3)


def assert_rate(
    number: int, runs: int, *, about: float | None = None, at_most: float | None = None
) -> None:
    """The share in percent; three standard deviations, and rounding of the figure, are chance."""
    percent = about if about is not None else at_most
    assert percent is not None
    spread = 3 * sqrt(max(percent, 1) * max(100 - percent, 1) / runs)
    found = 100 * number / runs
    assert found <= percent + spread + (0.5 if about is not None else 0)
    if about is not None:
        assert found >= percent - spread - 0.5


def chances(count: int, flaky: tuple[float, float]) -> list[float]:
    share, chance = flaky
    number = round(share * count)
    return [chance] * number + [1.0] * (count - number)


def decided_broken(draw: Random, count: int, broken: float, margin: float = 0.05) -> str:
    after = [0.0 if draw.random() < broken else 1.0 for _ in range(count)]
    return decided(draw, [1.0] * count, after, margin=margin)


def decided(
    draw: Random,
    before: Sequence[float],
    after: Sequence[float],
    margin: float = 0.05,
    arms: int = 1,
    prompts: int = 1,
) -> str:
    return decided_cases(drawn(draw, before, after), margin, arms, prompts)


def decided_cases(
    cases: Sequence[CaseScore], margin: float = 0.05, arms: int = 1, prompts: int = 1
) -> str:
    for look in (1, 2, 3):
        found = decide_contracts(cases, look, margin, arms, prompts)
        if found.repeats_needed is None:
            break
    return found.verdict


def drawn(draw: Random, before: Sequence[float], after: Sequence[float]) -> list[CaseScore]:
    return [
        CaseScore(
            name=f"{n:03}",
            baseline=scores(draw, old, REPEATS[-1]),
            candidate=scores(draw, new, REPEATS[-1]),
        )
        for n, (old, new) in enumerate(zip(before, after, strict=True))
    ]


def any_worse_arm(draw: Random, before: Sequence[float], arms: int) -> bool:
    reference = [scores(draw, chance) for chance in before]
    for _ in range(arms):
        cases = [
            CaseScore(name=f"{n:03}", baseline=reference[n], candidate=scores(draw, chance))
            for n, chance in enumerate(before)
        ]
        if decided_cases(cases, arms=arms) == "worse":
            return True
    return False


def any_worse_prompt(draw: Random, prompts: int, count: int, flaky: tuple[float, float]) -> bool:
    return any(_is_worse(draw, prompts, count, flaky) for _ in range(prompts))


def _is_worse(draw: Random, prompts: int, count: int, flaky: tuple[float, float]) -> bool:
    """Scores and contracts of the same cases; each is decided at each look until it is clear."""
    kept = chances(count, flaky)
    if decided(draw, kept, kept, prompts=prompts) == "worse":
        return True
    measured = mixed_chances(draw, count)
    cases = drawn(draw, measured, measured)
    for look in (1, 2, 3):
        verdict = arm_verdict(decide_arm(cases, look, 0.03, 1, prompts))
        if verdict != "open":
            break
    return verdict == "worse"
