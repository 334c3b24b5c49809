"""How often the rule of `drift` is right, over suites and nights that are drawn.

Each case is answered three times a night. 70% of the cases are answered right with a chance of
.98, 20% with .85, and 10% with .5; 4% of the answers break a contract. A night may have noise, in
points, that all its answers share, the fresh ones too. Each rate is measured with a fixed seed; the
bound is that of its 95% interval (Clopper and Pearson, one-sided).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy  # comes with scipy
import pytest
from scipy.stats import beta

from promptops.evals.deciding.drift import (
    FRESH_ANSWERS,
    LEARNING_GROSS_Z,
    SAMENESS_Z,
    ChartLevel,
    ChartState,
    NightSample,
    equal_answers,
    judge_change,
    learning_z,
    level_of_nights,
    needs_fresh,
    next_state,
    nights_to_find,
    pooled,
    pooled_scale,
    sameness_z,
    share_sample,
)
from promptops.model.night import LEARNING_NIGHTS
from tests.tiers import fast_first

REPEATS, MONTH, WEEK = 3, 30, 7
NEVER = 99


@pytest.mark.parametrize(
    ("cases", "noise", "percent", "bound", "runs"),
    fast_first(
        [
            (50, 0, 0.5, 0.75, 600),
            *((cases, noise, 0.5, 0.75, 4000) for cases in (20, 50, 100, 500) for noise in (0, 1)),
            (20, 2, 2.5, 3.1, 2000),
            (50, 2, 3.0, 3.7, 2000),
            (100, 2, 3.5, 4.2, 2000),
            (500, 2, 4.9, 5.5, 2000),
        ],
        first=1,
    ),
)
def test_false_alarms_of_score_and_contracts_in_a_month_are_rare(
    cases, noise, percent, bound, runs
):
    draw = numpy.random.default_rng(1)
    alarms = 0
    for _ in range(runs):
        answers = Answers.of_cases(draw, cases)
        alarms += until_alarm(draw, answers, noise / 100) <= MONTH

    assert 100 * alarms / runs <= percent
    assert 100 * upper(alarms, runs) <= bound


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0, 1])
@pytest.mark.parametrize("breaking", [0.0, 0.02, 0.06])
@pytest.mark.parametrize("concentrated", [False, True])
def test_answers_that_break_contracts_as_before_give_no_alarm(concentrated, breaking, noise):
    """Each answer breaks them with the same chance, or only those of a fifth of the cases."""
    draw, runs = numpy.random.default_rng(3), 500
    alarms = 0
    for _ in range(runs):
        for cases in (20, 100):
            answers = Answers.breaking(cases, breaking, concentrated=concentrated)
            alarms += until_alarm(draw, answers, noise / 100, contracts=True) <= MONTH

    assert 100 * alarms / (2 * runs) <= 0.5


@pytest.mark.parametrize(
    ("cases", "noise", "share"),
    fast_first(
        [
            (50, 0, 0.17),
            (50, 1, 0.17),
            (50, 2, 0.15),
            (100, 0, 0.38),
            (100, 1, 0.33),
            (100, 2, 0.22),
        ],
        first=1,
    ),
)
def test_a_loss_of_3_points_is_found_in_7_nights_as_often_as_specified(cases, noise, share):
    found = nights_until_drifted(600, cases, noise, loss=0.03, nights=WEEK)

    assert share_within(found, WEEK) == pytest.approx(share, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cases", "noise", "median", "share"),
    [
        (50, 0, 5, 0.74),
        (50, 1, 5, 0.65),
        (50, 2, 9, 0.44),
        (100, 0, 3, 0.97),
        (100, 1, 4, 0.88),
        (100, 2, 6, 0.60),
    ],
)
def test_a_loss_of_5_points_is_found_as_soon_as_specified(cases, noise, median, share):
    found = nights_until_drifted(1000, cases, noise, loss=0.05, nights=MONTH)

    assert numpy.median(found) == pytest.approx(median, abs=1)
    assert share_within(found, WEEK) == pytest.approx(share, abs=0.04)


@pytest.mark.parametrize(
    ("cases", "noise", "median"),
    fast_first([(50, 0, 3), (50, 1, 3), (50, 2, 3), (100, 0, 1), (100, 1, 2), (100, 2, 3)], 1),
)
def test_broken_cases_are_found_within_three_nights(cases, noise, median):
    found = nights_until_drifted(300, cases, noise, broken=0.1, nights=MONTH)

    assert numpy.median(found) == median


@pytest.mark.slow
@pytest.mark.parametrize(("cases", "percent"), [(20, 22), (100, 93), (500, 100)])
def test_a_loss_of_15_points_on_the_sixth_night_is_not_learned(cases, percent):
    draw, runs = numpy.random.default_rng(5), 1000
    found = 0
    for _ in range(runs):
        before = Answers.of_cases(draw, cases)
        learned = [before.night(draw, REPEATS, 0.0) for _ in range(5)]
        after = before.lower(0.15)
        found += is_gross(draw, after, learned, after.night(draw, REPEATS, 0.0), 0.0)

    assert 100 * found / runs == pytest.approx(percent, abs=4)


@pytest.mark.slow
def test_the_nights_that_a_loss_takes_are_those_of_the_simulation():
    draw = numpy.random.default_rng(3)
    for cases in (50, 100):
        simulated = numpy.median(nights_until_drifted(600, cases, 0, loss=0.05, nights=MONTH))
        levels = [learned_level(draw, Answers.of_cases(draw, cases), 0) for _ in range(30)]
        reported = [nights_to_find(level, cases * REPEATS, 0.05) or NEVER for level in levels]

        assert numpy.median(reported) == pytest.approx(simulated, abs=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("prompts", "noise", "percent", "bound"),
    [(2, 1, 0.2, 0.6), (5, 1, 0.8, 1.3), (13, 0, 0.1, 0.4), (13, 1, 2.0, 2.6), (13, 2, 12.5, 14.5)],
)
def test_false_alarms_of_a_pooled_chart_are_rare_although_nights_are_shared(
    prompts, noise, percent, bound
):
    draw, runs = numpy.random.default_rng(8), 1200
    alarms = sum(pooled_nights(draw, prompts, noise / 100) <= MONTH for _ in range(runs))

    assert 100 * alarms / runs <= percent
    assert 100 * upper(alarms, runs) <= bound


@pytest.mark.slow
def test_the_pooled_chart_finds_common_losses_that_no_prompt_shows():
    draw = numpy.random.default_rng(4)
    alone = nights_until_drifted(600, 50, 0, loss=0.02, nights=WEEK)
    together = [pooled_nights(draw, 13, 0, loss=0.02, nights=WEEK) for _ in range(400)]

    assert share_within(alone, WEEK) < 0.1
    assert share_within(numpy.array(together), WEEK) == pytest.approx(0.7, abs=0.06)


def share_within(found, nights):
    return float((found <= nights).mean())


def upper(count, runs):
    """The upper end of the one-sided 95% interval of a rate."""
    return float(beta.ppf(0.95, count + 1, runs - count))


@dataclass(frozen=True)
class Answers:
    """The answers to classes of cases.

    Attributes:
        counts: The number of cases of each class.
        chances: The chance that an answer to such a case is right.
    """

    counts: tuple[int, ...]
    chances: tuple[float, ...]

    @classmethod
    def of_cases(cls, draw, cases):
        counts = draw.multinomial(cases, [0.7, 0.2, 0.1])
        return cls(tuple(map(int, counts)), (0.98, 0.85, 0.5))

    @classmethod
    def breaking(cls, cases, share, *, concentrated):
        few = cases // 5 if concentrated else cases
        return cls((cases - few, few), (1.0, 1 - min(1.0, share * cases / few)))

    def lower(self, loss):
        return Answers(self.counts, tuple(chance - loss for chance in self.chances))

    def with_broken(self, draw, share):
        """The same with a share of the cases answered wrong."""
        lost = draw.multivariate_hypergeometric(self.counts, int(share * sum(self.counts)))
        left = (count - less for count, less in zip(self.counts, map(int, lost), strict=True))
        return Answers((*left, int(lost.sum())), (*self.chances, 0.0))

    def night(self, draw, repeats, common, *, contracts=False) -> NightSample:
        """A night with noise that is common to all answers; right answers keep contracts."""
        chances = [min(1.0, max(0.0, chance + common)) for chance in self.chances]
        cases = sum(self.counts)
        size = cases * repeats
        if contracts or repeats != REPEATS:
            classes = zip(self.counts, chances, strict=True)
            return share_sample(sum(int(draw.binomial(n * repeats, p)) for n, p in classes), size)
        ways = [[(1 - p) ** 3, 3 * p * (1 - p) ** 2, 3 * p * p * (1 - p), p**3] for p in chances]
        _, once, twice, thrice = map(int, draw.multinomial(self.counts, ways).sum(0))
        right, within = once + 2 * twice + 3 * thrice, (once + twice) / 3 / cases
        return NightSample(right / size, within, size)


def until_alarm(draw, answers, noise, *, contracts=False):
    """The night in which an unchanged prompt drifts, 0 while it learns, or NEVER.

    It has a chart of its contracts, too, whose noise is half as large, unless `contracts`: then the
    answers are those of the only chart.
    """
    prose = Answers.breaking(sum(answers.counts), 0.04, concentrated=False)
    own = [(answers, 1.0, contracts), *([] if contracts else [(prose, 0.5, True)])]
    noises = [draw.normal(0, noise) for _ in range(LEARNING_NIGHTS + MONTH)]
    return min(
        _until_alarm(draw, each, [scale * common for common in noises], contracts=is_share)
        for each, scale, is_share in own
    )


def _until_alarm(draw, answers, noises, *, contracts):
    learned = []
    for common in noises[:LEARNING_NIGHTS]:
        night = answers.night(draw, REPEATS, common, contracts=contracts)
        if is_gross(draw, answers, learned, night, common, contracts=contracts):
            return 0
        learned.append(night)
    level = level_of_nights(learned)
    return until_drifted(draw, answers, level, noises[LEARNING_NIGHTS:], contracts=contracts)


def is_gross(draw, answers, learned, night, common, *, contracts=False):
    """Whether a night drifts while its level is learned."""
    if not learned or learning_z(learned, night) >= LEARNING_GROSS_Z:
        return False
    fresh = answers.night(draw, FRESH_ANSWERS * REPEATS, common, contracts=contracts)
    return learning_z(learned, night, fresh) < LEARNING_GROSS_Z


def nights_until_drifted(runs, cases, noise, *, loss=0.0, broken=0.0, nights):
    """The night in which each run is found drifted, or NEVER."""
    draw = numpy.random.default_rng(2)
    found = []
    for _ in range(runs):
        before = Answers.of_cases(draw, cases)
        level = learned_level(draw, before, noise / 100)
        after = before.with_broken(draw, broken) if broken else before.lower(loss)
        noises = [draw.normal(0, noise / 100) for _ in range(nights)]
        found.append(until_drifted(draw, after, level, noises))
    return numpy.array(found)


def until_drifted(draw, answers, level: ChartLevel, noises, *, contracts=False):
    state = ChartState()
    for night, common in enumerate(noises, 1):
        sample = answers.night(draw, REPEATS, common, contracts=contracts)
        before, z = state, level.z(sample)
        state = next_state(before, z, None)
        if needs_fresh(before, state):
            fresh = answers.night(draw, FRESH_ANSWERS * REPEATS, common, contracts=contracts)
            state = next_state(before, z, level.confirming_z(fresh, sample.size))
        if state.verdict == "drifted":
            return night
    return NEVER


def pooled_nights(draw, prompts, noise, *, loss=0.0, nights=MONTH):
    """As `until_drifted`, for the pooled chart of several prompts of 50 cases."""
    suites = [Answers.of_cases(draw, 50) for _ in range(prompts)]
    learned = [
        [each.night(draw, REPEATS, common) for each in suites]
        for common in draw.normal(0, noise, LEARNING_NIGHTS)
    ]
    levels = [level_of_nights(list(own)) for own in zip(*learned, strict=True)]
    scale = pooled_scale(levels, [50 * REPEATS] * prompts, learned)
    state = ChartState()
    for night in range(1, nights + 1):
        common = draw.normal(0, noise)
        after = [each.lower(loss) for each in suites]
        samples = [each.night(draw, REPEATS, common) for each in after]
        zs = [level.z(sample) for level, sample in zip(levels, samples, strict=True)]
        before, z = state, pooled(zs) / scale
        state = next_state(before, z, None)
        if needs_fresh(before, state):
            fresh = [each.night(draw, FRESH_ANSWERS * REPEATS, common) for each in after]
            pairs = zip(levels, fresh, strict=True)
            fresh_z = pooled(level.confirming_z(own, 150) for level, own in pairs) / scale
            state = next_state(before, z, fresh_z)
        if state.verdict == "drifted":
            return night
    return NEVER


def learned_level(draw, answers, noise) -> ChartLevel:
    nights = [answers.night(draw, REPEATS, draw.normal(0, noise)) for _ in range(LEARNING_NIGHTS)]
    level = level_of_nights(nights)
    assert level is not None
    return level


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
