"""Resolves references and merges `allOf` of schemas, within limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.runtime.request.schema_refs import target

MAX_STEPS = 5000
"""The limit of schemas resolved for one prompt; further ones become `Any`."""
MAX_DEPTH = 30
"""The limit of nesting levels."""


class Schemas:
    """The schemas below one root."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self._left = MAX_STEPS

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
            result = _both(result, part)
        return result


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The conjunction of two schemas; the first one's annotations win."""
    result = {**other, **one}
    for key in one.keys() & other.keys():
        if key == "properties":
            result[key] = _properties(mapping(one[key]), mapping(other[key]))
        elif key == "required":
            result[key] = [*items(one[key]), *items(other[key])]
        elif key in ("type", "enum"):
            allowed = one_or_many(other[key])
            both = [value for value in one_or_many(one[key]) if value in allowed]
            result[key] = both or one[key]
    return result


def _properties(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    twice = {name: {"allOf": [one[name], other[name]]} for name in one.keys() & other.keys()}
    return {**one, **other, **twice}


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def one_or_many(value: Any) -> list[Any]:
    """The value as a list; a single value becomes a list of one."""
    return value if isinstance(value, list) else [value]
