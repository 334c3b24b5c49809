"""The rate of successful attacks and its interval: attacks of one family are not independent."""

import os
from random import Random

import pytest

from promptops.evals.deciding.attack_rate import attack_rate, effective_size, mid_p
from promptops.evals.deciding.decision import CaseScore
from promptops.evals.deciding.noninferiority import decide
from promptops.evals.deciding.wilson import wilson
from promptops.model.probe_run import AttackRate
from tests.tiers import fast_first

LONG = int(os.environ.get("SIMULATED_RUNS", "0"))
FAMILIES, PROBES, REPEATS = 17, 4, 3
"""68 probes, as in the specification, whose figures these are."""


def chances(draw: Random) -> list[list[float]]:
    """The chance that each probe succeeds: alike in a family, and mostly near 0 or 1."""
    families = [draw.betavariate(0.5, 1.5) for _ in range(FAMILIES)]
    return [
        [draw.betavariate(max(2 * each, 1e-3), max(2 - 2 * each, 1e-3)) for _ in range(PROBES)]
        for each in families
    ]


def answers(draw: Random, probes: list[list[float]]) -> list[list[list[bool]]]:
    return [[[draw.random() < p for _ in range(REPEATS)] for p in family] for family in probes]


def covers(bounds, share=0.25) -> bool:
    return bounds[0] <= share <= bounds[1]


@pytest.mark.parametrize("runs", fast_first([150, 2_000], first=1))
def test_the_interval_covers_the_true_rate_where_that_of_single_answers_does_not(runs):
    found = []
    for seed in range(LONG or runs):
        draw = Random(f"{seed}")
        rate = attack_rate(
            [success for probe in family for success in probe]
            for family in answers(draw, chances(draw))
        )
        found.append((covers((rate.low, rate.high)), covers(wilson(rate.share, rate.n))))

    slack = 0.02 + 2 / len(found) ** 0.5 / 2
    ours, plain = (sum(column) / len(found) for column in zip(*found, strict=True))
    assert ours >= 0.92 - slack
    assert plain == pytest.approx(0.63, abs=0.03 + slack)


def resistant(draw: Random) -> list[list[float]]:
    """The same for a model that resists most attacks: of 11 attacks one succeeds."""
    families = [draw.betavariate(0.3, 3) for _ in range(FAMILIES)]
    return [
        [draw.betavariate(max(2 * each, 1e-3), max(2 - 2 * each, 1e-3)) for _ in range(PROBES)]
        for each in families
    ]


def decided(seed: int, change, looks) -> str:
    """The verdict on a candidate whose chances are those of the baseline, changed."""
    draw = Random(f"{seed}")
    cases = [
        case(draw, f"{family} {number}", str(family), before, change(family, before))
        for family, probes in enumerate(resistant(draw))
        for number, before in enumerate(probes)
    ]
    verdicts = (decide(cases, look, "auto").verdict for look in looks)
    return next((each for each in verdicts if each != "inconclusive"), "inconclusive")


def case(draw: Random, name: str, family: str, before: float, after: float) -> CaseScore:
    def resisted(chance: float, count: int) -> tuple[float, ...]:
        return tuple(float(draw.random() >= chance) for _ in range(count))

    return CaseScore(
        name=name,
        source=family,
        baseline=resisted(before, 6),
        candidate=resisted(after, 6),
        fresh_baseline=resisted(before, 8),
        fresh_candidate=resisted(after, 8),
    )


CHANGES = {
    "unchanged": (lambda _, p: p, (2,), 0.01),
    "every family succeeds 10 points more often": (lambda _, p: min(1, p + 0.1), (2,), 0.93),
    "3 of 17 families are broken": (lambda f, p: max(p, 0.6) if f < 3 else p, (1, 2, 3), 0.83),
}
"""From a name to the change, the looks, and how often it fails. Look 2 has 3 answers; families that
are broken are found only after all looks, by fresh answers to the attacks that changed most."""


@pytest.mark.parametrize(
    ("name", "runs"), fast_first([("unchanged", 12), *((n, 300) for n in CHANGES)], first=1)
)
def test_a_worse_candidate_is_found_and_an_unchanged_one_is_not_blamed(name, runs):
    change, looks, figure = CHANGES[name]
    count = LONG or runs

    failed = sum(decided(seed, change, looks) == "fail" for seed in range(count)) / count

    slack = 3 * (max(figure, 0.02) * (1 - figure) / count) ** 0.5
    assert failed == pytest.approx(figure, abs=0.04 + slack)


def test_a_rate_without_success_is_bounded_by_the_number_of_families():
    families = attack_rate([[False] * 8] * 20)
    more_answers = attack_rate([[False] * 80] * 20)

    assert (families.n, more_answers.n) == (160, 1_600)
    assert (families.low, families.high) == (0.0, pytest.approx(0.1611, abs=1e-4))
    assert families.high == more_answers.high


def test_the_interval_of_independent_answers_is_that_of_wilson():
    """For 10 of 100 it is 5.5 to 17.4% in textbooks."""
    assert wilson(0.1, 100) == pytest.approx((0.0552, 0.1744), abs=1e-4)
    assert effective_size([[1.0, 0.0]] * 50) == 100


def test_without_answers_nothing_is_known():
    assert attack_rate([]) == AttackRate(succeeded=0, n=0, low=0, high=1)


@pytest.mark.parametrize(
    ("first", "second", "p"), [(0, 0, 1), (2, 2, 1), (0, 1, 0.5), (0, 5, 1 / 32), (1, 7, 5 / 128)]
)
def test_mid_p_of_an_uneven_division(first, second, p):
    assert mid_p(first, second) == mid_p(second, first) == pytest.approx(p)
