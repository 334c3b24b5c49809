"""JSON Schemas in the subset that Gemini's structured outputs accept.

The API ignores other keywords. Those that only limit values are moved into the description, so that
the model still reads them; `parse` checks the answer against the whole schema. Others are refused,
because the API would accept a schema with another meaning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.json_pointer import escaped
from promptops.runtime.request.schema_cycles import closing_references
from promptops.runtime.request.schema_refusal import SchemaRefusal
from promptops.runtime.request.schema_subset import kept_and_described

_KEPT = frozenset(
    (
        *("$id", "$anchor", "$ref", "type", "format", "title", "required", "propertyOrdering"),
        *("minItems", "maxItems", "minimum", "maximum"),
    )
)
_NAMED = ("$defs", "properties")
_LISTED = ("anyOf", "oneOf", "prefixItems")
_SINGLE = ("items", "additionalProperties")
_LEFT_OUT = frozenset(("description", "$schema", "$comment"))
_REFUSED = frozenset(
    (
        *("allOf", "not", "if", "then", "else", "contains", "propertyNames", "patternProperties"),
        *("dependentSchemas", "unevaluatedItems", "unevaluatedProperties", "contentSchema"),
        *("$dynamicRef", "definitions", "dependencies"),
    )
)
_HINTS = {
    "allOf": "write the keywords of all parts into one schema",
    "definitions": "rename it to `$defs`, and its references",
}
_ANNOTATIONS = frozenset(
    ("description", "title", "default", "examples", "deprecated", "readOnly", "writeOnly")
)


def gemini_schema(schema: Any) -> Any:
    """The schema without keywords that the API ignores; one that `refused` finds nothing in."""
    if not isinstance(schema, Mapping):
        return {} if schema is True else schema
    found, described = kept_and_described(schema, _kept, _LEFT_OUT)
    if "$ref" in schema:  # nothing may be beside it
        return {key: value for key, value in found.items() if key.startswith("$")}
    return {**_nullable(found), **described}


def refused(schema: Any) -> Iterator[SchemaRefusal]:
    """Everything in a schema that the API can't express."""
    yield from _refused(schema, "")
    for at in closing_references(schema, _below, _required):
        what = "a `$ref` that leads back to itself through required properties or items"
        yield SchemaRefusal(at=at, what=what, hint="make a property on the way optional")


def _kept(key: str, value: Any) -> dict[str, Any] | None:
    """What a keyword becomes; None if the API ignores it."""
    if key in _NAMED and isinstance(value, Mapping):
        return {key: {name: gemini_schema(each) for name, each in value.items()}}
    if key in _LISTED and isinstance(value, (list, tuple)):
        return {key: [gemini_schema(each) for each in value]}
    if key in _SINGLE:
        return {key: value if isinstance(value, bool) else gemini_schema(value)}
    if key in ("const", "enum"):
        return _listed([value] if key == "const" else value)
    return {key: value} if key in _KEPT else None


def _listed(values: Any) -> dict[str, Any] | None:
    listed = list(values) if isinstance(values, (list, tuple)) else []
    return {"enum": listed} if listed and all(map(_is_listable, listed)) else None


def _is_listable(value: Any) -> bool:
    """Whether `enum` may have a value: strings and numbers, and null beside them."""
    return value is None or (isinstance(value, (str, int, float)) and not isinstance(value, bool))


def _nullable(found: dict[str, Any]) -> dict[str, Any]:
    """An `enum` with null as an alternative: `enum` itself has only strings and numbers."""
    values, types = found.get("enum"), found.get("type")
    if values is None or None not in values:
        return found
    rest = {key: value for key, value in found.items() if key not in ("enum", "type")}
    listed = [value for value in values if value is not None]
    names = [name for name in types if name != "null"] if isinstance(types, (list, tuple)) else []
    kind = {"type": names[0] if len(names) == 1 else names} if names else {}
    return {**rest, "anyOf": [{**kind, "enum": listed}, {"type": "null"}]}


def _refused(schema: Any, pointer: str) -> Iterator[SchemaRefusal]:
    if schema is False:
        yield SchemaRefusal(at=pointer, what="the schema `false`")
    if not isinstance(schema, Mapping):
        return
    for key in schema:
        if key in _REFUSED:
            hint = _HINTS.get(key, "remove it, and describe the rule in the description")
            yield SchemaRefusal(at=f"{pointer}/{key}", what=f"`{key}` in a schema", hint=hint)
        elif "$ref" in schema and not key.startswith(("$", "x-")) and key not in _ANNOTATIONS:
            hint = "move it into the schema that the `$ref` leads to"
            yield SchemaRefusal(at=f"{pointer}/{key}", what=f"`{key}` beside a `$ref`", hint=hint)
    for step, below in _below(schema):
        yield from _refused(below, f"{pointer}{step}")


def _below(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The schemas in a schema, with their pointers."""
    for key in _NAMED:
        value = schema.get(key)
        for name, each in value.items() if isinstance(value, Mapping) else ():
            yield f"/{key}/{escaped(name)}", each
    for key in _LISTED:
        value = schema.get(key)
        for index, each in enumerate(value if isinstance(value, (list, tuple)) else ()):
            yield f"/{key}/{index}", each
    for key in _SINGLE:
        if isinstance(schema.get(key), Mapping) or (key == "items" and key in schema):
            yield f"/{key}", schema[key]


def _required(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The schemas in a schema without its optional properties."""
    optional = {f"/properties/{escaped(name)}" for name in schema.get("properties") or ()}
    optional -= {f"/properties/{escaped(name)}" for name in schema.get("required") or ()}
    for step, below in _below(schema):
        if step not in optional:
            yield step, below
