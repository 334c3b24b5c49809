# ruff: noqa: E501 -- one case, one line
"""Checking a value against a schema, and finding what is wrong, within limits."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from promptops.runtime.request.schema_check import (
    MAX_MESSAGE_CHARS,
    message_of,
    shortened,
    validator,
)
from promptops.runtime.template.data import TooMuchWork
from tests.runtime.schema_child import CASES
from tests.tiers import fast_first

HERE = Path(__file__).parent
FITS = {"large whole numbers"}


@pytest.mark.parametrize("name", fast_first(CASES, first=1))
def test_no_schema_and_no_value_take_long_or_much_memory(name: str) -> None:
    child = subprocess.run(
        [sys.executable, str(HERE / "schema_child.py"), name],
        capture_output=True,
        check=False,
        env={"PYTHONPATH": str(HERE.parents[1])},
        text=True,
        timeout=120,
    )

    assert child.returncode == 0, child.stderr[-2000:]
    rows = json.loads(child.stdout)
    assert [row["way"] for row in rows] == ["inputs", "answer", "explained"]
    for row in rows:
        # Inputs of such numbers are refused, whatever their schema is.
        assert (row["problems"] == 0) == (name in FITS and row["way"] != "inputs"), row
        assert row["problems"] <= 100, row
        assert row["longest"] <= MAX_MESSAGE_CHARS, row
        assert row["cpu_s"] < 20, row  # a safety net: what hangs exceeds it
        assert row["grown_mb"] < 200, row


def record(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


TREE = {"$ref": "#/$defs/t", "$defs": {"t": record(k={"items": {"$ref": "#/$defs/t"}})}}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"items": record(a={"type": "string"}, b={"enum": ["x", "y"]})}, [{"a": "t", "b": "x"}] * 50_000),
        ({"items": {"pattern": "^[a-z]{1,20}$"}}, ["word"] * 50_000),
        ({"items": {"pattern": "^(?=.*[a-z])[a-z0-9]+$"}}, ["word1"] * 5_000),
        ({"items": {"anyOf": [{"type": "string"}, {"type": "null"}]}}, ["x", None] * 50_000),
        ({"pattern": r"^[\s\S]*\w$", "maxLength": 1_000_000}, "word " * 100_000 + "x"),
        (TREE, {"k": [{"k": [{"k": []}] * 100}] * 100}),
        ({"items": {"uniqueItems": True, "items": {"type": "integer"}}}, [[1, 2, 3]] * 20_000),
    ],
)  # fmt: skip
def test_a_large_value_that_fits_an_ordinary_schema_is_accepted(schema: Any, value: Any) -> None:
    assert validator(schema).is_valid(value)
    assert validator(schema).errors(value) == []


@pytest.mark.parametrize(
    ("schema", "value", "place"),
    [
        ({"items": {"type": "string"}}, ["x"] * 60_000 + [1], [60_000]),
        ({"items": {"type": "string"}, "maxItems": 3}, [1] * 60_000, []),
        ({"items": {"anyOf": [{"type": "string"}, {"type": "null"}]}}, ["x"] * 60_000 + [1], [60_000]),
        (TREE, {"k": [{}] * 60_000 + [{"k": [{"k": 1, "z": 2}]}]}, ["k", 60_000, "k", 0]),
    ],
)  # fmt: skip
def test_where_all_errors_need_too_much_memory_the_first_is_found(
    schema: Any, value: Any, place: list[Any]
) -> None:
    (error,) = validator(schema).errors(value)

    assert error.instance_path == place


def test_what_does_not_fit_a_condition_needs_no_memory() -> None:
    schema = {"maxItems": 3, "uniqueItems": True, "items": {"if": {"const": 2}}}

    found = validator(schema).errors([1] * 30_000)

    assert sorted(error.kind.name for error in found) == ["maxItems", "uniqueItems"]


def test_an_error_without_its_alternatives_names_the_keyword() -> None:
    schema = {"items": {"anyOf": [{"type": "string"}, {"type": "null"}]}}

    (error,) = validator(schema).errors([1] * 60_000)

    assert message_of(error) == (
        "the value does not fit the alternatives listed in the 'anyOf' keyword"
    )


def test_what_depends_on_alternatives_is_refused_without_a_place() -> None:
    schema = {"unevaluatedItems": False, "items": {"anyOf": [{"type": "string"}]}}

    with pytest.raises(TooMuchWork, match="the value does not fit its schema; it takes too long"):
        validator(schema).errors([1] * 60_000)


@pytest.mark.parametrize("value", [[1, "x", None], {"a": 1}, "x", 3])
def test_the_errors_of_a_small_value_are_those_of_the_library(value: Any) -> None:
    schema = {"type": ["array", "string"], "minLength": 2, "items": {"anyOf": [{"type": "null"}]}}
    theirs = jsonschema_rs.validator_for(schema).iter_errors(value)

    found = validator(schema).errors(value)

    assert [(e.message, e.instance_path) for e in found] == [
        (e.message, e.instance_path) for e in theirs
    ]


def test_a_long_message_loses_its_middle() -> None:
    assert shortened("a" * 5 + "b" * 5, 10) == "aaaaabbbbb"
    assert shortened("a" * 50 + "b" * 50, 12) == "aaaaa … bbbb"
    assert len(shortened("a" * 5_000)) == MAX_MESSAGE_CHARS


UNEVALUATED = {f"k{number}": number for number in range(8_000)}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"allOf": [{"properties": {f"k{number}": {}}} for number in range(3_000)], "unevaluatedProperties": False}, UNEVALUATED),
        ({"dependentSchemas": {f"k{number}": {"properties": {f"z{number}": {}}} for number in range(3_000)}, "unevaluatedProperties": False}, UNEVALUATED),
        ({"allOf": [{"contains": {"const": number}} for number in range(3_000)], "unevaluatedItems": False}, [-1] * 8_000),
    ],
)  # fmt: skip
def test_each_unevaluated_part_is_charged_for_each_schema_beside_it(
    schema: Any, value: Any
) -> None:
    with pytest.raises(TooMuchWork, match="too long to check the value"):
        validator(schema).is_valid(value)


def test_few_schemas_beside_many_unevaluated_members_are_checked() -> None:
    beside = [{"properties": {f"k{number}": {}}} for number in range(50)]
    schema = {"allOf": beside, "unevaluatedProperties": {"type": "integer"}}

    assert validator(schema).is_valid(UNEVALUATED)
