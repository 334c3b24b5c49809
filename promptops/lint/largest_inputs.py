"""The largest inputs that a schema allows, to estimate the largest request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from promptops.lint.bounds import FORMAT_CHARS, Bounds, SchemaPart, children, types_of

MAX_CHARS = 1_000_000
"""The limit of characters; a larger value is cut to about this size."""

_CUT_ANYWAY = 4_000
"""Characters assumed for an unlimited string that the template truncates."""

_PATTERN_CHARS = 64
_MEDIA = "data:,"


def largest_input(bounds: Bounds, name: str) -> Any:
    """Approximately the largest value of an input; it may not be valid for the schema."""
    part = bounds.input(name)
    return None if part is None else _largest(bounds, part, 0)


def characters(value: Any) -> int:
    """The characters of all strings and numbers in a value, counted at each occurrence."""
    sizes: dict[int, int] = {}

    def count(item: Any) -> int:
        if isinstance(item, Mapping):
            return 1 + sum(count(each) for each in item.values())
        if isinstance(item, list):  # all its items are the same object
            return len(item) * sizes.setdefault(id(item), max(count(item[0]), 1) if item else 0)
        return len(item) if isinstance(item, str) else len(json.dumps(item))

    return count(value)


def _largest(bounds: Bounds, part: SchemaPart, depth: int) -> Any:
    values = [_of_way(bounds, way, depth) for way in bounds.ways(part)]
    return max(values, key=characters, default="")


def _of_way(bounds: Bounds, way: SchemaPart, depth: int) -> Any:
    schema = way.schema
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return max(schema["enum"], key=lambda value: len(json.dumps(value)))
    found = [_of_type(bounds, way, name, depth) for name in types_of(schema) or ("object",)]
    return max(found, key=characters)


def _of_type(bounds: Bounds, way: SchemaPart, name: str, depth: int) -> Any:
    if name == "string":
        return _text(way.schema)
    if name in ("integer", "number"):
        return max(way.schema.get("maximum", 1_000_000), way.schema.get("minimum", 0))
    if name in ("boolean", "null"):
        return name == "boolean" or None
    if depth > 8:
        return ""
    if name == "array":
        items = [_largest(bounds, each, depth + 1) for each in children(way)]
        count = min(way.schema.get("maxItems", len(items)), 10_000)
        return [max(items, key=characters, default="")] * count
    named = (way.schema.get("properties") or {}).keys()
    return {key: _largest(bounds, each, depth + 1) for key in named for each in children(way, key)}


def _text(schema: Mapping[str, Any]) -> str:
    if "contentMediaType" in schema:
        return _MEDIA
    chars = schema.get("maxLength", FORMAT_CHARS.get(schema.get("format", "")))
    if chars is None:
        chars = _PATTERN_CHARS if "pattern" in schema else _CUT_ANYWAY
    return "x" * int(min(chars, MAX_CHARS + 1))
