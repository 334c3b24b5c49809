"""How often the rule of `drift` is right, over suites and nights that are drawn.

The model of the answers is in simulated_answers.py; each case is answered three times a night. A
night may have noise, in points, that all its answers share, the fresh ones too. The shares of
losses that are found are those of the specification. Its false alarms are rarer where nights have
noise: 0.4% and 1.6% at 50 cases, 0.7% and 2.1% at 100.
"""

from __future__ import annotations

import numpy  # comes with scipy
import pytest

from promptops.evals.deciding.drift import (
    FRESH_ANSWERS,
    SAMENESS_Z,
    ChartLevel,
    NightSample,
    decided,
    equal_answers,
    judge_change,
    level_of_nights,
    next_ewma,
    nights_to_find,
    pooled,
    sameness_z,
    signals,
)
from promptops.model.night import LEARNING_NIGHTS
from tests.tiers import fast_first

REPEATS = 3
NEVER = 99


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cases", "noise", "percent"),
    [(50, 0, 0.2), (50, 1, 0.9), (50, 2, 4.2), (100, 0, 0.2), (100, 1, 2.0), (100, 2, 5.0)],
)
def test_false_alarms_in_30_nights_are_rare(cases, noise, percent):
    found = nights_until_drifted(900, cases, noise, nights=30)

    assert share_within(found, 30) == pytest.approx(percent / 100, abs=0.02)


@pytest.mark.parametrize(
    ("cases", "noise", "share"),
    fast_first(
        [
            (50, 0, 0.34),
            (50, 1, 0.26),
            (50, 2, 0.17),
            (100, 0, 0.73),
            (100, 1, 0.46),
            (100, 2, 0.24),
        ],
        first=1,
    ),
)
def test_a_loss_of_3_points_is_found_in_7_nights_as_often_as_specified(cases, noise, share):
    found = nights_until_drifted(600, cases, noise, loss=0.03, nights=7)

    assert share_within(found, 7) == pytest.approx(share, abs=0.09)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cases", "noise", "median", "share"),
    [
        (50, 0, 3, 0.87),
        (50, 1, 4, 0.74),
        (50, 2, 8, 0.49),
        (100, 0, 2, 0.99),
        (100, 1, 2, 0.92),
        (100, 2, 5, 0.59),
    ],
)
def test_a_loss_of_5_points_is_found_as_soon_as_specified(cases, noise, median, share):
    found = nights_until_drifted(400, cases, noise, loss=0.05, nights=30)

    assert numpy.median(found) == pytest.approx(median, abs=2 if noise == 2 else 1)
    assert share_within(found, 7) == pytest.approx(share, abs=0.09)


@pytest.mark.parametrize(
    ("cases", "noise", "median"),
    fast_first([(50, 0, 1), (50, 1, 1), (50, 2, 2), (100, 0, 1), (100, 1, 1), (100, 2, 2)], 1),
)
def test_broken_cases_are_found_at_once(cases, noise, median):
    found = nights_until_drifted(300, cases, noise, broken=0.1, nights=30)

    assert numpy.median(found) == pytest.approx(median, abs=1)


@pytest.mark.slow
def test_the_nights_that_a_loss_takes_are_those_of_the_simulation():
    draw = numpy.random.default_rng(3)
    for cases in (50, 100):
        simulated = numpy.median(nights_until_drifted(600, cases, 0, loss=0.05, nights=30))
        levels = [learned_level(draw, chances(draw, cases), 0) for _ in range(30)]
        reported = [nights_to_find(level, cases * REPEATS, 0.05) or NEVER for level in levels]

        assert numpy.median(reported) == pytest.approx(simulated, abs=1)


@pytest.mark.slow
def test_the_pooled_chart_finds_common_losses_that_no_prompt_shows():
    draw = numpy.random.default_rng(4)
    alone = nights_until_drifted(300, 50, 0, loss=0.02, nights=7)
    together = [pooled_nights(draw, prompts=13, loss=0.02) for _ in range(40)]

    assert share_within(alone, 7) < 0.25
    assert share_within(numpy.array(together), 7) > 0.9


def share_within(found, nights):
    return float((found <= nights).mean())


def nights_until_drifted(runs, cases, noise, *, loss=0.0, broken=0.0, nights):
    """The night in which each run is found drifted, or NEVER."""
    draw = numpy.random.default_rng(1)
    return numpy.array(
        [until_drifted(draw, cases, noise / 100, loss, broken, nights) for _ in range(runs)]
    )


def until_drifted(draw, cases, noise, loss, broken, nights):
    before = chances(draw, cases)
    level = learned_level(draw, before, noise)
    after = numpy.maximum(before - loss, 0)
    after[draw.choice(cases, int(cases * broken), replace=False)] = 0
    ewma, suspected = 0.0, False
    for night in range(1, nights + 1):
        common = draw.normal(0, noise)
        ewma = next_ewma(ewma, level.z(drawn(draw, after, REPEATS, common)))
        if not signals(ewma):
            suspected = False
            continue
        fresh = drawn(draw, after, FRESH_ANSWERS * REPEATS, common)
        verdict = decided(level.confirming_z(fresh, cases * REPEATS), suspected=suspected)
        if verdict == "drifted":
            return night
        suspected = verdict == "suspect"
        ewma = ewma if suspected else 0.0
    return NEVER


def pooled_nights(draw, prompts, loss):
    """As `until_drifted`, for the pooled chart of several prompts; confirmed at once."""
    suites = [chances(draw, 50) for _ in range(prompts)]
    levels = [learned_level(draw, each, 0) for each in suites]
    ewma = 0.0
    for night in range(1, 8):
        pairs = list(zip(levels, suites, strict=True))
        ewma = next_ewma(
            ewma, pooled(level.z(drawn(draw, each - loss, REPEATS, 0)) for level, each in pairs)
        )
        fresh = [drawn(draw, each - loss, FRESH_ANSWERS * REPEATS, 0) for each in suites]
        zs = (level.confirming_z(s, 150) for level, s in zip(levels, fresh, strict=True))
        if signals(ewma) and decided(pooled(zs), suspected=True) == "drifted":
            return night
    return NEVER


def learned_level(draw, suite, noise) -> ChartLevel:
    nights = (drawn(draw, suite, REPEATS, draw.normal(0, noise)) for _ in range(LEARNING_NIGHTS))
    level = level_of_nights(list(nights))
    assert level is not None
    return level


def chances(draw, cases):
    return draw.choice([0.98, 0.85, 0.5], p=[0.7, 0.2, 0.1], size=cases)


def drawn(draw, suite, repeats, common) -> NightSample:
    """A night: each case answered so often, with a noise that is common to all answers."""
    right = draw.binomial(repeats, suite) / repeats
    within = float((right * (1 - right)).mean()) * repeats / (repeats - 1)
    return NightSample(float(right.mean() + common), within, suite.size * repeats)


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after", "share"), [(0.6, 0.4, 0.98), (0.6, 0.5, 0.45)])
def test_fewer_equal_answers_show_a_changed_model_as_often_as_specified(before, after, share):
    draw = numpy.random.default_rng(5)

    def nights(chance, count):
        return [equal_answers(draw.binomial(150, chance) / 150, 150) for _ in range(count)]

    zs = [sameness_z(nights(after, 1)[0], nights(before, 10)) for _ in range(400)]
    quiet = [sameness_z(nights(before, 1)[0], nights(before, 10)) for _ in range(400)]

    assert share_below(zs) == pytest.approx(share, abs=0.09)
    assert share_below(quiet) <= 0.03


@pytest.mark.slow
@pytest.mark.parametrize(("answers", "share"), [(50, 0.24), (150, 0.70), (300, 0.96)])
def test_a_harsher_judge_is_found_as_often_as_specified(answers, share):
    """It refuses a tenth of the answers more; of one in twelve it changes its mind anyway."""
    draw = numpy.random.default_rng(6)

    def changes(harsher):
        flips = draw.random(answers) < 1 / 12
        signs = draw.choice([-1.0, 1.0], size=answers)
        return numpy.where(draw.random(answers) < harsher, -1.0, numpy.where(flips, signs, 0.0))

    found = [judge_change([[each] for each in changes(0.1)]) for _ in range(400)]
    quiet = [judge_change([[each] for each in changes(0.0)]) for _ in range(400)]

    assert sum(each.is_harsher for each in found) / 400 == pytest.approx(share, abs=0.09)
    assert sum(each.is_harsher for each in quiet) / 400 <= 0.025


def share_below(zs):
    return sum(z < SAMENESS_Z for z in zs) / len(zs)
