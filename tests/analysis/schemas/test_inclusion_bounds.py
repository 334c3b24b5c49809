"""Schemas that are broken, deep or large: nothing raises, hangs, or is called included."""

from __future__ import annotations

import math
from typing import Any

import pytest

from promptops.analysis.schemas.inclusion import SchemaDifference, differences
from promptops.model.change import ABSENT
from tests.hanging import ends_soon
from tests.tiers import fast_spread

TEXT = {"type": "string"}
WHOLE = {"type": "integer"}


def nested(depth: int, leaf: Any) -> Any:
    schema = leaf
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return schema


def doubling(leaf: Any, keyword: str = "properties") -> Any:
    """Each definition uses the next one twice."""
    names = [f"d{index}" for index in range(30)]
    definitions: dict[str, Any] = {"d30": leaf}
    for name, following in zip(names, [*names[1:], "d30"], strict=True):
        below = {"$ref": f"#/$defs/{following}"}
        parts = {"a": below, "b": below} if keyword == "properties" else [below, {"items": below}]
        definitions[name] = {keyword: parts}
    return {"$ref": "#/$defs/d0", "$defs": definitions}


def product(choices: int) -> Any:
    options = [
        {"anyOf": [{**TEXT, "minLength": n}, {**WHOLE, "minimum": n}]} for n in range(choices)
    ]
    return {"allOf": options}


def self_twice() -> Any:
    again = {"$ref": "#"}
    return {"type": "object", "properties": {"x": {"allOf": [again, {"anyOf": [again, again]}]}}}


HARD: dict[str, tuple[Any, Any]] = {
    "deep": (nested(45, TEXT), nested(45, WHOLE)),
    "too deep": (nested(400, TEXT), nested(400, WHOLE)),
    "doubling": (doubling(TEXT), doubling(WHOLE)),
    "doubling in anyOf": (doubling(TEXT, "anyOf"), doubling(WHOLE, "anyOf")),
    "a product of choices": (product(40), {"type": "null"}),
    "a product on the right": (WHOLE, product(40)),
    "itself twice": (self_twice(), {**self_twice(), "minProperties": 1}),
    "many values": ({"enum": list(range(20_000))}, {"enum": list(range(1, 20_001))}),
    "many properties": (
        {"properties": {f"p{n}": TEXT for n in range(1_000)}},
        {"properties": {f"p{n}": WHOLE for n in range(1_000)}},
    ),
    "a tiny step": ({"multipleOf": 1e-300}, {"multipleOf": 1e-200, "minimum": 1e300}),
    "a long text": (TEXT, {"maxLength": 10**12}),
    "many items": ({"type": "array"}, {"maxItems": 10**12}),
    "a slow pattern": ({"pattern": "(a+)+$"}, {"pattern": "(a|a)*c"}),
    "a huge pattern": ({"pattern": "((a{90}){90}){90}"}, {"pattern": "^b"}),
    "300 choices at once": (
        {"allOf": [{"anyOf": [{"minLength": n}, {"maxLength": n}]} for n in range(300)]},
        {"allOf": [{"anyOf": [{"minLength": n}, {"minLength": n}]} for n in range(300)]},
    ),
    "5000 properties that all differ": (
        {"properties": {f"p{n}": {"type": "string", "maxxLength": n} for n in range(5_000)}},
        {"properties": {f"p{n}": {"type": "string", "maxLength": n} for n in range(5_000)}},
    ),
    "what needs itself": ({"required": ["a"], "properties": {"a": {"$ref": "#"}}}, TEXT),
    "a chain": (
        {"$ref": "#/$defs/0", "$defs": {str(n): {"$ref": f"#/$defs/{n + 1}"} for n in range(300)}
            | {"300": TEXT}},
        WHOLE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", fast_spread(HARD, 4))
def test_hard_pairs_end_soon_with_a_difference(name: str) -> None:
    left, right = HARD[name]

    with ends_soon():
        found = differences(left, right)

    assert found


def test_no_choice_is_lost_where_they_are_too_many() -> None:
    pairs = [{"anyOf": [{"required": [f"x{n}"]}, {"required": [f"y{n}"]}]} for n in range(8)]
    left = {"type": "object", "allOf": pairs}

    found = differences(left, {"required": ["x0", "x7"]})

    assert [(one.keyword, one.name) for one in found] == [("required", "x0"), ("required", "x7")]


@pytest.mark.parametrize(
    "left",
    [
        None,
        [],
        "string",
        {"type": 5},
        {"properties": []},
        {"$ref": "elsewhere.json"},
        {"$ref": "#/properties/a/enum", "properties": {"a": {"enum": [{"type": "string"}]}}},
        {"$ref": "#/x-shared", "x-shared": {"properties": 7}},
        {"$ref": "#/x-shared", "x-shared": {"items": 7}},
        {"$ref": "#/x-shared", "x-shared": {"$ref": 7}},
        {"$ref": "#twice", "$defs": {"a": {"$anchor": "twice"}, "b": {"$anchor": "twice"}}},
        {"$dynamicRef": "#a", "$defs": {"a": {"$dynamicAnchor": "a"}}},
        {"dependencies": {"a": ["b"]}},
        {"minimum": math.inf},
        {"const": math.nan},
        {"const": "\ud800"},
        {"const": object()},
        {1: 2},
    ],
)
def test_what_is_no_schema_or_not_understood_is_undecided(left: Any) -> None:
    found = differences(left, {"type": "object"})

    assert [(one.pointer, one.decided, one.witness) for one in found] == [("", False, ABSENT)]


def test_a_broken_schema_is_included_in_itself_whatever_describes_it() -> None:
    broken = {"$schema": "http://json-schema.org/draft-07/schema#", "items": [TEXT]}

    found = differences({**broken, "title": "before"}, {**broken, "title": "after"})

    assert found == ()


def test_what_a_reference_leads_to_is_no_annotation() -> None:
    draft = {"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/x-shared"}

    found = differences({**draft, "x-shared": TEXT}, {**draft, "x-shared": WHOLE})

    assert [one.keyword for one in found] == ["$schema"]


def test_the_values_on_either_side_are_as_they_are_written() -> None:
    text = {"type": "string", "title": "a text"}
    left = {"anyOf": [{"$ref": "#/$defs/text"}, {"type": "null"}], "$defs": {"text": text}}
    right = {"anyOf": [text, {"type": "integer", "minimum": 0}]}

    found = differences(left, right)

    assert found == (
        SchemaDifference(
            keyword="anyOf",
            pointer="",
            name=None,
            left=left["anyOf"],
            right=right["anyOf"],
            decided=True,
            witness=None,
        ),
    )


def test_a_type_tells_what_either_side_admits() -> None:
    left = {"anyOf": [{"type": ["integer", "null"]}, {"enum": ["a", 0.5]}]}

    found = differences(left, {"type": ["integer", "string"]})

    assert [(one.left, one.right) for one in found] == [
        (("string", "number", "null"), ("string", "integer"))
    ]


def test_an_enum_tells_the_values_that_are_refused() -> None:
    left = {"anyOf": [{"enum": ["a", "b"]}, {"enum": ["c", "d"]}]}

    found = differences(left, {"enum": ["a", "c"]})

    assert [(one.left, one.right) for one in found] == [(("b", "d"), ("a", "c"))]


def test_a_witness_uses_the_examples_that_authors_gave() -> None:
    city = {"type": "string", "examples": ["Berlin"]}
    left = {"properties": {"city": city, "zip": TEXT}, "required": ["city"], "type": "object"}

    found = differences(left, {**left, "required": ["city", "zip"]})

    assert [one.witness for one in found] == [{"city": "Berlin"}]
