"""How often the gate is right, over suites and answers that are drawn.

The figures are those of the specification: how many runs of 100 fail, by the number of cases.
A run requests what the gate requests, until it decides or only more cases would decide. The model
of the answers is in simulated_answers.py.

- no change: both arms have these chances
- every case worse: each chance is .05 lower in the candidate
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
from tests.evals.deciding.simulated_answers import cases_of, mixed_chances, scores
from tests.tiers import fast_first

LONG = int(os.environ.get("SIMULATED_RUNS", "0"))


def no_change(chances, draw):
    return chances


def every_case_worse(chances, draw):
    return [chance - 0.05 for chance in chances]


def some_broken(chances, draw):
    broken = set(draw.sample(range(len(chances)), round(0.05 * len(chances))))
    return [min(chance, 0.2) if i in broken else chance for i, chance in enumerate(chances)]


@pytest.mark.parametrize(
    ("change", "count", "percent"),
    fast_first(
        [
            (no_change, 100, 2),
            (some_broken, 100, 97),
            (no_change, 50, 2),
            (no_change, 200, 2),
            (every_case_worse, 50, 50),
            (every_case_worse, 100, 81),
            (every_case_worse, 200, 97),
            (some_broken, 50, 84),
            (some_broken, 200, 100),
        ],
        first=1,
    ),
)
def test_as_many_runs_fail_as_the_specification_says(change, count, percent):
    runs = LONG or (100 if count < 60 else 400)  # flipping signs takes ten times as long

    decisions = [simulated(f"{count}.{run}", count, change) for run in range(runs)]

    failed = 100 * sum(decision.verdict == "fail" for decision in decisions) / runs
    spread = sqrt(max(percent, 2) * max(100 - percent, 2) / runs)
    # The model is ours, and the specification rounds: that much they may differ, beside chance.
    model = 1 if change is no_change else 3
    assert failed == pytest.approx(percent, abs=model + 3 * spread)


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
