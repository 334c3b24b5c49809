"""Detect JSON Schemas that every value matches, or none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from promptops.analysis.schemas.inclusion import is_included
from promptops.evals.checked_values import MOST_CHARS
from promptops.evals.patterns import matches_every_text
from promptops.json_pointer import value_at
from promptops.runtime.request.schema_check import validator

_BUDGET = 2_000
"""Steps of one proof: about 0.1 s."""

_LONGEST = 100_000  # characters of a schema as JSON; a proof reads all of it

_PROBES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1.5, 10**12, "", "x", "12", "é\n", "x" * 2_000),
    *([], [None], [1, "x"], [[]], list(range(50)), {}, {"x": None}, {"": {"x": [1]}}),
)
"""A simple value of each type, and some values that many schemas reject."""


def admits_every_value(schema: Any, of: Any = True) -> bool:
    """Whether each value that matches the schema `of` provably matches `schema`, too.

    JSON Schema 2020-12, formats not asserted. A limit that no answer reaches does not count.
    """
    schema = _without_idle_limits(schema)
    if _some_probe_decides(schema, of, fits=False):
        return False
    return _proved(_text(of), _text(schema))


def admits_no_value(schema: Any, of: Any = True) -> bool:
    """Whether no value that matches the schema `of` matches `schema`, too; False if unknown."""
    if _some_probe_decides(schema, of, fits=True):
        return False
    both = schema if of is True else _both(schema, of)
    return _proved(_text(both), "false")


def reference_without_end(schema: Any) -> str | None:
    """A local `$ref` that leads back to itself without going into a part of the value.

    A validator checks nothing there: every value fits `{$ref: "#"}`.
    """
    ended: set[int] = set()
    for part in _parts(schema):
        if "$ref" in part and _leads_back(part, schema, (), ended):
            return str(part["$ref"])
    return None


def _parts(schema: Any) -> Iterator[Mapping[str, Any]]:
    """All mappings of a schema that may be schemas."""
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, Mapping):
            yield part
            waiting += [value for key, value in part.items() if key not in _PLAIN_DATA]


_PLAIN_DATA = frozenset(("const", "enum", "default", "examples"))


def _leads_back(part: Any, root: Any, passed: tuple[int, ...], ended: set[int]) -> bool:
    """Whether a schema applies itself to the same value; `ended` holds those that do not."""
    if id(part) in passed:
        return True
    if not isinstance(part, Mapping) or id(part) in ended:
        return False
    applied = [part[key] for key in ("not", "if", "then", "else") if key in part]
    for key in ("allOf", "anyOf", "oneOf"):
        applied += part[key] if isinstance(part.get(key), list) else []
    reference = part.get("$ref")
    if reference == "#" or str(reference)[:2] == "#/":
        applied.append(value_at(root, str(reference)[1:]))
    passed = (*passed, id(part))
    found = any(_leads_back(each, root, passed, ended) for each in applied)
    ended.add(id(part))
    return found


def _both(schema: Any, of: Any) -> Any:
    """A schema that requires both; definitions stay at the root, where references point."""
    if not isinstance(schema, Mapping):
        return {"allOf": [schema, of]}
    return {**schema, "allOf": [*schema.get("allOf", ()), of]}


def _some_probe_decides(schema: Any, of: Any, *, fits: bool) -> bool:
    """Whether a probe that `of` admits is a counterexample: cheap, and most schemas have one."""
    try:
        judges, concerned = _validator(_text(schema)), _validator(_text(of))
        return any(judges.is_valid(v) is fits for v in _PROBES if concerned.is_valid(v))
    except (ValueError, RecursionError):
        return True  # it can't be used, which is reported elsewhere


@lru_cache(maxsize=256)
def _validator(schema: str) -> Any:
    return validator({"allOf": [read]} if isinstance(read := json.loads(schema), bool) else read)


@lru_cache(maxsize=256)
def _proved(left: str, right: str) -> bool:
    if len(left) + len(right) > _LONGEST:
        return False
    return is_included(json.loads(left), json.loads(right), budget=_BUDGET)


def _text(schema: Any) -> str:
    return json.dumps(schema, sort_keys=True)


def _without_idle_limits(schema: Any) -> Any:
    """The schema without patterns and sizes that reject nothing."""
    if isinstance(schema, list):
        return [_without_idle_limits(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {key: _without_idle_limits(value) for key, value in _busy(schema)}


def _busy(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in schema.items():
        if not _is_idle(key, value):
            yield key, value


def _is_idle(key: str, value: Any) -> bool:
    if key == "pattern":
        return isinstance(value, str) and matches_every_text(value)
    if key in ("maxLength", "maxItems", "maxProperties"):
        return _is_number(value) and value > MOST_CHARS
    if key in ("minimum", "exclusiveMinimum"):
        return _is_number(value) and value < -_HUGE
    if key in ("maximum", "exclusiveMaximum"):
        return _is_number(value) and value > _HUGE
    return key in ("unevaluatedProperties", "unevaluatedItems") and value is True


_HUGE = 1e300


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
