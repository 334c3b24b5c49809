"""Pairs of schemas, and what the right one refuses of the left one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from promptops.analysis.schemas.inclusion import SchemaDifference, differences
from promptops.model.change import ABSENT
from promptops.runtime.request.schema_check import validator

Row = tuple[Any, ...]
"""Left, right, and of each difference: keyword, pointer, name, and what is not known of it."""

TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
NUMBER = {"type": "number"}
NULL = {"type": "null"}
LIST = {"type": "array"}
OBJECT = {"type": "object"}
METASCHEMA = {"$ref": "https://json-schema.org/draft/2020-12/schema"}
CLOSED = {"additionalProperties": False}


def having(*needed: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(needed)}


def kind(tag: str, **properties: Any) -> dict[str, Any]:
    return having("kind", kind={"const": tag}, **properties)


def items(schema: Any, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": schema, **more}


def linked(value: Any, name: str = "node") -> dict[str, Any]:
    node = having("value", value=value, next={"anyOf": [{"$ref": f"#/$defs/{name}"}, NULL]})
    return {"$ref": f"#/$defs/{name}", "$defs": {name: node}}


def mutual(value: Any) -> dict[str, Any]:
    return {
        "$ref": "#/$defs/even",
        "$defs": {
            "even": items({"$ref": "#/$defs/odd"}),
            "odd": {"anyOf": [items({"$ref": "#/$defs/even"}), value]},
        },
    }


SAME: list[Row] = [
    (True, {}),
    (False, TEXT),
    (False, False),
    (WHOLE, NUMBER),
    ({**NUMBER, "multipleOf": 1}, WHOLE),
    ({**NUMBER, "multipleOf": 2}, WHOLE),
    ({"type": ["integer", "number"]}, NUMBER),
    ({"const": 1.0}, WHOLE),
    ({"enum": ["a", "b"]}, TEXT),
    ({"enum": ["a", "b"]}, {"enum": ["c", "b", "a"]}),
    ({"const": "a"}, {"enum": ["a"]}),
    ({"enum": ["a"]}, {"const": "a"}),
    ({"type": "boolean"}, {"enum": [False, True]}),
    (NULL, {"const": None}),
    ({**WHOLE, "minimum": 1, "maximum": 3}, {"enum": [1, 2, 3]}),
    ({**WHOLE, "minimum": 0.5}, {"minimum": 1}),
    ({**WHOLE, "exclusiveMinimum": 0}, {"minimum": 1}),
    ({**WHOLE, "exclusiveMaximum": 10}, {"maximum": 9}),
    ({**NUMBER, "minimum": 1}, {"exclusiveMinimum": 0}),
    ({**NUMBER, "exclusiveMinimum": 0}, {"minimum": 0}),
    ({"multipleOf": 0.3}, {"multipleOf": 0.1}),
    ({"allOf": [{"multipleOf": 2}, {"multipleOf": 3}]}, {"multipleOf": 6}),
    ({**WHOLE, "multipleOf": 4, "minimum": 1}, {"minimum": 4}),
    ({**NUMBER, "minimum": 2, "maximum": 1}, TEXT),
    ({**TEXT, "minLength": 2}, {"minLength": 1}),
    ({**TEXT, "maxLength": 0}, {"enum": [""]}),
    ({**TEXT, "pattern": "^a+$"}, {"pattern": "^a+$"}),
    ({"allOf": [{"pattern": "^a"}, {"pattern": "b$"}]}, {"pattern": "b$"}),
    ({**TEXT, "pattern": "^a"}, {"minLength": 1}),
    *((TEXT, {"pattern": pattern}) for pattern in ("", "^", ".*", "^.*", "a?", "(?:ab)*", "x|")),
    (OBJECT, {"propertyNames": {"pattern": ".*"}}),
    ({"items": TEXT}, {"items": {"pattern": "^"}}),
    (items(WHOLE), items(NUMBER)),
    (items(WHOLE, maxItems=0), items(TEXT)),
    (items(TEXT, minItems=2), {"minItems": 1}),
    (items(TEXT, maxItems=1), {"uniqueItems": True}),
    (items(WHOLE, prefixItems=[TEXT]), items(NUMBER, prefixItems=[TEXT])),
    ({**LIST, "prefixItems": [TEXT], "items": False}, {"maxItems": 1}),
    ({**LIST, "prefixItems": [TEXT, TEXT], "items": False}, items(TEXT)),
    (items(WHOLE, minItems=1), {"contains": NUMBER}),
    ({**LIST, "contains": WHOLE}, {"contains": NUMBER}),
    ({**LIST, "contains": WHOLE, "minContains": 2}, {"contains": WHOLE}),
    (items(TEXT), {"contains": WHOLE, "minContains": 0, "maxContains": 1}),
    (having("a", a=TEXT), having(a=TEXT)),
    (having(a=TEXT) | CLOSED, having(a=TEXT, b=TEXT) | CLOSED),
    (having(a=TEXT) | CLOSED, {**OBJECT, "additionalProperties": TEXT}),
    (having(a=False, b=TEXT) | CLOSED, having(b=TEXT) | CLOSED),
    (having("a", a=False), TEXT),
    (having("a", a=TEXT), {"minProperties": 1}),
    (having(a=TEXT) | CLOSED, {"maxProperties": 1}),
    (having(a=TEXT) | CLOSED, {"propertyNames": {"maxLength": 1}}),
    ({"propertyNames": {"maxLength": 1}}, {"propertyNames": {"maxLength": 2}}),
    (having("a", "b"), {"dependentRequired": {"a": ["b"]}}),
    ({"dependentRequired": {"a": ["b"], "b": ["c"]}}, {"dependentRequired": {"a": ["c"]}}),
    ({**OBJECT, "patternProperties": {"^x": WHOLE}}, {"patternProperties": {"^x": NUMBER}}),
    ({"patternProperties": {"^x": WHOLE}} | CLOSED, {"additionalProperties": WHOLE}),
    ({**OBJECT, "additionalProperties": WHOLE}, {"patternProperties": {"^x": NUMBER}}),
    (having(a=TEXT) | CLOSED, having(a=TEXT) | {"unevaluatedProperties": False}),
    ({**OBJECT, "maxProperties": 0}, having(a=TEXT) | CLOSED),
    ({"type": ["string", "null"]}, {"anyOf": [NULL, TEXT]}),
    ({"anyOf": [TEXT, NULL]}, {"type": ["string", "null"]}),
    ({"anyOf": [{"const": "a"}, {"const": "b"}]}, {"enum": ["a", "b"]}),
    ({"oneOf": [TEXT, WHOLE]}, {"oneOf": [NUMBER, TEXT]}),
    ({"oneOf": [kind("a"), kind("b")]}, {"oneOf": [kind("b"), kind("a")]}),
    (having("kind", kind={"enum": ["a", "b"]}), {"anyOf": [kind("a"), kind("b")]}),
    (having("kind", kind={"enum": ["a", "b"]}), {"oneOf": [kind("a"), kind("b"), kind("c")]}),
    ({"allOf": [having("a"), having(a=TEXT)]}, having("a", a=TEXT)),
    (having("a", a=TEXT), {"allOf": [having("a"), having(a=TEXT)]}),
    (having("a", a=TEXT, b=TEXT) | {"maxProperties": 1}, having(a=TEXT) | CLOSED),
    (WHOLE, {"not": TEXT}),
    ({"allOf": [TEXT, {"not": {"const": "a"}}]}, {"not": {"enum": ["a"]}}),
    ({"not": NUMBER}, {"not": WHOLE}),
    ({"enum": ["b", "c"]}, {"not": {"const": "a"}}),
    ({"not": NULL}, {"not": {"const": None}}),
    ({**TEXT, "minLength": 1}, {"if": TEXT, "then": {"minLength": 1}}),
    ({"if": TEXT, "then": {"minLength": 2}}, {"if": TEXT, "then": {"minLength": 1}}),
    ({"dependentSchemas": {"a": having("b")}}, {"dependentRequired": {"a": ["b"]}}),
    ({"dependentRequired": {"a": ["b"]}}, {"dependentSchemas": {"a": {"required": ["b"]}}}),
    ({"$ref": "#/$defs/t", "$defs": {"t": TEXT}}, TEXT),
    (TEXT, {"$ref": "#text", "$defs": {"x": {"$anchor": "text", **TEXT}}}),
    (
        {"$ref": "#/$defs/a~1b%25", "$defs": {"a/b%": TEXT}},
        {"$ref": "#/$defs/c", "$defs": {"c": TEXT}},
    ),
    ({"$ref": "#/$defs/t", "minLength": 2, "$defs": {"t": TEXT}}, {**TEXT, "minLength": 1}),
    (linked(WHOLE), linked(WHOLE, "renamed")),
    (linked(WHOLE), linked(NUMBER)),
    (mutual(WHOLE), mutual(NUMBER)),
    ({**OBJECT, "properties": {"below": {"$ref": "#"}}}, having(below=OBJECT)),
    (
        {"$ref": "https://json-schema.org/draft/2020-12/schema"},
        {"$ref": "https://json-schema.org/draft/2020-12/schema", "title": "a schema"},
    ),
    (
        {**TEXT, "title": "t", "default": "d", "x-any": {"type": 1}, "format": "email"},
        {**TEXT, "description": "other", "examples": [1], "deprecated": True},
    ),
    (having("title", title=TEXT, default=WHOLE), having("title", title=TEXT, default=WHOLE)),
    ({**TEXT, "unknown": {"$ref": "nowhere"}}, TEXT),
]

MORE: list[Row] = [
    (True, False, "false"),
    ({}, TEXT, "type"),
    (TEXT, WHOLE, "type"),
    (NUMBER, WHOLE, "type"),
    (NUMBER, {**WHOLE, "maximum": 5}, "type", "maximum"),
    ({"type": ["string", "null"], "minLength": 1}, {**TEXT, "minLength": 3}, "type", "minLength"),
    ({"enum": ["a", 1]}, TEXT, "type"),
    ({"enum": ["a", "b"]}, {"enum": ["b"]}, "enum"),
    (TEXT, {"enum": ["a"]}, "enum"),
    ({"const": 1}, {"const": 2}, "const"),
    ({"const": 1}, {"const": True}, "const"),
    ({"type": "boolean"}, {"const": True}, "const"),
    ({**WHOLE, "minimum": 1, "maximum": 4}, {"enum": [1, 2, 3]}, "enum"),
    ({**NUMBER, "minimum": 0.5}, {"minimum": 1}, "minimum"),
    (WHOLE, {"minimum": 1}, "minimum"),
    ({**WHOLE, "maximum": 10}, {"maximum": 9.5}, "maximum"),
    ({"minimum": 0}, {"exclusiveMinimum": 0}, "exclusiveMinimum"),
    ({"maximum": 0}, {"exclusiveMaximum": 0}, "exclusiveMaximum"),
    ({"multipleOf": 0.1}, {"multipleOf": 0.3}, "multipleOf"),
    (WHOLE, {"multipleOf": 2}, "multipleOf"),
    ({**TEXT, "minLength": 2}, {"minLength": 3}, "minLength"),
    ({**TEXT, "maxLength": 5}, {"maxLength": 4}, "maxLength"),
    (TEXT, {"maxLength": 1_000_000_000}, "maxLength without witness"),
    (TEXT, {"pattern": "^a"}, "pattern"),
    ({"pattern": "^a"}, {"pattern": "^a+$"}, "pattern"),
    ({"pattern": "^ab"}, {"pattern": "^a"}, "pattern undecided"),
    *(
        (TEXT, {"pattern": every}, "pattern undecided")
        for every in ("$", "^.*$", "(?=)", "^(?!\\b.)|.")
    ),
    (TEXT, {"pattern": "^$"}, "pattern"),
    (METASCHEMA, {"type": ["object", "boolean"]}, "type undecided"),
    (METASCHEMA, {"type": "object"}, "type"),
    (METASCHEMA, {"properties": {"title": TEXT}}, "type /properties/title undecided"),
    (
        {"properties": {"s": METASCHEMA}},
        {"properties": {"s": {"properties": {"title": TEXT}}}},
        "type /properties/s/properties/title undecided",
    ),
    ({"pattern": "^[A-Z]{3}-\\d+$"}, {"maxLength": 4}, "maxLength"),
    (items(NUMBER), items(WHOLE), "type /items"),
    (items(items(NUMBER)), items(items(WHOLE)), "type /items/items"),
    (LIST, {"minItems": 1}, "minItems"),
    (LIST, {"maxItems": 2}, "maxItems"),
    (items(TEXT), {"uniqueItems": True}, "uniqueItems"),
    (items(TEXT), {"prefixItems": [WHOLE]}, "type /prefixItems/0"),
    ({"prefixItems": [TEXT]}, items(TEXT), "type", "type /items"),
    (items(TEXT), {"contains": WHOLE}, "contains"),
    ({"contains": WHOLE}, {"contains": WHOLE, "maxContains": 1}, "contains"),
    (items(WHOLE), {"contains": NUMBER}, "contains"),
    ({**LIST, "contains": False, "minContains": 0}, TEXT, "type"),
    (LIST, {"unevaluatedItems": False}, "unevaluatedItems"),
    (having(a=TEXT), having("a", a=TEXT), "required a"),
    (having(a=TEXT), having("b", "a"), "required b", "required a"),
    (having("a", a=NUMBER), having(a=WHOLE), "type /properties/a"),
    (having(**{"a/b~": NUMBER}), having(**{"a/b~": WHOLE}), "type /properties/a~1b~0"),
    (having(a=TEXT), having(a=False), "false /properties/a"),
    (having(a=TEXT, b=TEXT) | CLOSED, having(a=TEXT) | CLOSED, "additionalProperties b"),
    (having(a=TEXT), having(a=TEXT) | CLOSED, "additionalProperties"),
    (
        having(a=TEXT, b=TEXT),
        having(a=TEXT) | CLOSED,
        "additionalProperties b",
        "additionalProperties",
    ),
    (
        having(a=TEXT) | CLOSED,
        {**OBJECT, "additionalProperties": WHOLE},
        "type /additionalProperties",
    ),
    (OBJECT, {"minProperties": 1}, "minProperties"),
    (OBJECT, {"maxProperties": 2}, "maxProperties"),
    (having(title=TEXT), having(title=WHOLE), "type /properties/title"),
    (OBJECT, {"propertyNames": {"maxLength": 2}}, "propertyNames"),
    (having(abc=TEXT) | CLOSED, {"propertyNames": {"maxLength": 2}}, "propertyNames abc"),
    (OBJECT, {"dependentRequired": {"a": ["b"]}}, "dependentRequired b"),
    (OBJECT, {"dependentSchemas": {"a": {"required": ["b"]}}}, "required /dependentSchemas/a b"),
    (OBJECT, {"patternProperties": {"^x": TEXT}}, "type /patternProperties/^x"),
    (
        {"patternProperties": {"^x": TEXT}} | CLOSED,
        {**OBJECT, "patternProperties": {"^y": TEXT}} | CLOSED,
        "type",
        "type /patternProperties/^y undecided",
        "additionalProperties",
    ),
    (
        having(a=TEXT),
        having(b=TEXT) | {"unevaluatedProperties": False},
        "type /properties/b",
        "unevaluatedProperties a",
        "unevaluatedProperties",
    ),
    ({"type": ["string", "null"]}, {"anyOf": [TEXT, WHOLE]}, "anyOf"),
    ({"anyOf": [TEXT, NULL]}, TEXT, "type"),
    (
        {"type": ["string", "null"]},
        {"anyOf": [{**TEXT, "minLength": 1}, NULL]},
        "minLength /anyOf/0",
    ),
    ({"const": "x"}, {"anyOf": [{"enum": ["a", "b"]}, NULL]}, "enum /anyOf/0"),
    (
        {**WHOLE, "minimum": 0, "maximum": 100},
        {"anyOf": [{"maximum": 50}, {"minimum": 51}]},
        "anyOf undecided",
    ),
    ({**WHOLE, "minimum": 0}, {"anyOf": [{"maximum": 50}, {"minimum": 52}]}, "anyOf"),
    (
        {"oneOf": [kind("a", x=WHOLE), kind("b")]},
        {"oneOf": [kind("a", x=TEXT), kind("b")]},
        "type /oneOf/0/properties/x",
    ),
    ({"oneOf": [kind("a"), kind("b"), kind("c")]}, {"oneOf": [kind("a"), kind("b")]}, "oneOf"),
    (
        {"anyOf": [kind("a"), kind("b")]},
        having("kind", kind={"enum": ["a"]}),
        "enum /properties/kind",
    ),
    (TEXT, {"oneOf": [{"minLength": 1}, TEXT]}, "oneOf"),
    (having(a=TEXT), {"allOf": [having(a=TEXT), having("a")]}, "required /allOf/1 a"),
    (TEXT, {"not": {"const": "a"}}, "not"),
    (TEXT, {"not": {"type": "string"}}, "not"),
    (TEXT, {"if": {"minLength": 2}, "then": {"pattern": "^a"}}, "if"),
    (TEXT, {"if": {"minLength": 2}, "else": False}, "if"),
    (
        {"$ref": "#/$defs/t", "$defs": {"t": TEXT}},
        {"$ref": "#/$defs/t", "$defs": {"t": WHOLE}},
        "type",
    ),
    (linked(NUMBER), linked(WHOLE), "type /properties/value"),
    (mutual(NUMBER), mutual(WHOLE), "type /items/anyOf/1"),
    (having(below={"$ref": "#"}), having(below={"$ref": "#"}) | CLOSED, "additionalProperties"),
    ({"not": {"pattern": "^a"}}, {**TEXT, "maxLength": 3}, "maxLength"),
    ({"not": {"const": "a"}}, NULL, "type"),
    ({"dependentSchemas": {"a": having("b")}}, OBJECT, "type"),
    (
        having(a=TEXT) | {"unevaluatedProperties": False},
        {**OBJECT, "unevaluatedProperties": False},
        "unevaluatedProperties a",
        "unevaluatedProperties undecided",
    ),
    ({"enum": [[], 2]}, {"not": {"$ref": "#"}}, "$ref undecided"),
    ({}, {"type": "nonsense"}, "schema undecided"),
    ({"$ref": "#/nowhere"}, {}, "schema undecided"),
    ({}, {"items": {"$id": "x", "items": {"$ref": "#"}}}, "$id undecided"),
    ({}, {"anyOf": [TEXT, {"$ref": "#"}]}, "$ref undecided"),
    ({"$schema": "http://json-schema.org/draft-07/schema#"}, TEXT, "$schema undecided"),
]


def _numbered(rows: Sequence[Row]) -> list[Any]:
    return [pytest.param(*row[:2], list(row[2:]), id=f"{n}") for n, row in enumerate(rows)]


def _said(one: SchemaDifference) -> str:
    unproved = "without witness" if one.decided else "undecided"
    missing = unproved if one.witness is ABSENT else ""
    return " ".join(filter(None, (one.keyword, one.pointer, one.name, missing)))


@pytest.mark.parametrize(("left", "right", "expected"), _numbered(SAME))
def test_each_instance_of_the_left_is_one_of_the_right(
    left: Any, right: Any, expected: Any
) -> None:
    found = differences(left, right)

    assert list(found) == expected


@pytest.mark.parametrize(("left", "right", "expected"), _numbered(MORE))
def test_what_the_right_refuses_is_named_and_proved(left: Any, right: Any, expected: Any) -> None:
    found = differences(left, right)

    assert list(map(_said, found)) == expected


@pytest.mark.parametrize(("left", "right", "expected"), _numbered(MORE))
def test_a_witness_is_an_instance_of_the_left_and_none_of_the_right(
    left: Any, right: Any, expected: Any
) -> None:
    found = differences(left, right)

    for witness in (one.witness for one in found if one.witness is not ABSENT):
        assert _validator(left).is_valid(witness)
        assert not _validator(right).is_valid(witness)


def _validator(schema: Any) -> Any:
    return validator(schema if isinstance(schema, dict) else {} if schema else {"not": {}})
