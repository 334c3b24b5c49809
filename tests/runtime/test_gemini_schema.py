"""The subset of JSON Schema that Gemini's structured outputs accept."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.runtime.request.provider_schemas import gemini_refusals, gemini_schema

NODE = {"type": "object", "properties": {"below": {"$ref": "#/$defs/node"}}}


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        ({"type": "string", "format": "date"}, {"type": "string", "format": "date"}),
        (
            {"type": "string", "maxLength": 3, "pattern": "^a"},
            {"type": "string", "description": '{"maxLength": 3, "pattern": "^a"}'},
        ),
        (
            {"type": "string", "maxLength": 3, "description": "A code."},
            {"type": "string", "description": 'A code.\n\n{"maxLength": 3}'},
        ),
        (
            {"type": "integer", "minimum": 1, "exclusiveMaximum": 9},
            {"type": "integer", "minimum": 1, "description": '{"exclusiveMaximum": 9}'},
        ),
        ({"const": "eur"}, {"enum": ["eur"]}),
        ({"const": 7}, {"enum": [7]}),
        ({"const": True}, {"description": '{"const": true}'}),
        (
            {"type": ["string", "null"], "title": "T", "enum": ["a", "b", None]},
            {"title": "T", "anyOf": [{"type": "string", "enum": ["a", "b"]}, {"type": "null"}]},
        ),
        ({"enum": [["a"]]}, {"description": '{"enum": [["a"]]}'}),
        (
            {"type": "array", "items": {"type": "string", "maxLength": 3}, "uniqueItems": True},
            {
                "type": "array",
                "items": {"type": "string", "description": '{"maxLength": 3}'},
                "description": '{"uniqueItems": true}',
            },
        ),
        (
            {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}},
            {
                "type": "object",
                "additionalProperties": {"type": "string", "description": '{"minLength": 1}'},
            },
        ),
        (
            {"type": "object", "additionalProperties": False, "$schema": "s", "x-note": 1},
            {"type": "object", "additionalProperties": False},
        ),
        (
            {"$ref": "#/$defs/a", "description": "d", "$defs": {"a": {"type": "null"}}},
            {"$ref": "#/$defs/a", "$defs": {"a": {"type": "null"}}},
        ),
        (True, {}),
    ],
)
def test_limits_that_the_api_ignores_are_in_the_description(schema: Any, sent: Any) -> None:
    assert list(gemini_refusals(schema)) == []
    assert gemini_schema(schema) == sent


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"allOf": [{"type": "string"}]}, [("/allOf", "`allOf` in a schema")]),
        (
            {"properties": {"a/b": {"not": {"type": "null"}}}},
            [("/properties/a~1b/not", "`not` in a schema")],
        ),
        (
            {"items": {"anyOf": [{"if": {}, "then": {}}]}},
            [
                ("/items/anyOf/0/if", "`if` in a schema"),
                ("/items/anyOf/0/then", "`then` in a schema"),
            ],
        ),
        (
            {"additionalProperties": {"patternProperties": {}}},
            [("/additionalProperties/patternProperties", "`patternProperties` in a schema")],
        ),
        (
            {"$defs": {"a": {"type": "string"}}, "items": {"$ref": "#/$defs/a", "maxLength": 3}},
            [("/items/maxLength", "`maxLength` beside a `$ref`")],
        ),
        ({"properties": {"a": False}}, [("/properties/a", "the schema `false`")]),
        ({"$ref": "#/$defs/node", "$defs": {"node": NODE}}, []),
        (
            {"$ref": "#/$defs/node", "$defs": {"node": {**NODE, "required": ["below"]}}},
            [
                (
                    "/$defs/node/properties/below/$ref",
                    "a `$ref` that leads back to itself through required properties or items",
                )
            ],
        ),
        (
            {"type": "array", "items": {"$ref": "#"}},
            [
                (
                    "/items/$ref",
                    "a `$ref` that leads back to itself through required properties or items",
                )
            ],
        ),
    ],
)
def test_what_would_change_the_meaning_of_a_schema_is_refused_at_its_place(
    schema: Any, expected: list[tuple[str, str]]
) -> None:
    assert [(each.at, each.what) for each in gemini_refusals(schema)] == expected


def test_a_schema_with_many_references_is_searched_once() -> None:
    names = [f"d{number}" for number in range(200)]
    everywhere = [{"$ref": f"#/$defs/{name}"} for name in names]
    definitions = {
        name: {"anyOf": everywhere[index + 1 :] or [{"type": "null"}]}
        for index, name in enumerate(names)
    }

    assert list(gemini_refusals({"$defs": definitions, "anyOf": everywhere})) == []
