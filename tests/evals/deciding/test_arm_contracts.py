"""Whether an arm keeps the contracts of the reference: verdicts, bounds, and what would decide."""

from math import ceil, log

import pytest

from promptops.evals.deciding.arm_contracts import combined_verdict, decide_contracts
from promptops.evals.deciding.decision import CaseScore
from promptops.model.arm import ContractDecision, ValueInterval


def answered(count, broken=0, repeats=1, won=0, source=None):
    """Cases of which the arm never keeps the first, and the reference never the last."""
    kept, lost = (1.0,) * repeats, (0.0,) * repeats
    return [
        CaseScore(
            name=f"c{n:03}",
            source=source and source(n),
            baseline=lost if n >= count - won else kept,
            candidate=lost if n < broken else kept,
        )
        for n in range(count)
    ]


def excluded(count, broken, **values):
    return 100 * decide_contracts(answered(count, broken), 1, **values).unseen


def test_a_decision_has_the_bounds_the_cases_and_what_could_break_unseen():
    found = decide_contracts(answered(100, 1, repeats=6, won=1), 3)

    assert found == ContractDecision(
        verdict="fit",
        difference=ValueInterval(
            value=0.0,
            low=pytest.approx(-0.0478, abs=5e-5),
            high=pytest.approx(0.0352, abs=5e-5),
        ),
        cases=100,
        sources=100,
        repeats=6,
        lost=("c000",),
        won=1,
        never=("c000",),
        unseen=-found.difference.low,
        margin=0.05,
    )


def test_an_open_arm_with_losses_names_about_how_many_cases_would_decide():
    found = decide_contracts(answered(100, 2, repeats=6, won=1), 3)

    assert (found.verdict, found.repeats_needed, found.cases_needed) == ("open", None, 119)


def test_a_loss_of_exactly_the_margin_spends_it_although_thirds_are_rounded():
    """Fifteen cases of a hundred that lose one answer of three lose five points together."""
    kept, lost = (1.0,) * 3, (0.0, 1.0, 1.0)
    cases = [
        CaseScore(name=f"c{n:03}", baseline=kept, candidate=lost if n < 15 else kept)
        for n in range(100)
    ]

    found = decide_contracts(cases, 2)

    assert (found.verdict, found.cases_needed) == ("worse", None)


@pytest.mark.parametrize(
    ("count", "percent"),
    [
        (20, (16.8, 29.7, 58.3)),
        (50, (7.1, 10.5, 24.6)),
        (100, (3.6, 5.6, 12.1)),
        (200, (1.8, 2.8, 6.1)),
        (400, (0.9, 1.4, 3.1)),
    ],
)
def test_the_breakage_that_cases_exclude_depends_on_their_number_and_the_lost_ones(count, percent):
    """The table of docs/deciding.md: none, one and five of the cases lost, with one answer."""
    assert tuple(round(excluded(count, lost), 1) for lost in (0, 1, 5)) == percent


@pytest.mark.parametrize(
    ("margin", "arms", "count"),
    [(0.05, 1, 72), (0.05, 2, 86), (0.05, 4, 99), (0.05, 8, 113), (0.1, 1, 36), (0.2, 1, 17)],
)
def test_so_many_cases_at_least_prove_that_an_arm_is_fit(margin, arms, count):
    few, enough = (
        decide_contracts(answered(cases), 1, margin, arms=arms) for cases in (count - 1, count)
    )

    assert (few.verdict, enough.verdict) == ("open", "fit")
    assert few.cases_needed == count == ceil(log(0.025 / arms) / log(1 - margin))
    assert (few.repeats_needed, enough.repeats_needed, enough.cases_needed) == (None, None, None)


@pytest.mark.parametrize("count", [1, 2, 5, 7])
@pytest.mark.parametrize("margin", [0.05, 0.3])
def test_below_eight_cases_nothing_is_decided_and_no_answer_is_requested(count, margin):
    kept, lost = (decide_contracts(answered(count, n), 1, margin) for n in (0, count))

    assert (kept.verdict, lost.verdict) == ("open", "open")
    assert (kept.repeats_needed, lost.repeats_needed) == (None, None)
    assert min(kept.cases_needed, lost.cases_needed) >= 8


def test_an_arm_that_breaks_much_is_worse_and_one_that_breaks_little_is_asked_again():
    worse, unsure = (decide_contracts(answered(100, lost), 1) for lost in (12, 4))

    assert (worse.verdict, worse.repeats_needed, worse.cases_needed) == ("worse", None, None)
    assert (unsure.verdict, unsure.repeats_needed) == ("open", 3)
    assert decide_contracts(answered(100, 4, repeats=6), 3).cases_needed > 100


def test_a_loss_below_the_margin_is_never_worse():
    assert decide_contracts(answered(1000, 49, repeats=6), 3).verdict == "open"
    assert decide_contracts(answered(1000, 50, repeats=6), 3).verdict == "worse"


def test_more_arms_and_prompts_need_more_proof():
    cases = answered(100, 9)

    alone, of_four, in_many = (
        decide_contracts(cases, 1, arms=arms, prompts=prompts)
        for arms, prompts in ((1, 1), (4, 1), (1, 50))
    )

    assert of_four.difference.low < alone.difference.low
    assert alone.difference.high < of_four.difference.high < in_many.difference.high
    assert in_many.difference.low == alone.difference.low


def test_cases_of_one_source_are_one_observation():
    cases = answered(100, source=lambda n: f"source:{n // 5}")

    found = decide_contracts(cases, 1)

    assert (found.verdict, found.cases, found.sources) == ("open", 100, 20)
    assert (round(100 * found.unseen, 1), found.cases_needed) == (16.8, 72)


def test_a_flaky_case_is_lost_but_not_broken():
    flaky = CaseScore(name="flaky", baseline=(1.0,) * 3, candidate=(1.0, 0.0, 1.0))
    broken = CaseScore(name="broken", baseline=(1.0,) * 3, candidate=(0.0,) * 3)
    better = CaseScore(name="better", baseline=(0.0,) * 3, candidate=(1.0,) * 3)

    found = decide_contracts([*answered(97, repeats=3), flaky, better, broken], 2)

    assert (found.lost, found.won, found.never) == (("broken", "flaky"), 1, ("broken",))


@pytest.mark.parametrize(
    ("score", "contracts", "verdict"),
    [
        ("not worse", "fit", "not worse"),
        ("better", "fit", "better"),
        ("better", "open", "open"),
        ("better", "worse", "worse"),
        ("open", "fit", "open"),
        ("open", "worse", "worse"),
        ("worse", "open", "worse"),
        (None, "fit", "not worse"),
        (None, "open", "open"),
        ("better", None, "better"),
        (None, None, "not worse"),
    ],
)
def test_one_decision_that_is_worse_or_open_suffices(score, contracts, verdict):
    assert combined_verdict(score, contracts) == verdict
