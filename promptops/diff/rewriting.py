"""Rewrites the parts of a schema that describe parts of a value: properties and items.

Schemas below `allOf`, `anyOf`, `not` and similar keywords are unchanged: each is one condition
among others, and changing it would change their combination.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from promptops.model.prompt import Schema
from promptops.runtime.request.schema_refs import target

Rewrite = Callable[[dict[str, Any], Mapping[str, Any]], dict[str, Any]]
"""Returns a new schema for one with rewritten parts and the original."""

COMBINING = frozenset(
    (
        *("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "$ref", "$dynamicRef"),
        *("dependentSchemas", "patternProperties", "unevaluatedProperties", "unevaluatedItems"),
    )
)
"""Keywords that apply several schemas to one value."""


def rewritten(schema: Schema, rewrite: Rewrite, stops: Collection[str] = ()) -> Schema:
    """Rewrite a schema and all its properties and items, through local references.

    Referenced parts are copied, because other keywords may refer to the originals.
    A part with a keyword of `stops` is unchanged, including everything below it.
    """
    walk = _RewriteWalk(schema, rewrite, frozenset(stops))
    result = walk.part(schema)
    if not isinstance(result, dict) or not walk.copies:
        return result if isinstance(result, dict) else schema
    given = result.get("$defs")
    return {**result, "$defs": {**(given if isinstance(given, Mapping) else {}), **walk.copies}}


class _RewriteWalk:
    def __init__(self, root: Schema, rewrite: Rewrite, stops: frozenset[str]) -> None:
        self._root = root
        self._rewrite = rewrite
        self._stops = stops
        self._names: dict[str, str] = {}
        self.copies: dict[str, Any] = {}

    def part(self, schema: Any) -> Any:
        if not isinstance(schema, Mapping) or self._stops.intersection(schema):
            return schema
        result = dict(schema)
        if isinstance(result.get("properties"), Mapping):
            result["properties"] = {n: self.part(p) for n, p in result["properties"].items()}
        if isinstance(result.get("items"), Mapping):
            result["items"] = self.part(result["items"])
        if isinstance(result.get("$ref"), str):
            result["$ref"] = self._referred(result["$ref"])
        return self._rewrite(result, schema)

    def _referred(self, reference: str) -> str:
        found = target(reference, self._root)
        if found is None:
            return reference
        if reference not in self._names:  # a schema can refer to itself
            name = self._names[reference] = f"rewritten:{len(self._names)}"
            self.copies[name] = self.part(found)
        return f"#/$defs/{self._names[reference]}"


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
