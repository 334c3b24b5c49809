"""How much work it is to check a value against a schema, known before it is done.

A schema that refers to itself twice at one place doubles the work with each level of the value:
`{"properties": {"x": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}}` needs a day for a value forty
deep, and telling what is wrong with it, all of the memory. The validator has no limit of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MAX_CHECKED = 5_000_000
"""Schemas applied to parts of a value, to learn whether it fits: about 0.1 s."""

MAX_EXPLAINED = 20_000
"""The same, to learn why it does not: of alternatives, all that was wrong is kept."""

_TOO_LONG = "it takes too long to check the value against its schema"
_NOT_EXPLAINED = "the value does not fit its schema; to tell where would take too long"

_ALSO = ("not", "if", "then", "else", "propertyNames", "contains")
_LISTS = ("allOf", "anyOf", "oneOf")
_ITEMS = ("items", "contains", "additionalItems", "unevaluatedItems")
_MEMBERS = ("additionalProperties", "unevaluatedProperties")


class TooMuchWork(ValueError):
    """A value takes too long to be checked; the message is lower case, without a full stop."""


def bounded(validator: Any, schema: Mapping[str, Any]) -> Any:
    """The validator, or one that refuses what takes too long where the schema makes it possible."""
    work = _Work(schema)
    return _Bounded(validator, work) if work.may_grow else validator


class _Bounded:
    def __init__(self, validator: Any, work: _Work) -> None:
        self._validator = validator
        self._work = work

    def is_valid(self, value: Any) -> bool:
        self._work.check(value, MAX_CHECKED, _TOO_LONG)
        return bool(self._validator.is_valid(value))

    def iter_errors(self, value: Any) -> Any:
        self._work.check(value, MAX_EXPLAINED, _NOT_EXPLAINED)
        return self._validator.iter_errors(value)


class _Work:
    """Counts how often a schema's parts are applied to parts of a value, at the most."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._anchors: dict[str, Any] = {}
        self.may_grow = _refers(schema)
        if self.may_grow:
            self._anchors = dict(_anchors(schema))
            self.may_grow = not self._is_small()

    def check(self, value: Any, limit: int, message: str) -> None:
        """Raise TooMuchWork where a value needs more than a limit."""
        try:
            if self._count(self._schema, value, limit, {}) > limit:
                raise TooMuchWork(message)
        except RecursionError:
            raise TooMuchWork(message) from None

    def _is_small(self) -> bool:
        """Whether the schema, all references written out, has an end and few parts."""
        try:
            return self._size(self._schema, {}) <= MAX_EXPLAINED
        except RecursionError:
            return False

    def _size(self, schema: Any, known: dict[int, int]) -> int:
        if isinstance(schema, list):
            return sum(self._size(item, known) for item in schema)
        if not isinstance(schema, Mapping):
            return 0
        if id(schema) not in known:
            known[id(schema)] = MAX_EXPLAINED + 1  # what is met again within itself has no end
            parts = [self._size(part, known) for key, part in schema.items() if key != "$defs"]
            parts += [self._size(target, known) for target in self._targets(schema)]
            known[id(schema)] = 1 + sum(parts)
        return known[id(schema)]

    def _count(self, schema: Any, value: Any, limit: int, known: dict[tuple[int, int], int]) -> int:
        if not isinstance(schema, Mapping):
            return 1
        key = (id(schema), id(value))
        if key not in known:
            known[key] = 0  # a reference in a circle is followed once
            total = 1
            for part, below in self._applied(schema, value):
                total += self._count(part, below, limit, known)
                if total > limit or len(known) > limit:
                    total = limit + 1
                    break
            known[key] = total
        return known[key]

    def _applied(self, schema: Mapping[str, Any], value: Any) -> Iterator[tuple[Any, Any]]:
        """The schemas that are applied to a value or to its parts, with what each is applied to."""
        for target in self._targets(schema):
            yield target, value
        for name in _LISTS:
            for part in _list(schema.get(name)):
                yield part, value
        for name in _ALSO:
            if name in schema:
                yield schema[name], value
        for part in _values(schema.get("dependentSchemas")):
            yield part, value
        if isinstance(value, dict):
            yield from _to_members(schema, value)
        elif isinstance(value, list):
            yield from _to_items(schema, value)

    def _targets(self, schema: Mapping[str, Any]) -> Iterator[Any]:
        for name in ("$ref", "$dynamicRef"):
            reference = schema.get(name)
            if isinstance(reference, str):
                yield self._at(reference.partition("#")[2])

    def _at(self, fragment: str) -> Any:
        if fragment and not fragment.startswith("/"):
            return self._anchors.get(fragment)
        found: Any = self._schema
        steps = (part.replace("~1", "/").replace("~0", "~") for part in fragment.split("/")[1:])
        for step in steps:
            if isinstance(found, list):
                found = found[int(step)] if step.isdigit() and int(step) < len(found) else None
            else:
                found = found.get(step) if isinstance(found, Mapping) else None
        return found


def _to_members(schema: Mapping[str, Any], value: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    named = schema.get("properties")
    if isinstance(named, Mapping):
        for name in named.keys() & value.keys():
            yield named[name], value[name]
    anywhere = [*_values(schema.get("patternProperties"))]
    anywhere += [schema[name] for name in _MEMBERS if name in schema]
    for part in anywhere:
        for below in value.values():
            yield part, below


def _to_items(schema: Mapping[str, Any], value: list[Any]) -> Iterator[tuple[Any, Any]]:
    yield from zip(_list(schema.get("prefixItems")), value, strict=False)
    for name in _ITEMS:
        if name in schema:
            for below in value:
                yield schema[name], below


def _refers(schema: Any) -> bool:
    if isinstance(schema, Mapping):
        return "$ref" in schema or "$dynamicRef" in schema or any(map(_refers, schema.values()))
    return isinstance(schema, list) and any(map(_refers, schema))


def _anchors(schema: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(schema, Mapping):
        for name in ("$anchor", "$dynamicAnchor"):
            if isinstance(schema.get(name), str):
                yield schema[name], schema
        for part in schema.values():
            yield from _anchors(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _anchors(part)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _values(value: Any) -> list[Any]:
    return [*value.values()] if isinstance(value, Mapping) else []
