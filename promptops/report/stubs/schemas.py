"""Schemas with their references followed and their `allOf` merged, within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.json_pointer import value_at

MAX_STEPS = 5000
"""Schemas resolved for one prompt; further ones become `Any`."""
MAX_DEPTH = 30
"""Nesting levels of schemas."""


class Schemas:
    """The schemas below one root."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self._left = MAX_STEPS

    def merged(
        self, schema: Any, active: frozenset[str] = frozenset(), depth: int = 0
    ) -> Mapping[str, Any]:
        """One schema without `$ref` and `allOf`; empty for what may be anything."""
        self._left -= 1
        if not isinstance(schema, Mapping) or self._left < 0 or depth > MAX_DEPTH:
            return {}
        beside = {key: each for key, each in schema.items() if key not in ("$ref", "allOf")}
        parts: list[Mapping[str, Any]] = [beside]
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference not in active:
            parts.append(self.merged(self.target(reference), active | {reference}, depth + 1))
        branches = schema.get("allOf")
        if isinstance(branches, list):
            parts += [self.merged(branch, active, depth + 1) for branch in branches]
        result: dict[str, Any] = {}
        for part in parts:
            result = _both(result, part)
        return result

    def target(self, reference: str) -> Any:
        """What a pointer from the root leads to, or None."""
        if reference == "#":
            return self.root
        return value_at(self.root, f"/{reference.removeprefix('#/')}")


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """What fits both; of annotations the first."""
    result = {**other, **one}
    for key in one.keys() & other.keys():
        if key == "properties":
            result[key] = _properties(mapping(one[key]), mapping(other[key]))
        elif key == "required":
            result[key] = [*items(one[key]), *items(other[key])]
        elif key in ("type", "enum"):
            allowed = one_or_many(other[key])
            both = [each for each in one_or_many(one[key]) if each in allowed]
            result[key] = both or one[key]
    return result


def _properties(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    twice = {name: {"allOf": [one[name], other[name]]} for name in one.keys() & other.keys()}
    return {**one, **other, **twice}


def mapping(value: Any) -> Mapping[str, Any]:
    """Itself, or empty where it is none."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Any]:
    """Itself, or empty where it is no list."""
    return value if isinstance(value, list) else []


def one_or_many(value: Any) -> list[Any]:
    """A list of what may be written alone."""
    return value if isinstance(value, list) else [value]
