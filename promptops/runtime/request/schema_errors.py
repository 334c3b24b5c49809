"""Estimate the memory that the errors of a value need, before jsonschema-rs collects them all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.runtime.request.schema_cost import as_list, values_of
from promptops.runtime.request.schema_work import Work, measured

MAX_ERROR_BYTES = 50_000_000
"""The memory limit for the list of all errors of a value."""

_ERROR_BYTES = 1_000
_STEP_BYTES = 200
_NODE_BYTES = 50
_CHAR_BYTES = 3
_ASSERTIONS = frozenset(
    (
        *("type", "enum", "const", "multipleOf", "maximum", "exclusiveMaximum", "minimum"),
        *("exclusiveMinimum", "maxLength", "minLength", "pattern", "format", "contains"),
        *("maxItems", "minItems", "uniqueItems", "required", "dependentRequired", "anyOf", "oneOf"),
        *("maxProperties", "minProperties", "additionalProperties", "propertyNames", "not"),
        *("unevaluatedProperties", "unevaluatedItems", "contentEncoding", "contentMediaType"),
    )
)
_QUOTED = ("enum", "const", "not", "pattern")
"""Keywords whose own value is a part of the error."""


def may_collect(work: Work, value: Any) -> bool:
    """Whether all errors of an invalid value fit into the memory limit."""
    try:
        return _Errors(work, value).count() <= MAX_ERROR_BYTES
    except RecursionError:
        return False


class _Errors:
    """The memory for all errors of a value, assuming that every keyword rejects it."""

    def __init__(self, work: Work, value: Any) -> None:
        self._work = work
        self._value = value
        self._known: dict[tuple[int, int], int] = {}
        self._sizes: dict[int, int] = {}
        self._each = _ERROR_BYTES + _longest_path(value)

    def count(self) -> int:
        return self._count(self._work.root, self._value)

    def _count(self, schema: Any, value: Any) -> int:
        if not isinstance(schema, Mapping):
            return self._each + self._size(value)
        key = (id(schema), id(value))
        if key not in self._known:
            self._known[key] = 0
            self._known[key] = self._computed(schema, value)
        return self._known[key]

    def _computed(self, schema: Mapping[str, Any], value: Any) -> int:
        keywords = sum(1 for name in schema if name in _ASSERTIONS) + _required(schema)
        total = max(keywords, 1) * (self._each + self._size(value))
        total += sum(20 * _size_bytes(schema[name]) for name in _QUOTED if name in schema)
        for part, below in self._work.applied(schema, value):
            if total > MAX_ERROR_BYTES:
                break
            total += self._count(part, below)
        return total

    def _size(self, value: Any) -> int:
        if not isinstance(value, (dict, list)):
            return _size_bytes(value)
        if id(value) not in self._sizes:
            self._sizes[id(value)] = _size_bytes(value)
        return self._sizes[id(value)]


def _size_bytes(value: Any) -> int:
    """The memory of an error that quotes a value."""
    nodes, _, chars = measured(value)
    return nodes * _NODE_BYTES + chars * _CHAR_BYTES


def _longest_path(value: Any) -> int:
    """The memory of the longest path into a value in an error."""
    if isinstance(value, dict):
        steps = (_CHAR_BYTES * len(key) + _longest_path(part) for key, part in value.items())
        return _STEP_BYTES + max(steps, default=0)
    return _STEP_BYTES + max(map(_longest_path, value), default=0) if isinstance(value, list) else 0


def _required(schema: Mapping[str, Any]) -> int:
    """The number of required names; each missing one is an error."""
    names = len(as_list(schema.get("required")))
    return names + sum(
        len(as_list(missing)) for missing in values_of(schema.get("dependentRequired"))
    )
