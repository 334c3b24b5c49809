"""JSON found in texts, whatever stands around it, and what a JSON value has."""

from contextlib import suppress
from itertools import permutations
from random import Random
from typing import Any

import pytest

from promptops.evals.case_expressions import CaseWork
from promptops.evals.json_values import NOTHING, Coverage, embedded_values, parsed, same
from promptops.evals.verdict import Unjudgeable
from tests.hanging import ends_soon


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('Sure: {"a": [1]} and [2], {x} [', [{"a": [1]}, [2]]),
        ('```json\n{"a": {"b": 1}}\n```', [{"a": {"b": 1}}]),
        ("{" * 50 + '{"a": 1}', [{"a": 1}]),
        ("none", []),
        ("[NaN]", []),
    ],
)
def test_mappings_and_lists_are_found_in_a_text(text: str, values: list[object]) -> None:
    assert list(embedded_values(text)) == values


@pytest.mark.parametrize("text", ["[" * 1_000_000, '{"a":' * 200_000, "{" * 1_000_000])
def test_a_text_that_is_almost_json_ends_soon(text: str) -> None:
    with ends_soon(), pytest.raises(Unjudgeable):
        list(embedded_values(text))


@pytest.mark.parametrize("text", ["", "NaN", "{'a': 1}", '{"a": 1} x', "[" * 100_000])
def test_a_text_that_is_no_json_has_no_value(text: str) -> None:
    assert parsed(text) is NOTHING


def covers(value: object, expected: object) -> bool:
    return Coverage(CaseWork()).covers(value, expected)


@pytest.mark.parametrize(
    ("value", "expected", "has_it"),
    [
        ([1], [1, 1], False),
        ([1, 2, 1], [1, 1], True),
        ([[1], [2]], [[], []], True),
        ([[1]], [[], []], False),
        (
            [{"a": 1, "b": 2}, {"a": 1}],
            [{"a": 1}, {"b": 2}],
            True,
        ),  # the first item is for the other
        ([{"a": 1, "b": 2}, {"a": 2}], [{"a": 1}, {"b": 2}], False),
        ({"rows": [1, 2]}, {"rows": [2, 2]}, False),
        ([True], [1], False),
    ],
)
def test_each_expected_item_needs_an_item_of_its_own(
    value: object, expected: object, has_it: bool
) -> None:
    assert covers(value, expected) is has_it


def test_lists_are_matched_as_every_order_of_their_items_would_be() -> None:
    random = Random(26)
    for _ in range(3_000):
        value, expected = some_items(random), some_items(random)

        assert covers(value, expected) == has_in_some_order(value, expected), (value, expected)


def some_items(random: Random, depth: int = 1) -> list[Any]:
    return [
        some_items(random, depth - 1)
        if depth and random.random() < 0.3
        else {key: random.randint(0, 1) for key in random.sample("abc", random.randint(0, 2))}
        for _ in range(random.randint(0, 4))
    ]


def has_in_some_order(value: Any, expected: Any) -> bool:
    """The definition, tried for each order."""
    if isinstance(expected, dict):
        return isinstance(value, dict) and all(
            key in value and same(value[key], item) for key, item in expected.items()
        )
    return isinstance(value, list) and any(
        all(map(has_in_some_order, order, expected)) for order in permutations(value, len(expected))
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([1] * 5_000, [1] * 5_000),
        ([*range(5_000)], [*range(5_000)]),
        ([{"a": 1}] * 900, [{}] * 899 + [{"b": 1}]),
        ([{"a": 1, "b": n} for n in range(900)], [{}] * 450 + [{"b": n} for n in range(450)]),
    ],
    ids=["equal", "sorted", "one too many", "items change hands"],
)
def test_long_lists_end_soon(value: object, expected: object) -> None:
    with ends_soon(), suppress(Unjudgeable):
        covers(value, expected)
