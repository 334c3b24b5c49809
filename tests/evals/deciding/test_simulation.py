"""How often the gate is right, over suites and answers that are drawn.

The figures are those of docs/deciding.md: how many runs of 100 fail and pass, by the number of
cases, with a margin of 3 points. A run requests what the gate requests, until it decides or only
more cases would decide. The model of the answers is in simulated_answers.py.

- no change: both arms have these chances
- loses: each chance is lower by so many points in the candidate
- some broken: in 5% of the cases, drawn (of 50: two), the chance falls to .2

Set SIMULATED_RUNS to a number to take longer and to be held more strictly.
"""

from __future__ import annotations

import os
from dataclasses import replace
from math import sqrt
from random import Random

import pytest

from promptops.evals.deciding.decision import Decision, decide
from tests.evals.deciding.simulated_answers import cases_of, mixed_chances, scores, upper_bound
from tests.tiers import fast_first

LONG = int(os.environ.get("SIMULATED_RUNS", "0"))


def no_change(chances, draw):
    return chances


def loses(points):
    """Every case is worse by so many points."""

    def lower(chances, draw):
        return [chance - points / 100 for chance in chances]

    lower.__name__ = f"loses {points}"
    return lower


def some_broken(chances, draw):
    broken = set(draw.sample(range(len(chances)), round(0.05 * len(chances))))
    return [min(chance, 0.2) if i in broken else chance for i, chance in enumerate(chances)]


@pytest.mark.parametrize(
    ("change", "count", "fails", "passes"),
    fast_first(
        [
            (no_change, 100, 2, 50),
            (some_broken, 100, 98, 0),
            (no_change, 50, 3, 28),
            (no_change, 200, 2, 78),
            (no_change, 400, 1, 97),
            (loses(1), 50, 5, 13),
            (loses(1), 100, 8, 25),
            (loses(1), 200, 8, 42),
            (loses(1), 400, 4, 70),
            (loses(2), 50, 11, 5),
            (loses(2), 100, 20, 8),
            (loses(2), 200, 26, 13),
            (loses(2), 400, 24, 22),
            (loses(3), 50, 20, 2),
            (loses(3), 100, 41, 3),
            (loses(3), 200, 57, 2),
            (loses(3), 400, 63, 3),
            (loses(5), 50, 49, 0),
            (loses(5), 100, 80, 0),
            (loses(5), 200, 97, 0),
            (loses(5), 400, 100, 0),
            (some_broken, 50, 85, 1),
            (some_broken, 200, 99, 0),
            (some_broken, 400, 100, 0),
        ],
        first=1,
    ),
)
def test_as_many_runs_fail_and_pass_as_the_documentation_says(change, count, fails, passes):
    runs = LONG or (100 if count < 60 else 400)  # flipping signs takes ten times as long

    verdicts = [simulated(f"{count}.{run}", count, change).verdict for run in range(runs)]

    failed, passed = (100 * verdicts.count(each) / runs for each in ("fail", "pass"))
    # The figures were measured with 800 to 2,400 runs and are rounded.
    assert failed == pytest.approx(fails, abs=1 + 3 * spread(fails, runs))
    assert passed == pytest.approx(passes, abs=1 + 3 * spread(passes, runs))


@pytest.mark.slow
@pytest.mark.parametrize("count", [100, 200, 400])
def test_a_change_that_makes_nothing_worse_fails_in_at_most_three_percent(count):
    runs = LONG or 1_000

    failed = sum(
        simulated(f"{count}.{run}", count, no_change).verdict == "fail" for run in range(runs)
    )

    assert upper_bound(failed, runs) <= 0.035


def spread(percent: float, runs: int) -> float:
    """The standard error of a percentage of so many runs, in points."""
    bounded = min(max(percent, 2), 98)
    return sqrt(bounded * (100 - bounded) / runs)


def test_a_loss_of_the_smallest_visible_effect_is_seen_four_times_in_five():
    runs = LONG or 200
    draw = Random(7)
    visible = sum(first_stage_at_the_end(draw, 0.0).smallest_visible for _ in range(20)) / 20

    decisions = [first_stage_at_the_end(draw, visible) for _ in range(runs)]

    seen = sum(not decision.culprits and decision.verdict == "fail" for decision in decisions)
    assert seen / runs == pytest.approx(0.8, abs=0.03 + 3 * sqrt(0.16 / runs))


def first_stage_at_the_end(draw: Random, loss: float) -> Decision:
    """100 cases at the last look, no fresh answers; near .5 a loss leaves the spread as it is."""
    return decide(cases_of(draw, [0.5] * 100, [0.5 - loss] * 100), 3)


def simulated(seed: str, count: int, change) -> Decision:
    draw = Random(seed)
    before = mixed_chances(draw, count)
    after = change(before, draw)
    cases = cases_of(draw, before, after)
    look = 1
    while True:
        decision = decide(cases, look)
        if decision.needs is None or decision.needs.cases:
            return decision
        look += bool(decision.needs.repeats)
        for name in decision.needs.suspects:
            index = int(name)
            cases[index] = replace(
                cases[index],
                fresh_baseline=scores(draw, before[index], decision.needs.fresh),
                fresh_candidate=scores(draw, after[index], decision.needs.fresh),
            )
