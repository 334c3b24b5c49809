"""The fast check of inputs: what it accepts, jsonschema-rs accepts, too."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.runtime.request.inputs import Inputs
from promptops.runtime.request.plain_schema import MAX_DEPTH, is_plain_schema, plain_check
from promptops.runtime.request.schema_check import validator
from promptops.runtime.template.data import NotJson, json_copy
from tests.tiers import examples

EDGES = [0, 1, -1, 2, 3, 2**53 - 1, 2**53, 2**53 + 1, -(2**53), 2**63, 2**64, 10**40]
NUMBERS = st.sampled_from(
    [*EDGES, 0.0, -0.0, 1.0, 2.0, 1.5, 0.1, 1e16, 2.0**53, 1e300, 5e-324]
) | st.floats(allow_nan=True, allow_infinity=True)
STRINGS = st.sampled_from(
    ["", "a", "b", "1", "é", "e\u0301", "😀", "😀😀", "ab\0", "\ud83d", "\ue000", "true", "ｱ"]
) | st.text(max_size=3)
SCALARS = st.none() | st.booleans() | NUMBERS | STRINGS
NAMES = st.sampled_from(["a", "b", "c", "😀", ""])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "null", "array", "object"])
COUNTS = st.integers(0, 3)
LIMITS = st.sampled_from([-1, 0, 1, 1.0, 1.5, 2, 3, 2**53 - 1, 2**53, 10**40])
OPTIONS = st.lists(VALUES, min_size=1, max_size=4)
NOTES = {
    "title": STRINGS,
    "default": VALUES | st.just({"$ref": "#/nowhere"}) | st.just({"$id": "urn:x", "type": "x"}),
    "examples": st.lists(VALUES, max_size=2),
    "x-untrusted": VALUES,
    "x-note": st.just({"$ref": "https://example.com/none"}),
}


def _object(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
            "enum": OPTIONS,
            "const": VALUES,
            **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), LIMITS),
            **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), COUNTS),
            "items": inner,
            "properties": st.dictionaries(NAMES, inner, max_size=3),
            "required": st.lists(NAMES, max_size=3, unique=True),
            "additionalProperties": st.booleans() | inner,
            **NOTES,
        },
    )


SCHEMAS = st.recursive(st.booleans() | _object(st.booleans()), _object, max_leaves=4)
ANYTHING = VALUES | st.lists(STRINGS, max_size=3) | st.integers(-1, 3) | TYPES
KEYWORDS = [
    *("type", "enum", "const", "minimum", "maximum", "minLength", "maxLength", "items", "minItems"),
    *("maxItems", "properties", "required", "additionalProperties", "title", "description"),
    *("deprecated", "readOnly", "examples", "default", "$ref", "$id", "pattern", "anyOf", "format"),
]


def _accepts_only_what_fits(schema: Any, value: Any) -> None:
    check = plain_check(schema)
    if check is None:
        return
    reference = validator(schema) if isinstance(schema, dict) else None
    try:
        value = json_copy(value)
    except NotJson:
        return
    if check(value):
        assert reference.is_valid(value) if reference is not None else schema


@given(SCHEMAS, VALUES)
def test_what_the_fast_check_accepts_fits(schema: Any, value: Any) -> None:
    _accepts_only_what_fits(schema, value)


@pytest.mark.slow
@pytest.mark.long
@settings(max_examples=examples(4_000))
@given(SCHEMAS, VALUES)
def test_what_the_fast_check_accepts_fits_at_full_size(schema: Any, value: Any) -> None:
    _accepts_only_what_fits(schema, value)


@settings(max_examples=examples(500))
@given(st.dictionaries(st.sampled_from(KEYWORDS), ANYTHING, max_size=3))
def test_a_schema_with_a_fast_check_is_valid(schema: dict[str, Any]) -> None:
    if plain_check(schema) is not None:
        validator(schema)


@settings(max_examples=examples(500))
@given(st.dictionaries(st.sampled_from(KEYWORDS), ANYTHING, max_size=3) | SCHEMAS)
def test_a_schema_that_is_certainly_plain_has_a_fast_check(schema: Any) -> None:
    if is_plain_schema(schema):
        assert plain_check(schema) is not None


TICKET = {
    "type": "object",
    "additionalProperties": False,
    "required": ["ticket", "product"],
    "properties": {
        "ticket": {"type": "string", "minLength": 1, "maxLength": 3, "x-untrusted": True},
        "product": {"enum": ["hub", "router", 1, None, True], "description": "What it is about."},
        "tone": {"const": "formal"},
        "count": {"type": ["integer", "null"], "minimum": 0, "exclusiveMaximum": 5},
        "share": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        "issues": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "object"}},
    },
}
RIGHT = {"ticket": "😀😀😀", "product": "hub"}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"product": 1},
        {"product": True},
        {"product": None, "tone": "formal"},
        {"count": 0, "share": 1},
        {"count": None, "share": 0.5},
        {"issues": [{}, {"a": [1]}]},
    ],
)
def test_usual_inputs_are_accepted_without_the_validator(more: dict[str, Any]) -> None:
    assert is_plain_schema(TICKET)
    check = plain_check(TICKET)

    assert check is not None
    assert check({**RIGHT, **more})


@pytest.mark.parametrize(
    "more",
    [
        {"ticket": ""},
        {"ticket": "😀😀😀😀"},
        {"product": "Hub"},
        {"product": False},
        {"product": 1.5},
        {"tone": None},
        {"count": -1},
        {"count": 5},
        {"count": True},
        {"share": 0},
        {"share": 1.5},
        {"share": float("nan")},
        {"share": float("inf")},
        {"issues": []},
        {"issues": [{}, {}, {}]},
        {"issues": [None]},
        {"other": 1},
    ],
)
def test_what_does_not_fit_is_left_to_the_validator(more: dict[str, Any]) -> None:
    check = plain_check(TICKET)

    assert check is not None
    assert not check({**RIGHT, **more})
    assert not check({"ticket": "a"})


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/a"},
        {"$schema": "https://json-schema.org/draft/2020-12/schema"},
        {"pattern": "a"},
        {"anyOf": [{}]},
        {"uniqueItems": True},
        {"tpye": "string"},
        {"type": "text"},
        {"type": []},
        {"type": ["string", "string"]},
        {"required": ["a", "a"]},
        {"required": "a"},
        {"minLength": -1},
        {"minLength": 1.0},
        {"maximum": float("nan")},
        {"maximum": True},
        {"enum": []},
        {"items": [{}]},
        {"properties": {"a": 1}},
        {"properties": {"a": {"b": {"pattern": "("}}}},
        {"title": 1},
        {"title": "\ud83d"},
        {"default": ["\ud83d"]},
        {1: 2},
        [],
        None,
    ],
)
def test_a_schema_of_another_kind_has_no_fast_check(schema: Any) -> None:
    assert (plain_check(schema), is_plain_schema(schema)) == (None, False)


def test_an_invalid_part_is_an_error_when_the_inputs_are_prepared() -> None:
    with pytest.raises(ValueError, match="is not valid under any of"):
        Inputs({"properties": {"a": {"type": "text"}}})


def test_a_schema_that_is_nested_too_deep_has_no_fast_check() -> None:
    deep: dict[str, Any] = {}
    for _ in range(MAX_DEPTH + 1):
        deep = {"items": deep}

    assert (plain_check(deep), is_plain_schema(deep)) == (None, False)
    assert plain_check(deep["items"]) is not None
    assert is_plain_schema(deep["items"])


@pytest.mark.slow
def test_a_schema_that_is_too_large_when_written_out_has_no_fast_check() -> None:
    shared: dict[str, Any] = {"type": "string"}
    for _ in range(MAX_DEPTH):
        shared = {"properties": {"a": shared, "b": shared}}

    assert (plain_check(shared), is_plain_schema(shared)) == (None, False)


def test_inputs_that_fit_load_no_schema_library() -> None:
    code = """
import json, sys
from promptops.runtime.request.inputs import Inputs
schema, value = json.loads(sys.argv[1])
assert Inputs(schema).accept(value) == (value, ())
heavy = ("jsonschema", "jsonschema_rs", "email", "socket", "decimal")
print([name for name in heavy if name in sys.modules])
"""
    given = json.dumps([TICKET, RIGHT])

    done = subprocess.run(
        [sys.executable, "-c", code, given], capture_output=True, check=True, text=True
    )

    assert done.stdout == "[]\n"
