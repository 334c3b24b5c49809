"""JSON Schemas in the subsets that the structured outputs of Anthropic and Gemini accept."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from promptops.json_pointer import escaped, local_pointer, value_at
from promptops.records import record

_CLAUDE_FORMATS = frozenset(
    str.split("date-time time date duration email hostname uri ipv4 ipv6 uuid")
)
_CLAUDE_KEPT = ("$ref", "$anchor", "type", "title", "enum", "const", "required")
_CLAUDE_NAMED = ("$defs", "definitions", "properties")
_CLAUDE_LISTED = {"anyOf": "anyOf", "oneOf": "anyOf", "allOf": "allOf"}
_CLAUDE_LEFT_OUT = ("additionalProperties", "description", "$schema", "$id", "$comment")


def claude_schema(schema: Any) -> Any:
    """The schema with closed objects and without keywords that the API refuses."""
    if not isinstance(schema, Mapping):
        return schema
    found, described = _kept_and_described(schema, _claude_kept, _CLAUDE_LEFT_OUT)
    if "$ref" in schema:  # nothing but definitions may be beside it
        return {key: each for key, each in found.items() if key in ("$ref", "$defs", "definitions")}
    closed = {"additionalProperties": False} if _is_object(schema) else {}
    return {**found, **closed, **described}


def claude_refusals(schema: Any) -> Iterator[SchemaRefusal]:
    """Everything in a schema that the API can't express: objects with any keys, and recursion."""
    for at in _open_objects(schema, ""):
        what = "an object with any keys in a schema"
        hint = "name the properties, or use a list of names and values"
        yield SchemaRefusal(at=at, what=what, hint=hint)
    for at in closing_references(schema, _claude_below, _claude_below):
        yield SchemaRefusal(at=at, what="a `$ref` that leads back to itself")


def _open_objects(schema: Any, pointer: str) -> Iterator[str]:
    if not isinstance(schema, Mapping):
        return
    if schema.get("additionalProperties") not in (None, False):
        yield f"{pointer}/additionalProperties"
    elif schema.get("type") == "object" and _allows_any_key(schema):
        yield pointer
    for step, each in _claude_below(schema):
        yield from _open_objects(each, f"{pointer}{step}")


def _claude_below(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return _below(schema, _CLAUDE_NAMED, _CLAUDE_LISTED, ("items",))


def _allows_any_key(schema: Mapping[str, Any]) -> bool:
    known = ("properties", "additionalProperties", "$ref", *_CLAUDE_LISTED)
    return not any(key in schema for key in known)


def _claude_kept(key: str, value: Any) -> dict[str, Any] | None:
    """What a keyword becomes; None if the API refuses it."""
    if key in _CLAUDE_NAMED:
        return {key: {name: claude_schema(each) for name, each in _items(value)}}
    if key in _CLAUDE_LISTED:
        return {_CLAUDE_LISTED[key]: [claude_schema(each) for each in _list(value)]}
    if key == "items":
        return {key: claude_schema(value)}
    is_kept = (
        key in _CLAUDE_KEPT
        or (key == "format" and value in _CLAUDE_FORMATS)
        or (key == "minItems" and value in (0, 1))
    )
    return {key: value} if is_kept else None


def _is_object(schema: Mapping[str, Any]) -> bool:
    types = schema.get("type")
    return "properties" in schema or types == "object" or "object" in _list(types)


# JSON Schemas in the subset that Gemini's structured outputs accept.
#
# The API ignores other keywords. Those that only limit values are moved into the description, so
# that the model still reads them; `parse` checks the answer against the whole schema. Others are
# refused, because the API would accept a schema with another meaning.

_GEMINI_KEPT = frozenset(
    (
        *("$id", "$anchor", "$ref", "type", "format", "title", "required", "propertyOrdering"),
        *("minItems", "maxItems", "minimum", "maximum"),
    )
)
_GEMINI_NAMED = ("$defs", "properties")
_GEMINI_LISTED = ("anyOf", "oneOf", "prefixItems")
_SINGLE = ("items", "additionalProperties")
_GEMINI_LEFT_OUT = frozenset(("description", "$schema", "$comment"))
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
    found, described = _kept_and_described(schema, _gemini_kept, _GEMINI_LEFT_OUT)
    if "$ref" in schema:  # nothing may be beside it
        return {key: value for key, value in found.items() if key.startswith("$")}
    return {**_nullable(found), **described}


def gemini_refusals(schema: Any) -> Iterator[SchemaRefusal]:
    """Everything in a schema that the API can't express."""
    yield from _refused(schema, "")
    for at in closing_references(schema, _gemini_below, _required):
        what = "a `$ref` that leads back to itself through required properties or items"
        yield SchemaRefusal(at=at, what=what, hint="make a property on the way optional")


def _gemini_kept(key: str, value: Any) -> dict[str, Any] | None:
    """What a keyword becomes; None if the API ignores it."""
    if key in _GEMINI_NAMED and isinstance(value, Mapping):
        return {key: {name: gemini_schema(each) for name, each in value.items()}}
    if key in _GEMINI_LISTED and isinstance(value, (list, tuple)):
        return {key: [gemini_schema(each) for each in value]}
    if key in _SINGLE:
        return {key: value if isinstance(value, bool) else gemini_schema(value)}
    if key in ("const", "enum"):
        return _listed([value] if key == "const" else value)
    return {key: value} if key in _GEMINI_KEPT else None


def _listed(values: Any) -> dict[str, Any] | None:
    listed = _list(values)
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
    for step, below in _gemini_below(schema):
        yield from _refused(below, f"{pointer}{step}")


def _gemini_below(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return _below(schema, _GEMINI_NAMED, _GEMINI_LISTED, _SINGLE)


def _required(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The schemas in a schema without its optional properties."""
    optional = {f"/properties/{escaped(name)}" for name in schema.get("properties") or ()}
    optional -= {f"/properties/{escaped(name)}" for name in schema.get("required") or ()}
    for step, below in _gemini_below(schema):
        if step not in optional:
            yield step, below


# Both: other limits move into the description.

Kept = Callable[[str, Any], dict[str, Any] | None]
"""From a keyword and its value to what they become; None if the API does not take them."""


def _below(
    schema: Mapping[str, Any], named: Iterable[str], listed: Iterable[str], single: Iterable[str]
) -> Iterator[tuple[str, Any]]:
    """The schemas in a schema, with their pointers."""
    for key in named:
        for name, each in _items(schema.get(key)):
            yield f"/{key}/{escaped(name)}", each
    for key in listed:
        for index, each in enumerate(_list(schema.get(key))):
            yield f"/{key}/{index}", each
    for key in single:
        if isinstance(schema.get(key), Mapping) or (key == "items" and key in schema):
            yield f"/{key}", schema[key]


def _items(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, Mapping) else []


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _kept_and_described(
    schema: Mapping[str, Any], kept: Kept, left_out: Collection[str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """What an API takes of a schema, and the `description` with the rest, which the model reads.

    Keywords in `left_out` and those that begin with `x-` are in neither.
    """
    found: dict[str, Any] = {}
    more: dict[str, Any] = {}
    for key, value in schema.items():
        part = kept(key, value)
        if part is not None:
            found |= part
        elif key not in left_out and not key.startswith("x-"):
            more[key] = value
    parts = [schema["description"]] if "description" in schema else []
    if more:
        parts.append(json.dumps(more, ensure_ascii=False))
    return found, {"description": "\n\n".join(parts)} if parts else {}


# References of a schema that lead back to themselves.

Below = Callable[[Mapping[str, Any]], Iterator[tuple[str, Any]]]
"""The schemas in a schema, with their pointers; those under `$defs` are among them."""


def closing_references(root: Any, below: Below, on_the_way: Below) -> Iterator[str]:
    """The pointers of the `$ref`s that close a circle of references.

    Only circles through the schemas of `on_the_way` count, a part of those of `below`.
    """
    done: set[str] = set()
    for start in dict.fromkeys(("", *_targets(root, below))):
        yield from _closing(root, on_the_way, start, (start,), done)


def _targets(schema: Any, below: Below) -> Iterator[str]:
    if isinstance(schema, Mapping):
        pointer = local_pointer(schema.get("$ref"))
        if pointer is not None:
            yield pointer
        for _, part in below(schema):
            yield from _targets(part, below)


def _closing(
    root: Any, on_the_way: Below, pointer: str, above: tuple[str, ...], done: set[str]
) -> Iterator[str]:
    if pointer in done:
        return
    for at, leads_to in _references(value_at(root, pointer), pointer, on_the_way):
        if leads_to in above:
            yield f"{at}/$ref"
        else:
            yield from _closing(root, on_the_way, leads_to, (*above, leads_to), done)
    done.add(pointer)


def _references(schema: Any, pointer: str, on_the_way: Below) -> Iterator[tuple[str, str]]:
    """The references in a schema, with what they lead to; definitions are not part of it."""
    if not isinstance(schema, Mapping):
        return
    leads_to = local_pointer(schema.get("$ref"))
    if leads_to is not None:
        yield pointer, leads_to
    for step, part in on_the_way(schema):
        if not step.startswith(("/$defs/", "/definitions/")):
            yield from _references(part, f"{pointer}{step}", on_the_way)


# What a provider's subset of JSON Schema can't express.


@record(frozen=True, slots=True, kw_only=True)
class SchemaRefusal:
    """One part of a schema that a request format can't express.

    Attributes:
        at: JSON pointer into the schema.
        what: What is refused, to continue the sentence "gemini can't express".
        hint: The fix, or None.
    """

    at: str
    what: str
    hint: str | None = None
