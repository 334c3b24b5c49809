"""Rewrites output schemas to what a tolerant consumer of the output relies on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.diff.rewriting import COMBINING, rewritten
from promptops.model.prompt import Schema

Part = Mapping[str, Any]

_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array"}


def without_extra_properties(schema: Schema) -> Schema:
    """Forbid properties that the schema neither describes nor requires: consumers ignore those."""
    return rewritten(schema, _closed, COMBINING - {"$ref"})


def with_extra_properties(schema: Schema) -> Schema:
    """Allow properties that the schema does not name, and any value of an extensible enum.

    Consumers use what they know and ignore the rest.
    """
    return rewritten(schema, _opened, COMBINING - {"$ref"})


def _closed(part: dict[str, Any], _was: Part) -> dict[str, Any]:
    if part.get("additionalProperties", True) is True and _is_plain(part):
        required = part.get("required")
        named = dict.fromkeys(required if isinstance(required, list) else (), True)
        part["properties"] = {**named, **part["properties"]}
        part["additionalProperties"] = False
    return part


def _opened(part: dict[str, Any], _was: Part) -> dict[str, Any]:
    if part.get("additionalProperties") is False and _is_plain(part):
        del part["additionalProperties"]
    if part.get("x-extensible-enum") and isinstance(part.get("enum"), list):
        kinds = [_type(value) for value in part.pop("enum")]
        part.setdefault("type", list(dict.fromkeys(kinds)))
    return part


def _type(value: Any) -> str:
    return "null" if value is None else _TYPES.get(type(value), "object")


def _is_plain(part: Part) -> bool:
    """Whether it alone defines the allowed properties."""
    return isinstance(part.get("properties"), Mapping) and "$ref" not in part
