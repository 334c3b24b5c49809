"""The schema of the key or value at a JSON pointer into a prompt file or the configuration."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from promptops.json_pointer import pointer_to, tokens
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.shape import schema

Schema = Mapping[str, Any]

PROMPT = "prompt.schema.json"
CONFIG = "config.schema.json"

_MOST_BRANCHES = 50


@record(frozen=True, slots=True, kw_only=True)
class Key:
    """A key that a mapping may have.

    Attributes:
        schemas: Of its value; the first one has its description.
        required: It must be there, given the keys that are.
    """

    name: str
    schemas: tuple[Schema, ...]
    required: bool = False

    @property
    def description(self) -> str:
        """The description in the schema; "" if it has none."""
        return next((each["description"] for each in self.schemas if "description" in each), "")

    @property
    def kind(self) -> str:
        """The types of its value: `string`, `object or array`."""
        return " or ".join(types_of(self.schemas))


def types_of(schemas: Iterable[Schema]) -> tuple[str, ...]:
    """The names of the types that any of these schemas accepts, each once."""
    found: dict[str, None] = {}
    for each in schemas:
        written = each.get("type", ())
        found |= dict.fromkeys([written] if isinstance(written, str) else written)
        found |= dict.fromkeys(("string",) if "enum" in each or "const" in each else ())
    return tuple(found)


def schemas_at(pointer: str, kind: str = PROMPT) -> tuple[Schema, ...]:
    """The schemas of the value at a pointer; () if it may be anything.

    `kind` is the schema of the file: PROMPT or CONFIG.
    """
    found: tuple[Schema, ...] = tuple(_branches(schema(kind), kind))
    steps = tokens(pointer)
    for depth, step in enumerate(steps, 1):
        if not found and depth > _LONGEST_SCHEMA_POINTER:
            return ()
        found = tuple(
            branch
            for each in found
            for below in _below(each, step)
            for branch in _branches(below, kind)
        )
        if (
            kind == PROMPT
            and depth <= _LONGEST_SCHEMA_POINTER
            and _SCHEMA_POINTER.fullmatch(pointer_to(steps[:depth]))
        ):
            found = (*found, *_branches(_JSON_SCHEMA, kind))
    return found


def keys_at(pointer: str, present: Collection[str], kind: str = PROMPT) -> dict[str, Key]:
    """The keys of the mapping at a pointer that can be added to those that are present."""
    found: dict[str, Key] = {}
    for each in schemas_at(pointer, kind):
        required, refused = set(each.get("required", ())), set[str]()
        for condition in _conditions(each, present):
            required |= set(condition.get("required", ()))
            known = condition.get("properties", {})
            refused |= {name for name, value in known.items() if value is False}
        for name, written in each.get("properties", {}).items():
            if name not in refused and name not in present and name not in found:
                branches = tuple(_branches(written, kind))
                found[name] = Key(name=name, schemas=branches, required=name in required)
    return found


def key_at(pointer: str) -> Key | None:
    """The key at a pointer, if the schema knows it."""
    owner = pointer.rpartition("/")[0]
    steps = tokens(pointer)
    name = steps[-1] if steps else ""
    found = keys_at(owner, ()).get(name)
    for each in schemas_at(owner) if steps and found is None else ():
        written = each.get("properties", {}).get(name)
        if isinstance(written, Mapping):  # only some combinations of keys allow it
            return Key(name=name, schemas=tuple(_branches(written, PROMPT)))
    return found


def values_of(schemas: Iterable[Schema]) -> dict[str, str]:
    """The values that schemas list, as YAML writes them, each with a description."""
    found: dict[str, str] = {}
    words = {True: "true", False: "false", None: "null"}
    for each in schemas:
        text = str(each.get("description", ""))
        listed = [*each.get("enum", ()), *([each["const"]] if "const" in each else [])]
        if each.get("type") == "boolean":
            listed += [True, False]
        for value in listed:
            is_word = value is None or isinstance(value, bool)
            found.setdefault(words[value] if is_word else str(value), text)
    return found


def _below(owner: Schema, step: str) -> Iterator[Any]:
    properties = owner.get("properties", {})
    if step in properties:
        yield properties[step]
    elif isinstance(owner.get("additionalProperties"), Mapping):
        yield owner["additionalProperties"]
    if step.isdecimal() and "items" in owner:
        yield owner["items"]


def _branches(written: Any, kind: str) -> Iterator[Schema]:
    """A schema and those that it refers to or combines; the one with the description first."""
    waiting, seen = [written], 0
    while waiting and seen < _MOST_BRANCHES:
        each = waiting.pop(0)
        seen += 1
        if not isinstance(each, Mapping):
            continue
        yield each
        if "$ref" in each:
            waiting.append(_referred(each["$ref"], kind))
        for keyword in ("anyOf", "oneOf", "allOf"):
            waiting += each.get(keyword, ())
        if "type" in each.get("if", ()):  # it chooses by the type, not by the keys
            waiting += (each.get("then"), each.get("else"))


def _referred(reference: str, kind: str) -> Any:
    name = reference.rpartition("/")[2]
    return _JSON_SCHEMA if name == "jsonSchema" else schema(kind)["$defs"].get(name)


def _conditions(owner: Schema, present: Collection[str]) -> Iterator[Schema]:
    """The branches of `if` that hold for the keys that are present."""
    while "if" in owner:
        holds = set(owner["if"].get("required", ())) <= set(present)
        owner = owner.get("then" if holds else "else", {})
        yield owner


# The keywords of JSON Schema that people write in prompt files, as a schema of schemas.

_SCHEMA_POINTER = lazy_pattern(
    r"/inputs/(?:properties|\$defs)/[^/]+|/output/schema|/tools/\d+/(?:parameters|returns)"
)
"""The pointers of the JSON Schemas in a prompt file."""

_LONGEST_SCHEMA_POINTER = 3
"""In steps."""

_ONE_SCHEMA = {"$ref": "#/$defs/jsonSchema"}
_TYPES = {"enum": ["string", "number", "integer", "boolean", "array", "object", "null"]}
_FORMATS = ["date", "date-time", "time", "duration", "email", "uri", "uuid", "hostname", "regex"]
_VALUES: Mapping[str, Mapping[str, Any]] = {
    "any": {},
    "text": {"type": "string"},
    "boolean": {"type": "boolean"},
    "count": {"type": "integer"},
    "number": {"type": "number"},
    "list": {"type": "array"},
    "names": {"type": "array", "items": {"type": "string"}},
    "types": {"anyOf": [_TYPES, {"type": "array", "items": _TYPES}]},
    "format": {"enum": _FORMATS},
    "schema": _ONE_SCHEMA,
    "schemas": {"type": "array", "items": _ONE_SCHEMA},
    "named schemas": {"type": "object", "additionalProperties": _ONE_SCHEMA},
    "boolean or schema": {"anyOf": [{"type": "boolean"}, _ONE_SCHEMA]},
}
_KEYWORDS: Mapping[str, tuple[str, str]] = {
    "type": ("types", "The type of the value; a list of types accepts each of them."),
    "description": ("text", "What the value is."),
    "title": ("text", "A short name for people."),
    "default": ("any", "The value if none is given."),
    "enum": ("list", "The accepted values."),
    "const": ("any", "The only accepted value."),
    "examples": ("list", "Examples of the value."),
    "deprecated": ("boolean", "The value should not be used."),
    "minLength": ("count", "Minimum length of a string, in characters."),
    "maxLength": ("count", "Maximum length of a string, in characters."),
    "pattern": ("text", "A regular expression that matches somewhere in a string."),
    "format": ("format", "The format of a string."),
    "minimum": ("number", "The least accepted number."),
    "maximum": ("number", "The greatest accepted number."),
    "exclusiveMinimum": ("number", "Numbers must be greater than this."),
    "exclusiveMaximum": ("number", "Numbers must be less than this."),
    "multipleOf": ("number", "Numbers must be multiples of this."),
    "items": ("schema", "The schema of each item of a list."),
    "prefixItems": ("schemas", "The schemas of the first items of a list."),
    "contains": ("schema", "At least one item of a list matches this schema."),
    "minItems": ("count", "Minimum number of items."),
    "maxItems": ("count", "Maximum number of items."),
    "uniqueItems": ("boolean", "No two items are equal."),
    "properties": ("named schemas", "The keys of an object, each with its schema."),
    "required": ("names", "The keys that an object must have."),
    "additionalProperties": (
        "boolean or schema",
        "Whether an object may have other keys, or the schema of their values.",
    ),
    "patternProperties": (
        "named schemas",
        "The schemas of keys that match a regular expression.",
    ),
    "propertyNames": ("schema", "The schema of the names of keys."),
    "minProperties": ("count", "Minimum number of keys."),
    "maxProperties": ("count", "Maximum number of keys."),
    "anyOf": ("schemas", "The value matches at least one of these schemas."),
    "oneOf": ("schemas", "The value matches exactly one of these schemas."),
    "allOf": ("schemas", "The value matches all of these schemas."),
    "not": ("schema", "The value does not match this schema."),
    "$ref": ("text", "Another schema: a file relative to the schema root, or `#/$defs/NAME`."),
    "$defs": ("named schemas", "Schemas that `$ref` can refer to."),
}
_JSON_SCHEMA: Mapping[str, Any] = {
    "type": ["object", "boolean"],
    "properties": {
        name: {"description": description, **_VALUES[value]}
        for name, (value, description) in _KEYWORDS.items()
    },
}
