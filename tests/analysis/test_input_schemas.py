"""What a schema says of a path, held against what the renderer accepts and fills in."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.analysis.input_schemas import InputSchemas, dotted
from promptops.analysis.uses import ITEM
from promptops.runtime.request.inputs import Inputs

BY_ONE = {"default": 1}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["tree", "union", "both", "map", "free", "wide", "ids", "pair"],
    "properties": {
        "tree": {"$ref": "#/$defs/tree"},
        "union": {"anyOf": [{"$ref": "#/$defs/cat"}, {"$ref": "#/$defs/dog"}, {"type": "null"}]},
        "both": {
            "type": ["object", "null"],
            "properties": {"a": {"type": ["integer", "string"]}},
            "allOf": [{"required": ["a"], "properties": {"a": {"type": "number"}, "b": BY_ONE}}],
        },
        "map": {"additionalProperties": {"type": "boolean"}},
        "free": {"type": "object"},
        "wide": {"anyOf": [{"const": n} for n in range(30)]},
        "ids": {"type": "object", "patternProperties": {"^x": {"type": "string"}}},
        "pair": {"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "number"}},
    },
    "$defs": {
        "tree": {
            "type": "object",
            "additionalProperties": False,
            "required": ["name"],
            "properties": {
                "name": {"enum": ["root", 1]},
                "leaf": {"type": "boolean", "default": True},
                "below": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
            },
        },
        "cat": {
            "additionalProperties": False,
            "required": ["name"],
            "properties": {"name": {"type": "string"}, "purr": {"const": "loud"}},
        },
        "dog": {
            "additionalProperties": False,
            "required": ["name", "bark"],
            "properties": {"name": {"type": "string"}, "bark": {"type": "integer"}},
        },
    },
}  # fmt: skip

ROWS: list[tuple[tuple[Any, ...], Any]] = [
    (("tree",), ({"object"}, False, True)),
    (("tree", "name"), ({"string", "number"}, False, True)),
    (("tree", "leaf"), ({"boolean"}, False, True)),
    (("tree", "below"), ({"array"}, True, True)),
    (("tree", "below", ITEM, "below", 0, "leaf"), ({"boolean"}, False, True)),
    (("tree", "nmae"), None),
    (("tree", "name", "first"), None),
    (("tree", "nmae", "first"), None),
    (("union",), ({"object", "null"}, False, True)),
    (("union", "name"), ({"string"}, False, True)),
    (("union", "bark"), ({"number"}, False, True)),
    (("union", "purr"), ({"string"}, True, True)),
    (("union", "fly"), None),
    (("both", "a"), ({"number"}, False, True)),
    (("both", "b"), (set(), True, True)),
    (("both", "c"), (set(), True, False)),
    (("map", "any"), ({"boolean"}, False, False)),
    (("free", "any", "more"), (set(), False, False)),
    (("wide",), (set(), False, True)),
    (("ids", "any"), (set(), False, False)),
    (("pair", ITEM), (set(), False, True)),
    (("lost",), None),
]


@pytest.mark.parametrize(("path", "expected"), ROWS, ids=[dotted(p[0], p[1:]) for p, _ in ROWS])
def test_a_path_has_types_and_may_be_missing(path: tuple[Any, ...], expected: Any) -> None:
    shape = InputSchemas(SCHEMA).at(path[0], path[1:])

    said = None if shape is None else (set(shape.types), shape.optional, shape.declared)
    assert said == expected


def test_the_renderer_agrees_on_what_is_filled_in_and_what_is_not() -> None:
    given = {
        "tree": {"name": "root", "below": [{"name": 1}]},
        "union": None,
        "both": {"a": 1},
        "map": {},
        "free": {},
        "wide": 3,
        "ids": {},
        "pair": [],
    }

    accepted, problems = Inputs(SCHEMA).accept(given)

    assert problems == ()
    assert accepted["tree"]["below"] == [{"name": 1, "leaf": True}]
    assert accepted["both"] == {"a": 1}


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"$ref": "#/properties/a"}}},
        {"properties": {"a": {"anyOf": [{"$ref": "#/properties/a"}]}}},
        {"properties": {"a": {"anyOf": [{"$ref": "#/properties/a"}] * 9}}},
        {"properties": {"a": {"$ref": "#/$defs/nowhere"}}},
        {"properties": {"a": {"$ref": "elsewhere.json"}}},
        {"properties": {"a": True}},
    ],
)
def test_a_schema_that_says_nothing_rules_nothing_out(schema: dict[str, Any]) -> None:
    shape = InputSchemas(schema).at("a", ("b", ITEM, 0))

    assert shape is not None
    assert (shape.types, shape.optional) == (frozenset(), False)


def test_a_path_is_written_as_a_person_would() -> None:
    assert dotted("a", ("b", ITEM, "c", 0)) == "a.b[].c[0]"
