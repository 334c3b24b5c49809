"""The texts that are kept whole where a reason is too short to show how they differ."""

import json
from typing import Any

import pytest

from tests.evals.answers import judged

LONG = "Please hold the reset button for ten seconds, wait for the green light, and start again."
OTHER = LONG.replace("ten", "10")
ORDER = {"order": "A-1042", "reason": LONG, "lines": [{"sku": "K-7", "amount": 1.0}]}
GOT = {**ORDER, "reason": OTHER, "note": "more than was asked for"}
TOOLS = [{"name": "find"}, {"name": "refund"}]


def compared(case: dict[str, Any], assertion: dict[str, Any]) -> tuple[str, str] | None:
    (found,) = judged({**case, "output": [assertion]})
    assert found.status in ("passed", "failed")
    return found.compared


def called(*arguments: Any) -> dict[str, Any]:
    calls = [{"name": "refund", "arguments": each} for each in arguments]
    return {"tools": TOOLS, "answer": {"tool_calls": calls}}


@pytest.mark.parametrize(
    ("answer", "assertion"),
    [
        (OTHER, {"type": "equals", "value": LONG}),
        (f"{OTHER}\nBye.", {"type": "starts-with", "value": LONG}),
        (json.dumps({"reply": OTHER}), {"type": "equals", "path": "/reply", "value": LONG}),
    ],
)
def test_texts_are_kept_character_by_character(answer: str, assertion: dict[str, Any]) -> None:
    expected, got = compared({"answer": answer}, assertion) or ("", "")

    assert expected == LONG
    assert got == f"{OTHER}\nBye."[: len(got)]
    assert len(got) >= len(OTHER)


def test_json_values_have_sorted_keys_an_item_a_line_and_one_spelling_of_a_number() -> None:
    texts = compared(
        {"answer": json.dumps(GOT)}, {"type": "equals", "path": "", "value": {**ORDER, "lines": 1}}
    )

    assert texts is not None
    assert json.loads(texts[1]) == GOT
    assert texts[1].splitlines()[1:6] == [
        '  "lines": [',
        "    {",
        '      "amount": 1,',
        '      "sku": "K-7"',
        "    }",
    ]


def test_what_was_not_asked_for_is_no_difference_where_more_may_be_there() -> None:
    texts = compared({"answer": json.dumps(GOT)}, {"type": "contains-json", "value": ORDER})

    assert texts is not None
    assert [json.loads(text) for text in texts] == [ORDER, {**ORDER, "reason": OTHER}]


@pytest.mark.parametrize(
    ("case", "assertion", "texts"),
    [
        (
            called(GOT),
            {"type": "tool-call", "name": "refund", "arguments": ORDER},
            (ORDER, {**ORDER, "reason": OTHER}),
        ),
        (
            called(GOT, {}),
            {
                "type": "tool-calls",
                "value": [{"name": "refund", "arguments": ORDER}, {"name": "refund"}],
            },
            ([ORDER, {}], [{**ORDER, "reason": OTHER}, {}]),
        ),
    ],
)
def test_arguments_of_the_calls_that_are_meant_are_compared(
    case: dict[str, Any], assertion: dict[str, Any], texts: tuple[Any, Any]
) -> None:
    found = compared(case, assertion)

    assert found is not None
    assert tuple(json.loads(text) for text in found) == texts


def test_answers_to_counterparts_are_compared() -> None:
    case = {"answer": OTHER, "others": {"other": LONG}}

    assert compared(case, {"type": "counterfactual", "value": "other"}) == (LONG, OTHER)


def test_a_likeness_that_is_missed_shows_both_texts() -> None:
    assertion = {"type": "ratio", "value": LONG, "threshold": 1.0}

    assert compared({"answer": OTHER}, assertion) == (LONG, OTHER)


DEEP: Any = LONG
for _ in range(100):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("case", "assertion"),
    [
        ({"answer": LONG}, {"type": "equals", "value": LONG}),
        ({"answer": OTHER}, {"type": "not-equals", "value": LONG}),
        ({"answer": LONG}, {"type": "not-equals", "value": LONG}),
        ({"answer": "short"}, {"type": "equals", "value": LONG}),
        ({"answer": LONG}, {"type": "equals", "value": "short"}),
        ({"answer": "x" * 60_000}, {"type": "equals", "value": LONG}),
        ({"answer": json.dumps(GOT)}, {"type": "equals", "path": "", "value": [1]}),
        ({"answer": json.dumps(GOT)}, {"type": "equals", "path": "", "value": LONG}),
        ({"answer": json.dumps(GOT)}, {"type": "equals", "path": "", "value": DEEP}),
        (
            {"answer": f"{json.dumps(GOT)} {json.dumps(GOT)}"},
            {"type": "contains-json", "value": ORDER},
        ),
        (called(GOT, GOT), {"type": "tool-call", "name": "refund", "arguments": ORDER}),
        (called("no JSON"), {"type": "tool-call", "name": "refund", "arguments": ORDER}),
        (called(GOT), {"type": "tool-calls", "value": ["refund", "refund"]}),
    ],
    ids=str,
)
def test_nothing_is_kept_where_the_reason_says_it_all_or_nobody_would_read_it(
    case: dict[str, Any], assertion: dict[str, Any]
) -> None:
    assert compared(case, assertion) is None
