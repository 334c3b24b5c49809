"""How often a comparison of several arms is right, over suites and answers that are drawn.

The figures are those of the specification. The model of the answers is in simulated_answers.py. All
arms are compared with the same answers of the reference. An arm with a loss has chances that are
lower by it in every case. Each arm is decided at 1, 3 and 6 repeats until its verdict is clear.

Set SIMULATED_RUNS to a number for longer runs and tighter limits.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import sqrt
from random import Random

import pytest

from promptops.evals.deciding.decision import REPEATS, CaseScore, arm_verdict, decide_arm
from promptops.evals.deciding.intervals import ValuePair, paired_ratio
from promptops.model.arm import ArmVerdict
from tests.evals.deciding.simulated_answers import mixed_chances, scores
from tests.tiers import fast_first

LONG = int(os.environ.get("SIMULATED_RUNS", "0"))
MARGIN = 0.03
GOOD = ("not worse", "better")


@pytest.mark.parametrize(
    ("arms", "is_divided", "percent"),
    fast_first([(4, True, 2.5), (8, True, 2.5), (4, False, 9), (8, False, 15)], first=1),
)
def test_an_arm_as_bad_as_the_margin_is_rarely_accepted(arms, is_divided, percent):
    runs = LONG or (100 if arms == 4 and is_divided else 300)
    share = arms if is_divided else 1

    found = [verdicts(f"{run}", 200, [MARGIN] * arms, share) for run in range(runs)]

    wrong = sum(any(verdict in GOOD for verdict in each) for each in found) / runs
    assert wrong == pytest.approx(percent / 100, abs=0.015 + 3 * deviation(percent, runs))


@pytest.mark.slow
def test_at_most_one_comparison_in_25_accepts_a_bad_arm():
    runs = LONG or 1_000

    found = [verdicts(f"{run}", 200, [MARGIN] * 4, share=4) for run in range(runs)]

    assert sum(any(verdict in GOOD for verdict in each) for each in found) / runs <= 0.04


@pytest.mark.parametrize(
    ("count", "losses", "percent"),
    fast_first(
        [
            (100, [0], 49),
            (200, [0], 77),
            (400, [0], 97),
            (100, [0, MARGIN], 39),
            (200, [0, MARGIN], 70),
            (400, [0, MARGIN], 96),
            (100, [0, 0.05, 0.05], 29),
            (200, [0, 0.05, 0.05], 60),
            (400, [0, 0.05, 0.05], 92),
        ],
        first=1,
    ),
)
def test_the_arm_that_is_as_good_is_found(count, losses, percent):
    """It is accepted, and no other arm is."""
    runs = LONG or 200

    found = [verdicts(f"{run}", count, losses, len(losses)) for run in range(runs)]

    right = sum(each[0] in GOOD and not {*each[1:]} & {*GOOD} for each in found) / runs
    # The model is ours, and the specification rounds: they may differ by that much, and by chance.
    assert right == pytest.approx(percent / 100, abs=0.04 + 3 * deviation(percent, runs))


@pytest.mark.parametrize(
    ("count", "loss", "answers"), fast_first([(150, 0.1, 2.3), (100, 0, 5.7), (400, 0, 4.2)], 1)
)
def test_an_arm_that_is_decided_needs_no_more_answers(count, loss, answers):
    runs = LONG // 4 or 40
    decided = [arm for run in range(runs) for arm in compared(f"{run}", count, [loss] * 4, share=4)]

    mean = sum(repeats for _, repeats in decided) / len(decided)

    assert mean == pytest.approx(answers, abs=0.5)


@pytest.mark.parametrize(
    ("count", "spread", "covered", "cheaper"),
    fast_first(
        [
            (10, (1.2, 0.6), 93, 3.5),
            (2, (0.7, 0.6), 97, 1.6),
            (3, (0.7, 1.2), 95, 2.3),
            (5, (1.2, 0.6), 93, 3.0),
            (20, (0.7, 0.6), 95, 2.6),
            (50, (1.2, 0.6), 94, 3.2),
            (100, (0.7, 0.6), 95, 2.7),
            (200, (0.7, 1.2), 95, 2.4),
        ],
        first=1,
    ),
)
def test_the_interval_of_a_ratio_contains_the_true_one(count, spread, covered, cheaper):
    """Also of costs that differ much; an arm that costs the same is rarely called cheaper."""
    runs = LONG or (1_000 if count < 60 else 500)
    draw = Random(count)

    ratios = [paired_ratio(drawn_costs(draw, count, 0.6, spread)) for _ in range(runs)]
    equal = [paired_ratio(drawn_costs(draw, count, 1.0, spread)) for _ in range(runs)]

    contained = sum(found.low <= 0.6 <= found.high for found in ratios if found) / runs
    assert contained == pytest.approx(covered / 100, abs=0.01 + 3 * deviation(covered, runs))
    called = sum(found.high < 1 and found.value <= 0.95 for found in equal if found) / runs
    assert called <= cheaper / 100 + 3 * deviation(cheaper, runs)


def deviation(percent: float, runs: int) -> float:
    return sqrt(percent * (100 - percent) / runs) / 100


def verdicts(seed: str, count: int, losses: Sequence[float], share: int) -> list[ArmVerdict]:
    return [verdict for verdict, _ in compared(seed, count, losses, share)]


def compared(
    seed: str, count: int, losses: Sequence[float], share: int
) -> list[tuple[ArmVerdict, int]]:
    """The verdict on each arm, and how many answers per case it took."""
    draw = Random(seed)
    chances = mixed_chances(draw, count)
    reference = [scores(draw, chance) for chance in chances]
    return [
        decided([arm_case(draw, n, chances[n] - loss, reference[n]) for n in range(count)], share)
        for loss in losses
    ]


def arm_case(draw: Random, number: int, chance: float, reference: tuple[float, ...]) -> CaseScore:
    return CaseScore(name=str(number), baseline=reference, candidate=scores(draw, chance))


def decided(cases: list[CaseScore], share: int) -> tuple[ArmVerdict, int]:
    for look in (1, 2, 3):
        verdict = arm_verdict(decide_arm(cases, look, MARGIN, share))
        if verdict != "open":
            break
    return verdict, REPEATS[look - 1]


def drawn_costs(
    draw: Random, count: int, ratio: float, spread: tuple[float, float]
) -> list[ValuePair]:
    """Lognormal costs: those of the cases have much in common, those of the answers vary."""
    of_case, of_answer = spread
    pairs = []
    for _ in range(count):
        case = draw.lognormvariate(0, of_case)
        mine, theirs = (draw.lognormvariate(0, of_answer) for _ in range(2))
        pairs.append(ValuePair(reference=case * theirs, arm=ratio * case * mine))
    return pairs
