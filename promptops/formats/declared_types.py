"""The types that the header of a Prompty file declares, as JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

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
