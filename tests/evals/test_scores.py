"""The scores of an answer, and the verdict of its case."""

from typing import Any

import pytest

from promptops.evals.judge_answer import primary, scores, status_of
from promptops.evals.result import Judgement, Status
from promptops.model.place import Place
from tests.evals.answers import judged


def said(status: Status, **given: Any) -> Judgement:
    return Judgement(
        **{
            "type": "contains",
            "status": status,
            "must": True,
            "reason": "",
            "place": Place("p"),
            **given,
        }
    )


def test_a_score_is_the_mean_of_its_measures_by_weight() -> None:
    output = [
        {"type": "contains", "value": "H", "score": "tone", "weight": 3},
        {"type": "contains", "value": "x", "score": "tone"},
        {"type": "ratio", "value": "Hi", "score": "likeness"},
        {"type": "not-ratio", "value": "Hi", "score": "unlikeness"},
        {"type": "contains", "value": "H"},
        {"type": "equals", "path": "/no", "value": "JSON", "score": "form"},
        {"type": "llm-rubric", "value": "It is polite."},
    ]

    found = scores(judged({"answer": "Hi there", "output": output}))

    assert found == {
        "tone": 0.75,
        "likeness": pytest.approx(0.4),
        "unlikeness": pytest.approx(0.6),
        "form": 0.0,
    }


def test_weights_that_are_no_binary_fractions_give_no_score_above_1() -> None:
    found = scores(said("passed", score="s", weight=0.1, degree=1.0) for _ in range(1_000))

    assert found == {"s": 1.0}


@pytest.mark.parametrize(
    ("evaluation", "names", "chosen"),
    [
        ({"score": "tone"}, ["tone", "quality"], "tone"),
        ({}, ["tone", "quality"], "quality"),
        ({}, ["tone"], "tone"),
        ({}, ["tone", "form"], None),
        ({}, [], None),
    ],
)
def test_the_primary_score_is_named_or_quality_or_the_only_one(
    evaluation: dict[str, Any], names: list[str], chosen: str | None
) -> None:
    assert primary(evaluation, names) == chosen


@pytest.mark.parametrize(
    ("every", "status"),
    [
        ([said("passed")], "passed"),
        ([said("passed"), said("failed", must=False, score="s")], "passed"),
        ([said("passed"), said("failed")], "failed"),
        ([said("error", must=False, score="s"), said("failed")], "error"),
        ([said("skipped"), said("passed")], "passed"),
        ([said("skipped")], "error"),
        ([said("passed"), said("error", lack="recording")], "stale"),
        ([said("error", lack="recording", must=False, score="s")], "stale"),
        ([said("failed"), said("error", lack="recording")], "failed"),
        ([said("error"), said("error", lack="recording")], "error"),
        ([said("passed"), said("error", lack="connection")], "error"),
        ([], "error"),
    ],
    ids=str,
)
def test_a_case_passes_where_all_that_must_hold_does_and_something_was_judged(
    every: list[Judgement], status: str
) -> None:
    assert status_of(every) == status
