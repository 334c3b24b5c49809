"""JSON Schemas as types that any language can write: unions, lists, mappings, and named records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from promptops.commands.stubs.module_text import UniqueNames, class_name
from promptops.json_pointer import target, unescaped
from promptops.patterns import lazy_pattern
from promptops.records import record

MAX_LITERALS = 200
"""The limit of literal values; an enum with more becomes the types of its values."""
MAX_SIZE = 4000
"""The limit of the size of a type, about its characters; a larger one becomes `ANY`."""

ANY, STRING, INTEGER, NUMBER, BOOLEAN, NULL = (
    "any",
    "string",
    "integer",
    "number",
    "boolean",
    "null",
)
_PLAIN_TYPES = frozenset((STRING, INTEGER, NUMBER, BOOLEAN, NULL))
_NARROWING = frozenset(("anyOf", "const", "enum", "oneOf"))
_FILE_ENDING = lazy_pattern(r"(?:\.(?:schema|tool))?\.(?:json|ya?ml)_*$")
_ANNOTATIONS = frozenset(("$ref", "default", "description", "examples", "title"))


# Types: one of the plain names above, or a record below.


@record(frozen=True, slots=True)
class Literals:
    """Strings, whole numbers and booleans; `values` are their JSON texts."""

    values: tuple[str, ...]


@record(frozen=True, slots=True)
class ListOf:
    """A list; `given`: of a value that callers pass."""

    item: Type
    given: bool


@record(frozen=True, slots=True)
class MappingOf:
    """An object with any keys; `given`: of a value that callers pass."""

    value: Type
    given: bool


@record(frozen=True, slots=True)
class Named:
    """A declared record."""

    name: str


@record(frozen=True, slots=True)
class Union:
    """A union of types."""

    members: tuple[Type, ...]


Type = str | Literals | ListOf | MappingOf | Named | Union


@record(frozen=True, slots=True)
class Field:
    """A key of a record.

    Attributes:
        recursive: The type contains a record whose declaration is not complete before this one.
        description: May be "".
    """

    key: str
    type: Type
    optional: bool
    recursive: bool
    description: str


@record(frozen=True, slots=True)
class Declaration:
    """An object with known keys; with `other_keys` it may have more. `description` may be ""."""

    name: str
    fields: tuple[Field, ...]
    other_keys: bool
    description: str


def union(members: Iterable[Type]) -> Type:
    """The union of types, simplified: `null` comes last, and `ANY` includes all others."""
    found: dict[Type, None] = {}
    for member in members:
        found |= dict.fromkeys(member.members if isinstance(member, Union) else (member,))
    if not found or ANY in found:
        return ANY
    if NUMBER in found:
        found.pop(INTEGER, None)
    if NULL in found:
        found.pop(NULL)
        found[NULL] = None
    return Union(tuple(found)) if len(found) > 1 else next(iter(found))


def _size(type_: Type) -> int:
    """About the characters of a type on one line."""
    if isinstance(type_, str):
        return len(type_)
    if isinstance(type_, Literals):
        return sum(len(value) + 2 for value in type_.values)
    if isinstance(type_, Named):
        return len(type_.name)
    if isinstance(type_, Union):
        return sum(_size(member) + 3 for member in type_.members)
    return 10 + _size(type_.item if isinstance(type_, ListOf) else type_.value)


def _names(type_: Type) -> Iterator[str]:
    """The names of the records in a type."""
    if isinstance(type_, Named):
        yield type_.name
    elif isinstance(type_, Union):
        for member in type_.members:
            yield from _names(member)
    elif isinstance(type_, ListOf):
        yield from _names(type_.item)
    elif isinstance(type_, MappingOf):
        yield from _names(type_.value)


class Declarations:
    """The records of a module, each after those that it contains, unless it is recursive."""

    def __init__(self, names: UniqueNames) -> None:
        self.names = names
        self.found: list[Declaration] = []


class Types:
    """Converts one schema to types and declarations."""

    def __init__(
        self,
        declarations: Declarations,
        schema: Mapping[str, Any],
        prefix: str,
        *,
        given: bool,
        other_keys: bool,
    ) -> None:
        """Prepare the types of one schema.

        `given`: whether callers pass the value, so that defaults are filled in, or read it.
        `other_keys`: whether a record of the language can have keys that are not known.
        """
        self._declarations = declarations
        self._schemas = _Schemas(schema)
        self._prefix = prefix
        self._given = given
        self._other_keys = other_keys
        self._named: dict[str, str] = {}
        self._bodies: dict[tuple[object, ...], str] = {}
        self._open: set[str] = set()

    def whole(self, name: str) -> Type:
        """The type of the whole schema; an object is declared as `name`."""
        return self._type(self._schemas.root, name, 0)

    @property
    def is_record(self) -> bool:
        """Whether the whole schema is an object with known keys and not a reference to one."""
        root = self._schemas.merged(self._schemas.root)
        kinds = _one_or_many(root["type"]) if "type" in root else _implied(root)
        return (
            kinds == ["object"]
            and "$ref" not in _mapping(self._schemas.root)
            and not root.keys() & _NARROWING
            and self._is_record(root)
        )

    def parameters(self, name: str, description: str) -> str | None:
        """Declare the arguments of a function; None if they can be any, and no record has those."""
        merged = dict(self._schemas.merged(self._schemas.root))
        if _allows_other_keys(merged) and not self._other_keys:
            return None
        alternatives = (*_items(merged.get("anyOf")), *_items(merged.get("oneOf")))
        beside: dict[str, list[Any]] = {}
        for alternative in alternatives:  # types can't express which alternative applies
            known = _mapping(self._schemas.merged(alternative).get("properties"))
            for key, schema in known.items():
                beside.setdefault(key, []).append(schema)
        either = {
            key: found[0] if len(found) == 1 else {"anyOf": found} for key, found in beside.items()
        }
        merged["properties"] = {**either, **_mapping(merged.get("properties"))}
        merged["description"] = merged.get("description") or description
        return self._declared(merged, name, 0).name

    def _type(self, schema: Any, name: str, depth: int) -> Type:
        if depth > MAX_DEPTH:
            return ANY
        reference = _mapping(schema).get("$ref")
        if isinstance(reference, str):
            found = self._referred(schema, reference, name, depth)
        else:
            found = self._type_of_schema(self._schemas.merged(schema), name, depth)
        return found if _size(found) <= MAX_SIZE else ANY

    def _referred(self, schema: Mapping[str, Any], reference: str, name: str, depth: int) -> Type:
        """The type of a reference; an object is declared once and may contain itself."""
        if reference in self._named:
            return Named(self._named[reference])
        merged = self._schemas.merged(schema)
        annotated = all(key in _ANNOTATIONS or key.startswith("x-") for key in schema)
        alone = _one_or_many(merged.get("type", "object")) == ["object"]
        alone = alone and not merged.keys() & _NARROWING
        if annotated and alone and self._is_record(merged):
            merged = self._schemas.merged({"$ref": reference})
            known = _name_of(reference)
            wanted = f"{self._prefix}{class_name(known)}" if known else name
            return self._declared(merged, wanted, depth, reference)
        if reference in self._open:
            return ANY
        self._open.add(reference)
        found = self._type_of_schema(merged, name, depth)
        self._open.discard(reference)
        return found

    def _type_of_schema(self, schema: Mapping[str, Any], name: str, depth: int) -> Type:
        if "const" in schema:
            return _literal([schema["const"]])
        if _items(schema.get("enum")):
            return _literal(schema["enum"])
        for key in ("anyOf", "oneOf"):
            if _items(schema.get(key)):
                rest = {k: v for k, v in schema.items() if k not in ("anyOf", "oneOf", "default")}
                alone = rest.keys() <= _ANNOTATIONS
                branches = (
                    branch if alone else {"allOf": [branch, rest]} for branch in schema[key]
                )
                return union([self._type(branch, name, depth + 1) for branch in branches])
        kinds = _one_or_many(schema["type"]) if "type" in schema else _implied(schema)
        return union([self._of_kind(kind, schema, name, depth) for kind in kinds])

    def _of_kind(self, kind: Any, schema: Mapping[str, Any], name: str, depth: int) -> Type:
        if kind == "array":
            return ListOf(self._item(schema, name, depth), self._given)
        if kind == "object":
            return self._object(schema, name, depth)
        return kind if isinstance(kind, str) and kind in _PLAIN_TYPES else ANY

    def _item(self, schema: Mapping[str, Any], name: str, depth: int) -> Type:
        first = _items(schema.get("prefixItems"))
        if not first and "items" not in schema:
            return ANY
        rest = schema.get("items", True if first else None)
        every = [*first, *([rest] if rest is not False else [])]
        return union([self._type(each, f"{name}Item", depth + 1) for each in every])

    def _object(self, schema: Mapping[str, Any], name: str, depth: int) -> Type:
        if self._is_record(schema):
            return self._declared(schema, name, depth)
        values = [*_mapping(schema.get("patternProperties")).values()]
        values.append(schema.get("additionalProperties", True))
        known = _mapping(schema.get("properties"))
        values = [] if known else [each for each in values if each is not False]
        value = union([self._type(each, f"{name}Value", depth + 1) for each in values])
        return MappingOf(value, self._given)

    def _is_record(self, schema: Mapping[str, Any]) -> bool:
        """Whether the keys are known; values that callers pass must not allow unknown ones."""
        known = _mapping(schema.get("properties"))
        is_open = self._given and _allows_other_keys(schema)
        return bool(known) and (self._other_keys or not is_open)

    def _declared(
        self, schema: Mapping[str, Any], wanted: str, depth: int, reference: str = ""
    ) -> Named:
        """Declare an object; an equal earlier declaration is reused."""
        names = self._declarations.names
        name = names.new(wanted)
        self._named |= {reference: name} if reference else {}
        self._open.add(name)
        other_keys = self._given and _allows_other_keys(schema)
        fields = tuple(self._fields(schema, name, depth))
        body = (fields, other_keys, _description(schema))
        self._open.discard(name)
        known = self._bodies.get(body)
        if known is not None:
            names.give_back(name)
            self._named |= {reference: known} if reference else {}
            return Named(known)
        self._bodies[body] = name
        self._declarations.found.append(Declaration(name, *body))
        return Named(name)

    def _fields(self, schema: Mapping[str, Any], name: str, depth: int) -> Iterator[Field]:
        required = _items(schema.get("required"))
        for key, each in _mapping(schema.get("properties")).items():
            if each is False:
                continue
            type_ = self._type(each, f"{name}{class_name(key)}", depth + 1)
            merged = self._schemas.merged(each)
            has_default = self._given and "default" in merged
            yield Field(
                key,
                type_,
                optional=key not in required or has_default,
                recursive=not self._open.isdisjoint(_names(type_)),
                description=_description(merged),
            )


def _name_of(reference: str) -> str:
    """The name of a definition; the last part of the path if it was a file."""
    last = unescaped(reference.partition("#")[2]).rpartition("/")[2]
    ending = _FILE_ENDING.search(last)
    return last[: ending.start()].rpartition(".")[2] if ending else last


def _description(schema: Mapping[str, Any]) -> str:
    """The description or the title of a schema, or ""."""
    text = schema.get("description") or schema.get("title")
    return text.strip() if isinstance(text, str) else ""


def _allows_other_keys(schema: Mapping[str, Any]) -> bool:
    """Whether the schema explicitly allows other keys."""
    return schema.get("additionalProperties", False) is not False or bool(
        _mapping(schema.get("patternProperties"))
    )


def _implied(schema: Mapping[str, Any]) -> list[str]:
    if "properties" in schema or "additionalProperties" in schema:
        return ["object"]
    return ["array"] if "items" in schema or "prefixItems" in schema else []


def _literal(values: list[Any]) -> Type:
    """The values as literals, and the types of values that can't be literals."""
    can_be = [each for each in values if type(each) in (str, int, bool)]
    if len(can_be) > MAX_LITERALS:
        return union([_type_of(each) for each in values])
    written = dict.fromkeys(map(json.dumps, can_be))
    others = [_type_of(each) for each in values if type(each) not in (str, int, bool)]
    return union([*([Literals(tuple(written))] if written else []), *others])


def _type_of(value: Any) -> Type:
    if isinstance(value, list):
        return ListOf(ANY, given=False)
    if isinstance(value, Mapping):
        return MappingOf(ANY, given=False)
    names = {str: STRING, int: INTEGER, bool: BOOLEAN, float: NUMBER, type(None): NULL}
    return names.get(type(value), ANY)


# Schemas with references resolved and `allOf` merged, within limits

MAX_SCHEMAS = 5000
"""The limit of schemas resolved for one prompt; further ones become `ANY`."""
MAX_DEPTH = 30
"""The limit of nesting levels."""


class _Schemas:
    """The schemas below one root."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self._left = MAX_SCHEMAS

    def merged(
        self, schema: Any, active: frozenset[str] = frozenset(), depth: int = 0
    ) -> Mapping[str, Any]:
        """One schema without `$ref` and `allOf`; empty if it allows any value."""
        self._left -= 1
        if not isinstance(schema, Mapping) or self._left < 0 or depth > MAX_DEPTH:
            return {}
        beside = {key: each for key, each in schema.items() if key not in ("$ref", "allOf")}
        parts: list[Mapping[str, Any]] = [beside]
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference not in active:
            parts.append(self.merged(target(reference, self.root), active | {reference}, depth + 1))
        branches = schema.get("allOf")
        if isinstance(branches, list):
            parts += [self.merged(branch, active, depth + 1) for branch in branches]
        result: dict[str, Any] = {}
        for part in parts:
            result = _conjunction(result, part)
        return result


def _conjunction(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The conjunction of two schemas; the first one's annotations win."""
    result = {**other, **one}
    for key in one.keys() & other.keys():
        if key == "properties":
            first, second = _mapping(one[key]), _mapping(other[key])
            both = {name: {"allOf": [first[name], second[name]]} for name in first.keys() & second}
            result[key] = {**first, **second, **both}
        elif key == "required":
            result[key] = [*_items(one[key]), *_items(other[key])]
        elif key in ("type", "enum"):
            allowed = _one_or_many(other[key])
            shared = [value for value in _one_or_many(one[key]) if value in allowed]
            result[key] = shared or one[key]
    return result


def _mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def _items(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def _one_or_many(value: Any) -> list[Any]:
    """The value as a list; a single value becomes a list of one."""
    return value if isinstance(value, list) else [value]
