"""The keywords of JSON Schema that people write in prompt files, as a schema of schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.patterns import lazy_pattern

IN_SCHEMAS = lazy_pattern(
    r"/inputs/(?:properties|\$defs)/[^/]+|/output/schema|/tools/\d+/(?:parameters|returns)"
)
"""Pointers of the JSON Schemas in a prompt file."""

DEEPEST_ROOT = 3
"""Steps of the longest of these pointers."""

_SCHEMA = {"$ref": "#/$defs/jsonSchema"}
_SCHEMAS = {"type": "array", "items": _SCHEMA}
_NAMED = {"type": "object", "additionalProperties": _SCHEMA}
_COUNT = {"type": "integer"}
_TYPES = ["string", "number", "integer", "boolean", "array", "object", "null"]
_FORMATS = ["date", "date-time", "time", "duration", "email", "uri", "uuid", "hostname", "regex"]


def _described(shape: Mapping[str, Any], description: str) -> Mapping[str, Any]:
    return {"description": description, **shape}


JSON_SCHEMA: Mapping[str, Any] = {
    "type": ["object", "boolean"],
    "properties": {
        "type": {
            "description": "The type of the value; a list of types accepts each of them.",
            "anyOf": [{"enum": _TYPES}, {"type": "array", "items": {"enum": _TYPES}}],
        },
        "description": {"description": "What the value is.", "type": "string"},
        "title": {"description": "A short name for people.", "type": "string"},
        "default": {"description": "The value if none is given."},
        "enum": {"description": "The accepted values.", "type": "array"},
        "const": {"description": "The only accepted value."},
        "examples": {"description": "Examples of the value.", "type": "array"},
        "deprecated": {"description": "The value should not be used.", "type": "boolean"},
        "minLength": _described(_COUNT, "Minimum length of a string, in characters."),
        "maxLength": _described(_COUNT, "Maximum length of a string, in characters."),
        "pattern": {
            "description": "A regular expression that matches somewhere in a string.",
            "type": "string",
        },
        "format": {"description": "The format of a string.", "enum": _FORMATS},
        "minimum": {"description": "The least accepted number.", "type": "number"},
        "maximum": {"description": "The greatest accepted number.", "type": "number"},
        "exclusiveMinimum": {"description": "Numbers must be greater than this.", "type": "number"},
        "exclusiveMaximum": {"description": "Numbers must be less than this.", "type": "number"},
        "multipleOf": {"description": "Numbers must be multiples of this.", "type": "number"},
        "items": _described(_SCHEMA, "The schema of each item of a list."),
        "prefixItems": _described(_SCHEMAS, "The schemas of the first items of a list."),
        "contains": _described(_SCHEMA, "At least one item of a list matches this schema."),
        "minItems": _described(_COUNT, "Minimum number of items."),
        "maxItems": _described(_COUNT, "Maximum number of items."),
        "uniqueItems": {"description": "No two items are equal.", "type": "boolean"},
        "properties": _described(_NAMED, "The keys of an object, each with its schema."),
        "required": {
            "description": "The keys that an object must have.",
            "type": "array",
            "items": {"type": "string"},
        },
        "additionalProperties": _described(
            {"anyOf": [{"type": "boolean"}, _SCHEMA]},
            "Whether an object may have other keys, or the schema of their values.",
        ),
        "patternProperties": _described(
            _NAMED, "The schemas of keys that match a regular expression."
        ),
        "propertyNames": _described(_SCHEMA, "The schema of the names of keys."),
        "minProperties": _described(_COUNT, "Minimum number of keys."),
        "maxProperties": _described(_COUNT, "Maximum number of keys."),
        "anyOf": _described(_SCHEMAS, "The value matches at least one of these schemas."),
        "oneOf": _described(_SCHEMAS, "The value matches exactly one of these schemas."),
        "allOf": _described(_SCHEMAS, "The value matches all of these schemas."),
        "not": _described(_SCHEMA, "The value does not match this schema."),
        "$ref": {
            "description": "Another schema: a file relative to the schema root, or `#/$defs/NAME`.",
            "type": "string",
        },
        "$defs": _described(_NAMED, "Schemas that `$ref` can refer to."),
    },
}
