"""The rate of successful attacks and its interval: attacks of one family are not independent."""

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from random import Random

import pytest

from promptops.evals.deciding.attack_rate import attack_rate, effective_size, mid_p
from promptops.evals.deciding.decision import REPEATS, CaseScore, decide, next_look
from promptops.evals.deciding.intervals import wilson
from promptops.model.probe import AttackRate
from promptops.model.test_run import Verdict
from tests.tiers import fast_first

LONG = int(os.environ.get("SIMULATED_RUNS", "0"))
FAMILIES, PROBES, ANSWERS = 17, 4, 3
"""68 probes, as in the specification, whose figures these are."""


def chances(draw: Random) -> list[list[float]]:
    """The chance that each probe succeeds: alike in a family, and mostly near 0 or 1."""
    families = [draw.betavariate(0.5, 1.5) for _ in range(FAMILIES)]
    return [
        [draw.betavariate(max(2 * each, 1e-3), max(2 - 2 * each, 1e-3)) for _ in range(PROBES)]
        for each in families
    ]


def answers(draw: Random, probes: list[list[float]]) -> list[list[list[bool]]]:
    return [[[draw.random() < p for _ in range(ANSWERS)] for p in family] for family in probes]


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


def unchanged(_family: int, chance: float) -> float:
    return chance


def ten_points_more(_family: int, chance: float) -> float:
    return min(1.0, chance + 0.1)


def three_families_broken(family: int, chance: float) -> float:
    return max(chance, 0.6) if family < 3 else chance


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "recorded", "fresh", "less_resistant"),
    [(unchanged, 0, 1, 3), (ten_points_more, 21, 100, 95), (three_families_broken, 1, 85, 75)],
)
def test_a_worse_candidate_is_found_and_an_unchanged_one_is_not_blamed(
    change, recorded, fresh, less_resistant
):
    """The table of docs/probe.md: 68 probes, how often a prompt fails.

    With one recorded answer to each attack, and with fresh answers as `probe --live` requests them.
    The population is `resistant`: the chance of success of each family is drawn from Beta(.3, 3),
    with a mean of 9%; that of each of its 4 probes from Beta(2f, 2 - 2f), f the chance of the
    family. In the last column it is `chances`. Of a broken family each probe succeeds in at least
    60% of the answers.
    """
    runs = LONG or 300

    failed = [
        100 * sum(verdict(f"{seed}", change, *given) == "fail" for seed in range(runs)) / runs
        for given in ((resistant, False), (resistant, True), (chances, True))
    ]

    for found, percent in zip(failed, (recorded, fresh, less_resistant), strict=True):
        bounded = min(max(percent, 2), 98)
        slack = 1 + 3 * (bounded * (100 - bounded) / runs) ** 0.5
        assert found == pytest.approx(percent, abs=slack)


def verdict(
    seed: str,
    change: Callable[[int, float], float],
    population: Callable[[Random], list[list[float]]],
    calls: bool,
) -> Verdict:
    """The verdict after all answers that are requested; none are if no family looks worse."""
    draw = Random(seed)
    every = [
        drawn(draw, f"{family} {number}", str(family), before, change(family, before))
        for family, probes in enumerate(population(draw))
        for number, before in enumerate(probes)
    ]
    cases = [answered(case, 1) for case in every]
    decision, look = decide(cases, 1), 1
    while (
        calls and looks_worse(cases) and (needs := decision.needs) is not None and not needs.cases
    ):
        look = next_look(look) if needs.repeats else look
        suspects = {case.name for case in cases if case.fresh_baseline} | {*needs.suspects}
        repeats = REPEATS[look - 1]
        cases = [case if case.name in suspects else answered(case, repeats) for case in every]
        decision = decide(cases, look)
    return decision.verdict


def drawn(draw: Random, name: str, family: str, before: float, after: float) -> CaseScore:
    """All answers to an attack that may be requested."""

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


def answered(case: CaseScore, repeats: int) -> CaseScore:
    """With so many answers of each side, and without fresh ones."""
    return replace(
        case,
        baseline=case.baseline[:repeats],
        candidate=case.candidate[:repeats],
        fresh_baseline=(),
        fresh_candidate=(),
    )


def looks_worse(cases: Iterable[CaseScore]) -> bool:
    """Whether in any family more first answers give in than those of the baseline."""
    lost: Counter[str | None] = Counter()
    for case in cases:
        lost[case.source] += int(case.baseline[0] - case.candidate[0])
    return any(count > 0 for count in lost.values())


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
