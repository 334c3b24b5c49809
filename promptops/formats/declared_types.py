"""Types that a source declares, in its own words or in Picoschema, as JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from promptops.patterns import lazy_pattern
from promptops.runtime.request.schema_check import first_error, own_engine

_KINDS = {
    "string": "string",
    "number": "number",
    "float": "number",
    "integer": "integer",
    "int": "integer",
    "boolean": "boolean",
    "bool": "boolean",
    "array": "array",
    "list": "array",
    "object": "object",
    "dict": "object",
}
_MEDIA = {"image": "image/*", "audio": "audio/*", "file": "application/pdf"}


class DeclaredTypes:
    """The types of one file."""

    def __init__(self, note: Callable[[str], None]) -> None:
        """Args:
        note: Gets a message for each type that is not known; it admits any value.
        """
        self._note = note

    def schema(self, name: str, value: Any) -> dict[str, Any]:
        """The schema of a declaration; a value that is not a mapping is a default."""
        if not isinstance(value, Mapping):
            return {"default": value} if value is not None else {}
        found = {**self._type(name, value), **_facts(value), **self._inner(name, value)}
        return nullable(found) if value.get("nullable") is True else found

    def parameters(self, name: str, given: Any) -> dict[str, Any]:
        """The schema of a tool's parameters: a JSON Schema as it is, or a list of declarations."""
        if isinstance(given, Mapping) and given.get("type") == "object":
            return dict(given)
        inner = given.get("properties") if isinstance(given, Mapping) else None
        rows = named_rows(given if inner is None else inner)
        properties = {key: self.schema(f"{name}.{key}", one) for key, one in rows}
        required = _required(rows)
        return {
            "type": "object",
            **({"required": required} if required else {}),
            "properties": properties,
        }

    def _type(self, name: str, value: Mapping[str, Any]) -> dict[str, Any]:
        kind = str(value.get("kind", value.get("type", "")))
        if kind == "union":
            branches = value.get("anyOf") or value.get("oneOf")
            listed = branches if isinstance(branches, list) else []
            return {"anyOf": [self.schema(name, one) for one in listed]} if listed else {}
        if kind in _MEDIA:
            return {"type": "string", "contentMediaType": _MEDIA[kind]}
        if kind in _KINDS:
            return {"type": _KINDS[kind]}
        if kind:
            self._note(f"the type `{kind}` of `{name}` is not known: any value")
        return {}

    def _inner(self, name: str, value: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if isinstance(value.get("items"), Mapping):
            found["items"] = self.schema(name, value["items"])
        rows = named_rows(value.get("properties"))
        if rows:
            required = _required(rows)
            found |= {"required": required} if required else {}
            found["properties"] = {key: self.schema(key, one) for key, one in rows}
        return {**found, **({"default": value["default"]} if "default" in value else {})}


def named_rows(given: Any) -> list[tuple[str, Any]]:
    """The rows of a mapping, or of a list of mappings with names."""
    if isinstance(given, Mapping):
        return [(str(name), value) for name, value in given.items()]
    rows = given if isinstance(given, list) else ()
    return [(str(one["name"]), one) for one in rows if isinstance(one, Mapping) and "name" in one]


def nullable(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema, which also admits null."""
    found = dict(schema)
    kinds = found.get("type")
    if "const" in found or (kinds is None and "enum" not in found):
        branches = found.get("anyOf", [found])
        return {"anyOf": [*branches, {"type": "null"}]} if found else found
    if kinds is not None:
        listed = kinds if isinstance(kinds, list) else [kinds]
        found["type"] = listed if "null" in listed else [*listed, "null"]
    if "enum" in found:
        found["enum"] = [*(one for one in found["enum"] if one is not None), None]
    return found


def _required(rows: list[tuple[str, Any]]) -> list[str]:
    return [key for key, one in rows if isinstance(one, Mapping) and one.get("required") is True]


def _facts(value: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if isinstance(value.get("description"), str):
        found["description"] = value["description"]
    if isinstance(value.get("enumValues", value.get("enum")), list):
        found["enum"] = value.get("enumValues", value.get("enum"))
    return found


# Picoschema, the short notation of dotprompt, as JSON Schema.

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
    named = isinstance(kind, str) and kind in (*_TYPES, "object", "array")
    if named and not value.keys().isdisjoint(_JSON_SCHEMA):
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
