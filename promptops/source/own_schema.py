"""A fast check of a value against a schema that ships with promptops, which can only accept.

Importing jsonschema-rs takes 10 ms and 10 MB, and nearly every file is as it should be. Where the
check does not accept a value, or does not know a keyword of the schema, jsonschema-rs decides and
explains. The parts of a schema are prepared when a value first has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from promptops.patterns import lazy_pattern
from promptops.runtime.request.plain_schema import (
    Check,
    always,
    checks_by_type,
    never,
    of_item_count,
)

# fmt: off
_KNOWN = frozenset((
    "$ref", "type", "enum", "const", "minLength", "maxLength", "pattern", "minimum", "maximum",
    "exclusiveMinimum", "exclusiveMaximum", "items", "minItems", "maxItems", "uniqueItems",
    "required", "properties", "minProperties", "additionalProperties", "patternProperties",
    "propertyNames", "dependentRequired", "allOf", "anyOf", "oneOf", "if", "then", "else",
    "$schema", "$id", "$defs", "title", "description", "default",
))
# fmt: on
_OWN_KEYS = "^x-"
"""The only pattern of keys: those of users, which may have any value."""
_DEFINITIONS = "#/$defs/"


class OwnSchema:
    """One schema."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._named: dict[str, Check] = {}

    def accepts(self, value: Any) -> bool:
        """Whether JSON data fits for certain."""
        try:
            return self._whole(value)
        except (_NotKnown, RecursionError):
            return False

    @cached_property
    def _whole(self) -> Check:
        return self._check(self._schema)

    def _check(self, schema: Any) -> Check:
        if isinstance(schema, bool):
            return always if schema else never
        if any(key not in _KNOWN and not key.startswith("x-") for key in schema):
            raise _NotKnown
        find = checks_by_type(schema, self._of_items(schema), self._of_members(schema)).get
        more = tuple(self._combined(schema))

        def check(value: Any) -> bool:
            if not find(type(value), never)(value):
                return False
            for each in more:  # noqa: SIM110  # a generator would take longer: the hottest loop
                if not each(value):
                    return False
            return True

        return check

    def _of_items(self, schema: Mapping[str, Any]) -> Check:
        size, unique = of_item_count(schema), schema.get("uniqueItems")
        fits = self._check(schema.get("items", True))
        return lambda value: (
            size(value)
            and (fits is always or all(map(fits, value)))
            and (not unique or _are_different_texts(value))
        )

    def _of_members(self, schema: Mapping[str, Any]) -> Check:
        required = tuple(schema.get("required", ()))
        count: int = schema.get("minProperties", 0)
        check_of = self._members(schema)

        def check(value: Mapping[str, Any]) -> bool:
            for name in required:
                if name not in value:
                    return False
            for name, part in value.items():
                fits = check_of(name)
                if fits is not always and not fits(part):
                    return False
            return len(value) >= count

        return check

    def _members(self, schema: Mapping[str, Any]) -> Callable[[str], Check]:
        """The check of a member, by its name."""
        properties, names = schema.get("properties", {}), schema.get("propertyNames")
        pattern = _matches(names["pattern"]) if names else always
        if {*schema.get("patternProperties", (_OWN_KEYS,))} != {_OWN_KEYS}:
            raise _NotKnown
        has_own = "patternProperties" in schema
        other = self._check(schema.get("additionalProperties", True))
        known: dict[str, Check] = {}

        def member(name: str) -> Check:
            found = known.get(name)
            if found is None and name in properties:
                found = known[name] = self._check(properties[name])
            if not pattern(name):
                return never
            return found or (always if has_own and name.startswith("x-") else other)

        return member

    def _combined(self, schema: Mapping[str, Any]) -> Iterator[Check]:
        """What a value must fit, too, of whatever type it is."""
        if "$ref" in schema:
            yield self._reference(schema["$ref"])
        if "pattern" in schema:
            yield _matches(schema["pattern"])
        if "dependentRequired" in schema:
            yield _with_dependent(schema["dependentRequired"])
        yield from map(self._check, schema.get("allOf", ()))
        if "anyOf" in schema:
            yield _any_of([self._check(part) for part in schema["anyOf"]])
        if "oneOf" in schema:
            yield _one_of([_condition(part) for part in schema["oneOf"]])
        if "if" in schema:
            yield _if(
                _condition(schema["if"]),
                self._check(schema.get("then", True)),
                self._check(schema.get("else", True)),
            )

    def _reference(self, target: str) -> Check:
        name = target.removeprefix(_DEFINITIONS)
        if name == target or name not in self._schema.get("$defs", {}):
            raise _NotKnown

        def check(value: Any) -> bool:
            if name not in self._named:  # not earlier: it may refer to itself
                self._named[name] = self._check(self._schema["$defs"][name])
            return self._named[name](value)

        return check


class _NotKnown(Exception):
    """A part of a schema that this module does not support."""


def _are_different_texts(items: Sequence[Any]) -> bool:
    return all(type(item) is str for item in items) and len(set(items)) == len(items)


def _matches(pattern: str) -> Check:
    """Whether a text matches, with `$` at its end only; other values fit."""
    search = lazy_pattern(pattern).search
    return lambda value: (
        type(value) is not str or (bool(search(value)) and not value.endswith("\n"))
    )


def _with_dependent(names: Mapping[str, Sequence[str]]) -> Check:
    return lambda value: (
        type(value) is not dict
        or all(
            name not in value or all(other in value for other in others)
            for name, others in names.items()
        )
    )


def _any_of(checks: Sequence[Check]) -> Check:
    return lambda value: any(check(value) for check in checks)


def _one_of(conditions: Sequence[Check]) -> Check:
    return lambda value: sum(condition(value) for condition in conditions) == 1


def _if(condition: Check, then: Check, other: Check) -> Check:
    return lambda value: then(value) if condition(value) else other(value)


_TYPES: Mapping[Any, type] = {"object": dict, "array": list}


def _condition(schema: Mapping[str, Any]) -> Check:
    """Whether a value fits a schema with names of members, or texts in them: yes or no."""
    if schema.keys() - {"type", "required", "properties"}:
        raise _NotKnown
    kind = _TYPES[schema["type"]] if "type" in schema else None
    required = tuple(schema.get("required", ()))
    texts = [(name, _texts(part)) for name, part in schema.get("properties", {}).items()]

    def holds(value: Any) -> bool:
        if type(value) is not dict:
            return kind is None or type(value) is kind
        if kind is list:
            return False
        return all(name in value for name in required) and all(
            name not in value or (type(value[name]) is str and value[name] in options)
            for name, options in texts
        )

    return holds


def _texts(schema: Mapping[str, Any]) -> frozenset[str]:
    options = schema.get("enum", [schema.get("const")])
    if len(schema) != 1 or not all(type(option) is str for option in options):
        raise _NotKnown
    return frozenset(options)
