"""JSON found in texts, whatever stands around it."""

import pytest

from promptops.evals.json_values import NOTHING, found, parsed
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
    assert list(found(text)) == values


@pytest.mark.parametrize("text", ["[" * 1_000_000, '{"a":' * 200_000, "{" * 1_000_000])
def test_a_text_that_is_almost_json_ends_soon(text: str) -> None:
    with ends_soon(), pytest.raises(Unjudgeable):
        list(found(text))


@pytest.mark.parametrize("text", ["", "NaN", "{'a': 1}", '{"a": 1} x', "[" * 100_000])
def test_a_text_that_is_no_json_has_no_value(text: str) -> None:
    assert parsed(text) is NOTHING
