"""Cohen's kappa, beside examples worked out by hand, and the judges that may gate, simulated."""

from __future__ import annotations

from random import Random

import pytest

from promptops.evals.judge_prompts import Agreement, agreement
from tests.evals.deciding.simulated_answers import upper_bound

YES_AND_NO = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
"""50 proposals, two readers: 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no."""


@pytest.mark.parametrize(
    ("pairs", "anchors", "agreed", "kappa"),
    [
        ([], 0, 0.0, None),
        ([("a", "a")] * 3, 3, 1.0, None),
        ([("a", "a"), ("b", "b")], 2, 1.0, 1.0),
        ([("a", "b"), ("b", "a")], 2, 0.0, -1.0),
        ([("a", "a"), ("b", "a")], 2, 0.5, 0.0),
        (YES_AND_NO, 50, 0.7, 0.4),
        # A verdict that only the judge knows.
        ([("a", "a"), ("b", "")], 2, 0.5, 1 / 3),
    ],
    ids=lambda value: str(value)[:40],
)
def test_kappa_is_agreement_beyond_chance(
    pairs: list[tuple[str, str]], anchors: int, agreed: float, kappa: float | None
) -> None:
    found = agreement(pairs)

    assert (found.anchors, found.agreed, found.kappa) == (anchors, agreed, kappa)
    assert (found.low is None) == (kappa is None)


def test_the_lower_bound_of_kappa_is_that_of_wilson_beyond_chance() -> None:
    # 35 of 50 agree, at least 58.54% by Wilson's 90% interval; chance alone agrees in 50%.
    assert agreement(YES_AND_NO).low == pytest.approx((0.5854 - 0.5) / 0.5, abs=1e-4)


@pytest.mark.parametrize(
    ("anchors", "kappa", "low", "may"),
    [
        (10, 0.6, 0.4, True),
        (10, 0.599, 0.4, False),
        (10, 0.6, 0.399, False),
        (9, 1.0, 0.5, False),
        (200, None, None, False),
    ],
)
def test_a_judge_may_gate_by_kappa_its_lower_bound_and_ten_anchors(
    anchors: int, kappa: float | None, low: float | None, may: bool
) -> None:
    assert Agreement(anchors=anchors, agreed=1.0, kappa=kappa, low=low).may_gate is may


@pytest.mark.parametrize(("passed", "failed", "may"), [(5, 5, True), (8, 2, False), (10, 3, True)])
def test_ten_anchors_are_enough_for_a_perfect_judge_if_both_verdicts_are_as_frequent(
    passed: int, failed: int, may: bool
) -> None:
    found = agreement([("pass", "pass")] * passed + [("fail", "fail")] * failed)

    assert (found.kappa, found.may_gate) == (1.0, may)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.5, 0.8])
@pytest.mark.parametrize("anchors", [10, 20, 30, 50, 100])
def test_a_judge_that_hardly_agrees_gates_in_at_most_four_percent(
    share: float, anchors: int
) -> None:
    runs = 8_000

    gates = sum(drawn(Random(f"{run}"), anchors, 0.4, share).may_gate for run in range(runs))

    assert gates / runs <= 0.04
    assert upper_bound(gates, runs) <= 0.045


@pytest.mark.slow
@pytest.mark.parametrize(
    ("share", "anchors", "percent"),
    [
        (0.5, 10, 32),
        (0.5, 20, 65),
        (0.5, 30, 83),
        (0.5, 50, 97),
        (0.8, 10, 14),
        (0.8, 20, 39),
        (0.8, 30, 55),
        (0.8, 50, 79),
    ],
)
def test_a_judge_that_agrees_well_gates_with_enough_anchors(
    share: float, anchors: int, percent: int
) -> None:
    runs = 2_000

    gates = sum(drawn(Random(f"{run}"), anchors, 0.8, share).may_gate for run in range(runs))

    assert 100 * gates / runs == pytest.approx(percent, abs=3.5)


def drawn(draw: Random, anchors: int, kappa: float, share: float) -> Agreement:
    """The judge repeats the verdict of people with the chance `kappa`, or guesses as often as they.

    People give one of two verdicts with the chance `share`.
    """

    def verdict() -> str:
        return "pass" if draw.random() < share else "fail"

    people = [verdict() for _ in range(anchors)]
    return agreement([(each, each if draw.random() < kappa else verdict()) for each in people])
