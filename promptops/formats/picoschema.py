"""Picoschema, the short notation of dotprompt, as JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.formats.declared_types import nullable
from promptops.patterns import lazy_pattern
from promptops.runtime.request.schema_engine import first_error, own_engine

_TYPES = ("string", "number", "integer", "boolean", "null", "any")
_KEY = lazy_pattern(
    r"(?P<name>[^(?]+)(?P<optional>\??)(?:\((?P<kind>[^,)]+)(?:,\s*(?P<note>[^)]*))?\))?"
)
_KEPT = ("type", "description", "items", "properties")
"""Keywords that stay where they are if a schema admits one more value."""
_JSON_SCHEMA = ("type", "properties", "$ref", "anyOf", "oneOf", "enum", "allOf")


class NamedSchema(Exception):
    """A type that is registered elsewhere; its name is the message."""


def json_schema(value: Any) -> dict[str, Any]:
    """The schema of a value of Picoschema or JSON Schema. Raises NamedSchema."""
    if isinstance(value, str):
        return _scalar(value)
    if not isinstance(value, Mapping):
        return {}
    kind = value.get("type")
    if isinstance(kind, str) and kind in (*_TYPES, "object", "array") and _is_json_schema(value):
        return dict(value)
    return _object(value)


def with_defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with a default for each property that may be left out, at any depth.

    The default renders as nothing, as a missing value does; the schema admits it besides its own
    values.
    """
    found = dict(schema)
    required = schema.get("required", ())
    for name, inner in _mapping(schema.get("properties")).items():
        known = with_defaults(_mapping(inner))
        if name not in required and "default" not in known:
            known = _with_nothing(known)
        found["properties"] = {**found["properties"], name: known}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), Mapping):
            found[key] = with_defaults(schema[key])
    return found


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _with_nothing(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with a default that renders as nothing: a list, a string, or null."""
    kinds = schema.get("type", ())
    listed = [kinds] if isinstance(kinds, str) else kinds
    value: Any = [] if "array" in listed else ""
    if _admits(schema, value):
        return {**schema, "default": value}
    if "array" in listed or "string" in listed:
        return {**_or(schema, value), "default": value}
    return {**nullable(schema), "default": None}


def _or(schema: Mapping[str, Any], value: Any) -> dict[str, Any]:
    """The schema, which also admits a value of its type."""
    widened = {**schema, "enum": [*schema.get("enum", ()), value]}
    if "enum" in schema and _admits(widened, value):
        return widened
    kept = {key: schema[key] for key in _KEPT if key in schema}
    limits = {key: schema[key] for key in schema if key not in _KEPT}
    return {**kept, "anyOf": [limits, {"const": value}]}


def _admits(schema: Mapping[str, Any], value: Any) -> bool:
    try:
        return first_error(own_engine(dict(schema)), value) is None
    except ValueError:  # an invalid schema, or one with references: the self-check reports it
        return True


def _is_json_schema(value: Mapping[str, Any]) -> bool:
    return any(key in value for key in _JSON_SCHEMA)


def _scalar(written: str) -> dict[str, Any]:
    kind, comma, note = written.partition(",")
    kind = kind.strip()
    described = {"description": note.strip()} if comma and note.strip() else {}
    if kind == "any":
        return described
    if kind not in _TYPES:
        raise NamedSchema(kind)
    return {"type": kind, **described}


def _object(value: Mapping[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    extra: Any = False
    for key, inner in value.items():
        match = _KEY.fullmatch(str(key))
        if key == "(*)":
            extra = json_schema(inner)
            continue
        if match is None:
            raise NamedSchema(str(key))
        name = match["name"].strip()
        schema = _kind(match["kind"], inner)
        if match["note"]:
            schema["description"] = match["note"].strip()
        if match["optional"]:
            schema = _with_null(schema)
        else:
            required.append(name)
        properties[name] = schema
    found: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        found["required"] = required
    return {**found, "additionalProperties": extra}


def _kind(kind: str | None, inner: Any) -> dict[str, Any]:
    if kind == "array":
        return {"type": "array", "items": json_schema(inner)}
    if kind == "enum":
        return {"enum": list(inner) if isinstance(inner, list) else []}
    if kind in (None, "object"):
        return json_schema(inner)
    raise NamedSchema(str(kind))


def _with_null(schema: dict[str, Any]) -> dict[str, Any]:
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return schema
