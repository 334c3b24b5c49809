"""The line of figures that is printed, and the one that says what would settle it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from promptops.evals.deciding.decision import (
    Decision,
    Needs,
    plain_sentence,
    sentence,
    what_it_takes,
)

LOST = Decision(
    verdict="fail",
    difference=-0.042,
    low=-0.065,
    high=-0.019,
    p=0.003,
    n=200,
    repeats=3,
    worse=9,
    better=3,
    same=188,
    smallest_visible=0.049,
    margin=0.03,
    worst=("refund",),
    culprits=(),
    unpaired=(),
    needs=None,
)


def test_all_figures_stand_in_one_line():
    line = sentence(
        LOST,
        cost_change=0.12,
        spent_usd=0.14,
        baseline="v1.8.0 (recorded 2 days ago, same model)",
    )

    assert line == (
        "-4.2 points [-6.5, -1.9] p=.003 n=200 k=3 · 9 worse, 3 better, 188 same"
        " · smallest visible effect 4.9 · cost +12% · $0.14"
        " · baseline v1.8.0 (recorded 2 days ago, same model)"
    )


@pytest.mark.parametrize(
    ("difference", "unpaired", "expected"),
    [
        (-0.042, (), "4.2 points lower than v1: 9 of 200 cases worse, 3 better"),
        (0.1, (), "10.0 points higher than v1: 9 of 200 cases worse, 3 better"),
        (-0.0001, ("a",), "the same score as v1: 9 of 200 cases worse, 3 better, 1 not compared"),
    ],
)
def test_a_plain_sentence_has_no_statistics(difference, unpaired, expected):
    decision = replace(LOST, difference=difference, unpaired=unpaired)

    assert plain_sentence(decision, "v1") == expected


def test_what_is_not_known_is_left_out():
    line = sentence(LOST)

    assert line == (
        "-4.2 points [-6.5, -1.9] p=.003 n=200 k=3 · 9 worse, 3 better, 188 same"
        " · smallest visible effect 4.9"
    )


def test_a_gain_has_a_sign_and_a_case_without_an_answer_is_counted():
    gained = replace(LOST, difference=0.1, low=-0.0004, high=0.2, p=1.0, unpaired=("a", "b"))

    line = sentence(gained, cost_change=-0.001, spent_usd=0)

    assert line == (
        "+10.0 points [0.0, 20.0] p=1 n=200 k=3 · 9 worse, 3 better, 188 same"
        " · 2 not compared · smallest visible effect 4.9 · cost 0% · $0.00"
    )


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0, " p<.001 "),
        (0.0004, " p<.001 "),
        (0.0006, " p=.001 "),
        (0.5, " p=.500 "),
        (0.9994, " p=.999 "),
        (0.9995, " p=1 "),
    ],
)
def test_a_chance_has_three_places(p, text):
    line = sentence(replace(LOST, p=p))

    assert text in line


@pytest.mark.parametrize(
    ("needs", "text"),
    [
        (Needs(repeats=3), "3 repeats per case, on both sides, would give a clearer result"),
        (
            Needs(suspects=("refund",), fresh=8),
            "8 fresh answers to the suspect case, on both sides, would give a clearer result",
        ),
        (
            Needs(suspects=("refund", "angry"), fresh=8),
            "8 fresh answers to each of the 2 suspect cases, on both sides, "
            "would give a clearer result",
        ),
        (Needs(cases=98), "about 98 cases would decide if the difference stays the same"),
    ],
)
def test_what_would_settle_it_is_said(needs, text):
    assert what_it_takes(needs) == text
