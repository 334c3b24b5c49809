"""What the gate says of answers that are written out here, and what it asks for next."""

from __future__ import annotations

from dataclasses import replace
from math import nan
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.evals.deciding.decision import (
    CaseScore,
    Decision,
    Needs,
    decide,
    what_it_takes,
)
from tests.tiers import examples

RIGHT, WRONG = (1.0,) * 6, (0.0,) * 6


def same(count, score=1.0):
    return [
        CaseScore(name=f"same-{index}", baseline=(score,) * 6, candidate=(score,) * 6)
        for index in range(count)
    ]


def lost(count, candidate=WRONG):
    return [
        CaseScore(name=f"lost-{index}", baseline=RIGHT, candidate=candidate)
        for index in range(count)
    ]


def noisy(count):
    draw = Random(3)
    answers = [tuple(float(draw.random() < 0.8) for _ in range(6)) for _ in range(2 * count)]
    return [
        CaseScore(name=str(index), baseline=answers[index], candidate=answers[count + index])
        for index in range(count)
    ]


def asked_again(case, before, after):
    return replace(
        case,
        fresh_baseline=(1.0,) * before + (0.0,) * (8 - before),
        fresh_candidate=(1.0,) * after + (0.0,) * (8 - after),
    )


def test_many_cases_that_lost_fail_at_the_first_look():
    decision = decide([*lost(12), *same(28)], 1)

    assert decision == Decision(
        verdict="fail",
        difference=-0.3,
        low=decision.low,
        high=decision.high,
        p=decision.p,
        n=40,
        repeats=1,
        worse=12,
        better=0,
        same=28,
        smallest_visible=decision.smallest_visible,
        margin=0.03,
        worst=("lost-0", "lost-1", "lost-10", "lost-11", "lost-2"),
        culprits=(),
        unpaired=(),
        needs=None,
    )
    assert decision.low < -0.3 < decision.high < 0
    assert decision.p < 0.005
    assert decision.smallest_visible == pytest.approx(0.2611, abs=0.0001)


def test_two_hundred_cases_that_all_stayed_pass_at_the_first_look():
    decision = decide(same(200), 1)

    # One wrong answer in 38 would have stayed out of sight of 200 with the chance of this look.
    assert (decision.verdict, decision.difference, decision.high) == ("pass", 0.0, 0.0)
    assert decision.low == pytest.approx(0.005 ** (1 / 200) - 1)
    assert decision.needs is None


def test_fifty_cases_that_all_stayed_prove_nothing_before_the_second_look_is_over():
    looks = [decide(same(50), look) for look in (1, 2, 3)]

    assert [decision.verdict for decision in looks] == ["inconclusive", "inconclusive", "pass"]
    assert [decision.needs for decision in looks] == [Needs(repeats=3), Needs(repeats=6), None]
    assert [decision.repeats for decision in looks] == [1, 3, 6]


@pytest.mark.parametrize(
    ("margin", "verdict"),
    [(0.03, "pass"), (0.0101, "inconclusive"), (0.01, "fail"), (0.005, "fail")],
)
def test_a_certain_loss_fails_from_the_margin_on(margin, verdict):
    """Each case lost one point, or that and a bit more or less, which is noise."""
    cases = [
        CaseScore(name=str(index), baseline=(0.8,), candidate=(0.79 + 0.0001 * (-1) ** index,))
        for index in range(400)
    ]

    decision = decide(cases, 1, margin)

    assert (decision.verdict, decision.high < 0) == (verdict, True)


def test_a_loss_of_exactly_the_margin_in_thirds_is_the_margin():
    lost_a_third = lost(36, candidate=(1.0, 1.0, 0.0))

    decision = decide([*lost_a_third, *same(364)], 2)

    assert (decision.verdict, round(decision.difference, 12)) == ("fail", -0.03)


def test_a_certain_loss_just_below_the_margin_is_open_and_no_number_of_cases_would_help():
    cases = [
        CaseScore(name=str(index), baseline=(0.8,), candidate=(0.771 - 0.06 * (index % 2),))
        for index in range(60)
    ]
    decision = decide(cases, 3, margin=0.0591)

    assert (decision.verdict, round(decision.difference, 12)) == ("inconclusive", -0.059)
    assert decision.high < 0
    assert decision.needs is not None
    assert what_it_takes(decision.needs) == (
        "even 50,000 cases would not decide if the difference stays the same"
    )


def test_repeats_beyond_the_look_take_no_part():
    changed = [replace(case, candidate=(1.0, 0.0, 0.0, 0.0, 0.0, 0.0)) for case in same(200)]

    decision = decide(changed, 1)

    assert decision == decide(same(200), 1)


def test_the_order_of_the_cases_makes_no_difference():
    cases = [*lost(4), *same(40), *lost(3, candidate=(0.5,) * 6)[2:]]
    cases = [replace(case, name=str(index)) for index, case in enumerate(cases)]
    shuffled = list(cases)
    Random(1).shuffle(shuffled)

    decisions = decide(cases, 2), decide(shuffled, 2)

    assert decisions[0] == decisions[1]


def test_cases_of_one_source_count_as_one():
    cases = [*lost(12), *same(28)]

    decision = decide([replace(case, source="one document") for case in cases], 1)

    assert (decision.verdict, decision.low, decision.high) == ("inconclusive", -1.0, 1.0)
    assert decision.smallest_visible == 1.0


def test_a_source_without_a_name_is_a_source():
    cases = [replace(case, source="") for case in lost(40)]

    decision = decide(cases, 1)

    assert decision.verdict == "inconclusive"


def test_a_case_without_answers_in_one_arm_is_named_and_left_out():
    silent = CaseScore(name="silent", baseline=RIGHT, candidate=())

    decision = decide([silent, *same(200)], 1)

    assert (decision.n, decision.unpaired) == (200, ("silent",))


def test_no_answers_at_all_decide_nothing():
    decision = decide([CaseScore(name="silent", baseline=(), candidate=())], 3)

    assert decision == Decision(
        verdict="inconclusive",
        difference=0.0,
        low=-1.0,
        high=1.0,
        p=1.0,
        n=0,
        repeats=0,
        worse=0,
        better=0,
        same=0,
        smallest_visible=1.0,
        margin=0.03,
        worst=(),
        culprits=(),
        unpaired=("silent",),
        needs=Needs(cases=138),
    )


def test_two_broken_cases_are_suspects_after_the_last_look():
    slightly = CaseScore(name="slightly", baseline=RIGHT, candidate=(1.0, 1.0, 1.0, 1.0, 0.0, 0.0))

    decision = decide([*lost(2), slightly, *same(47)], 3)

    assert (decision.verdict, decision.culprits) == ("inconclusive", ())
    assert decision.needs == Needs(suspects=("lost-0", "lost-1"), fresh=8)
    assert decision.worst == ("lost-0", "lost-1", "slightly")


def test_suspects_that_lose_again_fail_by_name():
    first, second = lost(2)
    cases = [asked_again(first, 8, 8), asked_again(second, 8, 1), *same(48)]

    decision = decide(cases, 3)

    assert (decision.verdict, decision.culprits) == ("fail", ("lost-1",))
    assert decision.needs is None


def test_one_proved_suspect_fails_while_the_other_was_not_asked_yet():
    first, second = lost(2)

    decision = decide([first, asked_again(second, 8, 1), *same(48)], 3)

    assert (decision.verdict, decision.culprits) == ("fail", ("lost-1",))


def test_suspects_asked_too_few_times_are_asked_for():
    first, second = lost(2)
    seven = replace(second, fresh_baseline=(1.0,) * 8, fresh_candidate=(0.0,) * 7)

    decision = decide([asked_again(first, 8, 8), seven, *same(48)], 3)

    assert (decision.verdict, decision.needs) == (
        "inconclusive",
        Needs(suspects=("lost-1",), fresh=8),
    )


def test_suspects_that_hold_leave_it_open_and_only_more_cases_would_tell():
    cases = [*(asked_again(case, 8, 8) for case in lost(2)), *same(48)]

    decision = decide(cases, 3)

    assert (decision.verdict, decision.needs) == ("inconclusive", Needs(cases=123))


def test_fresh_answers_of_a_case_that_is_no_suspect_prove_nothing():
    decision = decide([*same(7), asked_again(same(8)[7], 8, 0)], 3)

    assert (decision.verdict, decision.culprits) == ("inconclusive", ())


def test_a_graded_score_that_lost_a_hundredth_is_not_a_broken_case():
    case = CaseScore(
        name="graded",
        baseline=(0.8,) * 6,
        candidate=(0.3,) * 6,
        fresh_baseline=(0.8,) * 8,
        fresh_candidate=(0.79,) * 8,
    )

    decision = decide([case, *same(20)], 3)
    broken = decide([replace(case, fresh_candidate=(0.4,) * 8), *same(20)], 3)

    assert (decision.verdict, decision.culprits) == ("inconclusive", ())
    assert (broken.verdict, broken.culprits) == ("fail", ("graded",))


@pytest.mark.parametrize("score", [nan, -0.1, 1.1])
def test_a_score_that_is_none_is_refused_with_its_case(score):
    with pytest.raises(ValueError, match=f"case 'odd' has the score {score}, not one from 0 to 1"):
        CaseScore(name="odd", baseline=(1.0,), candidate=(score,))


@pytest.mark.parametrize("margin", [0, -0.03, 3, nan])
def test_a_margin_that_is_none_is_refused(margin):
    with pytest.raises(ValueError, match=f"the margin is {margin}, not above 0 and up to 1"):
        decide(same(2), 1, margin=margin)


def test_two_cases_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two cases are named 'same-0'"):
        decide([*same(1), *same(1)], 1)


SCORES = st.lists(st.sampled_from((0.0, 0.1, 0.5, 1.0)), max_size=8).map(tuple)


@settings(max_examples=examples(80), deadline=None)
@given(
    st.lists(st.tuples(SCORES, SCORES, SCORES, st.sampled_from((None, "", "a", "b"))), max_size=70),
    st.sampled_from((1, 2, 3)),
    st.sampled_from((0.0001, 0.03, 1.0)),
)
def test_whatever_the_answers_are_the_decision_is_consistent(rows, look, margin):
    cases = [
        CaseScore(
            name=str(index),
            baseline=before,
            candidate=after,
            fresh_baseline=fresh,
            fresh_candidate=fresh[::-1],
            source=source,
        )
        for index, (before, after, fresh, source) in enumerate(rows)
    ]

    decision = decide(cases, look, margin)

    assert -1 <= decision.low <= decision.difference + 1e-9
    assert decision.high <= 1
    assert 0 <= decision.p <= 1
    assert 0 < decision.smallest_visible <= 1
    assert decision.worse + decision.better + decision.same == decision.n
    assert decision.n + len(decision.unpaired) == len(cases)
    assert (decision.needs is None) == (decision.verdict != "inconclusive")
