"""JSON Schemas in the subset that Anthropic's structured outputs accept.

The API refuses other keywords. As Anthropic's own SDK does, they are moved into the description, so
that the model still reads them; `parse` checks the answer against the whole schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.json_pointer import escaped
from promptops.runtime.request.schema_cycles import closing_references
from promptops.runtime.request.schema_refusal import SchemaRefusal
from promptops.runtime.request.schema_subset import kept_and_described

_FORMATS = frozenset(
    (
        "date-time",
        "time",
        "date",
        "duration",
        "email",
        "hostname",
        "uri",
        "ipv4",
        "ipv6",
        "uuid",
    )
)
_KEPT = ("$ref", "$anchor", "type", "title", "enum", "const", "required")
_NAMED = ("$defs", "definitions", "properties")
_LISTED = {"anyOf": "anyOf", "oneOf": "anyOf", "allOf": "allOf"}
_LEFT_OUT = ("additionalProperties", "description", "$schema", "$id", "$comment")


def claude_schema(schema: Any) -> Any:
    """The schema with closed objects and without keywords that the API refuses."""
    if not isinstance(schema, Mapping):
        return schema
    found, described = kept_and_described(schema, _kept, _LEFT_OUT)
    if "$ref" in schema:  # nothing but definitions may be beside it
        return {key: each for key, each in found.items() if key in ("$ref", "$defs", "definitions")}
    closed = {"additionalProperties": False} if _is_object(schema) else {}
    return {**found, **closed, **described}


def refused(schema: Any) -> Iterator[SchemaRefusal]:
    """Everything in a schema that the API can't express: objects with any keys, and recursion."""
    for at in _open_objects(schema, ""):
        what = "an object with any keys in a schema"
        hint = "name the properties, or use a list of names and values"
        yield SchemaRefusal(at=at, what=what, hint=hint)
    for at in closing_references(schema, _below, _below):
        yield SchemaRefusal(at=at, what="a `$ref` that leads back to itself")


def _open_objects(schema: Any, pointer: str) -> Iterator[str]:
    if not isinstance(schema, Mapping):
        return
    if schema.get("additionalProperties") not in (None, False):
        yield f"{pointer}/additionalProperties"
    elif schema.get("type") == "object" and _allows_any_key(schema):
        yield pointer
    for step, each in _below(schema):
        yield from _open_objects(each, f"{pointer}{step}")


def _below(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The schemas in a schema, with their pointers."""
    for key in _NAMED:
        for name, each in _items(schema.get(key)):
            yield f"/{key}/{escaped(name)}", each
    for key in _LISTED:
        for index, each in enumerate(_list(schema.get(key))):
            yield f"/{key}/{index}", each
    yield "/items", schema.get("items")


def _allows_any_key(schema: Mapping[str, Any]) -> bool:
    known = ("properties", "additionalProperties", "$ref", *_LISTED)
    return not any(key in schema for key in known)


def _kept(key: str, value: Any) -> dict[str, Any] | None:
    """What a keyword becomes; None if the API refuses it."""
    if key in _NAMED:
        return {key: {name: claude_schema(each) for name, each in _items(value)}}
    if key in _LISTED:
        return {_LISTED[key]: [claude_schema(each) for each in _list(value)]}
    if key == "items":
        return {key: claude_schema(value)}
    is_kept = (
        key in _KEPT
        or (key == "format" and value in _FORMATS)
        or (key == "minItems" and value in (0, 1))
    )
    return {key: value} if is_kept else None


def _is_object(schema: Mapping[str, Any]) -> bool:
    types = schema.get("type")
    return "properties" in schema or types == "object" or "object" in _list(types)


def _items(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, Mapping) else []


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []
