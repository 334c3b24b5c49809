"""Schemas as the readers of a model's output apply them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.diff.rewriting import COMBINING, rewritten
from promptops.model.prompt import Schema

Part = Mapping[str, Any]

_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array"}


def closed(schema: Schema) -> Schema:
    """Without properties that the schema neither describes nor requires: consumers ignore those."""
    return rewritten(schema, _closed, COMBINING - {"$ref"})


def opened(schema: Schema) -> Schema:
    """With any property that it does not name, and any value of an extensible list: consumers that
    keep to the schema take what they know and leave the rest."""
    return rewritten(schema, _opened, COMBINING - {"$ref"})


def _closed(made: dict[str, Any], _was: Part) -> dict[str, Any]:
    if made.get("additionalProperties", True) is True and _is_plain(made):
        required = made.get("required")
        named = dict.fromkeys(required if isinstance(required, list) else (), True)
        made["properties"] = {**named, **made["properties"]}
        made["additionalProperties"] = False
    return made


def _opened(made: dict[str, Any], _was: Part) -> dict[str, Any]:
    if made.get("additionalProperties") is False and _is_plain(made):
        del made["additionalProperties"]
    if made.get("x-extensible-enum") and isinstance(made.get("enum"), list):
        kinds = [_type(value) for value in made.pop("enum")]
        made.setdefault("type", list(dict.fromkeys(kinds)))
    return made


def _type(value: Any) -> str:
    return "null" if value is None else _TYPES.get(type(value), "object")


def _is_plain(made: Part) -> bool:
    """Whether it alone defines the allowed properties."""
    return isinstance(made.get("properties"), Mapping) and "$ref" not in made
