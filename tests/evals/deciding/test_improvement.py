"""Whether a proposal is better than its original: single decisions, and how often they are right.

The figures of the simulations are those of the specification. A candidate has a true effect of its
own in every case. The search sees one answer to each case of its half; the held-out half is asked
six times on each side. Set SIMULATED_RUNS to a number for longer runs.
"""

import os
from math import sqrt
from random import Random
from statistics import fmean

import pytest

from promptops.evals.deciding.decision import CaseScore
from promptops.evals.deciding.improvement import decide_improvement, error_probability
from tests.evals.deciding.simulated_answers import cases_of, mixed_chances, scores
from tests.tiers import fast_first

LONG = int(os.environ.get("SIMULATED_RUNS", "0"))
CANDIDATES = 20
MARGIN = 0.03


def case(name, before, after, source=None):
    return CaseScore(name=name, source=source, baseline=(before,) * 6, candidate=(after,) * 6)


def rows(better, same, worse=0):
    kinds = [(0, 1)] * better + [(1, 1)] * same + [(1, 0)] * worse
    return [case(str(n), *map(float, kind)) for n, kind in enumerate(kinds)]


def test_many_better_cases_prove_an_improvement():
    found = decide_improvement(rows(20, 20))

    assert (found.proved, found.difference, found.better, found.same) == (True, 0.5, 20, 20)
    assert 0.3 < found.low < 0.5 < found.high
    assert (found.cases, found.sources, found.repeats) == (40, 40, 6)


def test_fewer_than_thirty_sources_prove_nothing():
    assert not decide_improvement(rows(29, 0)).proved
    assert decide_improvement(rows(30, 0)).proved
    dependent = [
        CaseScore(
            name=row.name,
            source=f"source:{n % 29}",
            baseline=row.baseline,
            candidate=row.candidate,
        )
        for n, row in enumerate(rows(60, 0))
    ]
    assert not decide_improvement(dependent).proved


def test_a_cheaper_candidate_may_lose_less_than_the_margin():
    assert decide_improvement(rows(0, 300), goal="cheaper").proved
    assert not decide_improvement(rows(0, 300), goal="better").proved
    assert not decide_improvement(rows(0, 280, 20), goal="cheaper").proved
    assert decide_improvement(rows(0, 280, 20), goal="cheaper", margin=0.2).proved


def test_the_number_of_cases_that_would_decide():
    assert decide_improvement(rows(1, 39)).cases_needed > 40
    assert decide_improvement(rows(0, 40)).cases_needed is None
    assert decide_improvement(rows(0, 39, 1)).cases_needed is None
    assert decide_improvement(rows(3, 3)).cases_needed == 30
    assert decide_improvement(rows(1, 2)).visible == 1.0


def test_each_look_needs_stronger_evidence():
    assert [error_probability(looks) for looks in range(4)] == [0.05, 0.025, 0.0125, 0.00625]
    lows = [decide_improvement(rows(20, 60), looks).low for looks in range(6)]
    assert lows == sorted(lows, reverse=True)


@pytest.mark.parametrize(("count", "percent"), fast_first([(100, 70), (200, 52)], first=1))
def test_the_best_of_twenty_looks_better_by_the_cases_that_chose_it(count, percent):
    """The reason for the held-out half: nothing is better, and one look is rarely wrong."""
    runs = LONG or 200
    found = [_searched(Random(f"{count} {run}"), count, lambda _: 0.0) for run in range(runs)]

    by_all = sum(gain >= MARGIN for gain, _ in found) / runs
    once = sum(proved for _, proved in found) / runs

    assert by_all == pytest.approx(percent / 100, abs=0.05 + 3 * deviation(percent, runs))
    assert once <= 0.06 + 3 * deviation(6, runs)


@pytest.mark.parametrize(
    ("count", "percent"), fast_first([(60, 34), (100, 48), (200, 72), (400, 86)], first=1)
)
def test_a_better_wording_among_twenty_is_proved(count, percent):
    runs = LONG or 100

    found = [
        _searched(Random(f"{count} {run}"), count, lambda draw: draw.gauss(-0.02, 0.05))[1]
        for run in range(runs)
    ]

    assert sum(found) / runs == pytest.approx(percent / 100, abs=0.1 + 3 * deviation(percent, runs))


def deviation(percent, runs):
    return sqrt(percent * (100 - percent) / runs) / 100


def _searched(draw, count, effect):
    """The gain that the best candidate shows by all cases, and whether one look at half proves it.

    The candidate is chosen by one answer to each case: of all cases, or of the other half.
    """
    chances = mixed_chances(draw, count)
    half = count // 2
    effects = [effect(draw) for _ in range(CANDIDATES)]
    held_out = chances[half:]
    best, _ = _best(draw, chances[:half], effects)
    found = decide_improvement(cases_of(draw, held_out, _shifted(best, held_out)))
    _, gain = _best(draw, chances, effects)
    return gain, found.proved


def _best(draw, chances, effects):
    """The effect of the candidate with the best mean, and its gain over the original."""
    means = [_mean(draw, _shifted(by, chances)) for by in effects]
    best = max(range(CANDIDATES), key=means.__getitem__)
    return effects[best], means[best] - _mean(draw, chances)


def _mean(draw, chances):
    return fmean(scores(draw, chance, 1)[0] for chance in chances)


def _shifted(by, chances):
    return [min(max(chance + by, 0.0), 1.0) for chance in chances]
