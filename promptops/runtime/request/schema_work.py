"""Estimate the work of checking a value against a schema, before doing it.

A schema that refers to itself twice at one place doubles the work with each level of the value:
`{"properties": {"x": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}}` needs a day for a value nested
forty deep, and listing the errors uses up the memory. jsonschema-rs has no limit of its own, and
collects all errors before it returns the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from promptops.json_pointer import value_at
from promptops.runtime.request.schema_cost import (
    OF_ITEMS,
    OF_MEMBERS,
    UNEVALUATED,
    Bound,
    Cost,
    as_list,
    in_place,
    names_cost,
    own_cost,
    repeats,
    unevaluated_factor,
    values_of,
)
from promptops.runtime.request.schema_engine import is_portable
from promptops.runtime.template.data import TooMuchWork

MAX_CHECKED = 20_000_000
"""Units of work to decide whether a value matches: about 0.4 s, at most 1.5 s."""

MANY_BACKTRACKS = 100_000
"""Steps that a pattern may take on one string."""

FEW_BACKTRACKS = 1_000
"""The same limit if patterns with backtracking are matched against many strings."""

_MAX_PAIRS = 200_000
"""Pairs of a schema part and a value part that are counted one by one: about 0.5 s."""

_UNITS_PER_BACKTRACK = 2
_STATES_PER_UNIT = 10
_PORTABLE_UNITS = 100
"""The cost of one unit of work with jsonschema, which is written in Python."""
_ALTERNATIVES = frozenset(("anyOf", "oneOf", "not", "if", "contains", *UNEVALUATED))
_CONTAINERS = frozenset((dict, list))


class Work:
    """An upper bound of how often parts of a schema are applied to parts of a value."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema

    def backtracks(self, value: Any) -> int:
        """The steps that a pattern may take, so that checking the value stays within the limit.

        Raises TooMuchWork if no number of steps is small enough.
        """
        if self._is_limited and not self._is_slow:
            return MANY_BACKTRACKS
        most = self._at_most(value)
        steps = self._affordable(most, value) if most is not None else None
        if steps is None:
            steps = self._affordable(self._counted(value), value)
        if steps is None:
            raise TooMuchWork("it takes too long to check the value against its schema")
        return steps

    def targets(self, schema: Mapping[str, Any]) -> Iterator[Any]:
        """The targets of a schema's references."""
        for name in ("$ref", "$dynamicRef"):
            reference = schema.get(name)
            if isinstance(reference, str):
                yield self._at(reference.partition("#")[2])

    def applied(self, schema: Mapping[str, Any], value: Any) -> Iterator[tuple[Any, Any]]:
        """The schemas that apply to a value or its parts, with the part to which each applies."""
        for part in (*self.targets(schema), *in_place(schema)):
            yield part, value
        if isinstance(value, dict):
            yield from _to_members(schema, value)
        elif isinstance(value, list):
            yield from _to_items(schema, value)

    @cached_property
    def root(self) -> Any:
        return self._schema() if callable(self._schema) else self._schema

    def _affordable(self, cost: Cost, value: Any) -> int | None:
        return _affordable(self._of_portable(cost, value) if self._is_slow else cost)

    def _of_portable(self, cost: Cost, value: Any) -> Cost:
        """jsonschema quotes a value in each error, including those of alternatives."""
        nodes, _, chars = measured(value) if self._has_alternatives else (0, 0, 0)
        factor = _PORTABLE_UNITS + nodes * 3 + chars // 20
        return Cost(cost.units * factor, cost.states)

    @cached_property
    def _is_slow(self) -> bool:
        return is_portable()

    @cached_property
    def _has_alternatives(self) -> bool:
        return _mentions(self.root, _ALTERNATIVES)

    @cached_property
    def _is_limited(self) -> bool:
        return not repeats(self.root)

    @cached_property
    def _bound(self) -> Cost | None:
        try:
            return Bound(self.targets).of(self.root)
        except RecursionError:
            return None

    @cached_property
    def _anchors(self) -> dict[str, Any]:
        return dict(_anchors(self.root))

    def _at_most(self, value: Any) -> Cost | None:
        """The bound that does not visit each part; None for a schema that applies itself."""
        bound = self._bound
        if bound is None:
            return None
        if not bound.states and not bound.backtracking:
            return Cost(bound.units * counted_nodes(value))
        nodes, strings, chars = measured(value)
        return Cost(bound.units * nodes, bound.states * chars, bound.backtracking * strings)

    def _counted(self, value: Any) -> Cost:
        try:
            return _Checks(self).count(self.root, value)
        except RecursionError:
            return Cost(MAX_CHECKED + 1)

    def _at(self, fragment: str) -> Any:
        if fragment and not fragment.startswith("/"):
            return self._anchors.get(fragment)
        return value_at(self.root, fragment)


class OwnWork(Work):
    """The same for a schema that promptops includes; its alternatives apply to small parts only."""

    @property
    def _has_alternatives(self) -> bool:
        return False


class _Checks:
    """The work of deciding whether a value matches."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._known: dict[tuple[int, int], Cost] = {}
        self._own: dict[int, tuple[Cost, Cost, int]] = {}
        self._places: dict[int, int] = {}

    def count(self, schema: Any, value: Any) -> Cost:
        if not isinstance(schema, Mapping):
            return Cost(1)
        key = (id(schema), id(value))
        if key not in self._known:
            if len(self._known) > _MAX_PAIRS:
                return Cost(MAX_CHECKED + 1)
            self._known[key] = Cost()  # a circular reference is followed once
            self._known[key] = self._computed(schema, value)
        return self._known[key]

    def _computed(self, schema: Mapping[str, Any], value: Any) -> Cost:
        own, names, factor = self._costs(schema)
        units = own.units + (5 * counted_nodes(value) if schema.get("uniqueItems") else 0)
        states = own.states * len(value) if isinstance(value, str) else 0
        backtracking = own.backtracking if isinstance(value, str) else 0
        if isinstance(value, dict) and names.units:
            units += names.units * len(value)
            states += names.states * sum(map(len, value))
            backtracking += names.backtracking * len(value)
        if factor > 1 and isinstance(value, (dict, list)):
            units += len(value) * self._in_place(schema)
        for part, below in self._work.applied(schema, value):
            cost = self.count(part, below)
            units, states = units + cost.units, states + cost.states
            backtracking += cost.backtracking
            if units > MAX_CHECKED:
                break
        return Cost(units * factor, states * factor, backtracking * factor)

    def _in_place(self, schema: Any) -> int:
        """The number of schemas that apply to the same value.

        Each may decide whether a member is evaluated.
        """
        if not isinstance(schema, Mapping):
            return 1
        if id(schema) not in self._places:
            self._places[id(schema)] = 0  # a circular reference is followed once
            parts = (*self._work.targets(schema), *in_place(schema))
            self._places[id(schema)] = 1 + sum(map(self._in_place, parts))
        return self._places[id(schema)]

    def _costs(self, schema: Mapping[str, Any]) -> tuple[Cost, Cost, int]:
        if id(schema) not in self._own:
            found = (own_cost(schema), names_cost(schema), unevaluated_factor(schema))
            self._own[id(schema)] = found
        return self._own[id(schema)]


def _affordable(cost: Cost) -> int | None:
    """The larger of both numbers of backtracking steps that stays within the limit."""
    units = cost.units + cost.states // _STATES_PER_UNIT
    for steps in (MANY_BACKTRACKS, FEW_BACKTRACKS):
        if units + cost.backtracking * steps * _UNITS_PER_BACKTRACK <= MAX_CHECKED:
            return steps
    return None


def measured(value: Any) -> tuple[int, int, int]:
    """The numbers of values, strings (including member names) and characters in a value."""
    nodes, strings, chars = 1, 0, 0
    waiting = [value]
    while waiting:
        found = waiting.pop()
        kind = type(found)
        if kind is str:
            strings, chars = strings + 1, chars + len(found)
        elif kind is dict:
            nodes, strings = nodes + len(found), strings + len(found)
            chars += sum(map(len, found))
            waiting += found.values()
        elif kind is list:
            nodes += len(found)
            waiting += found
    return nodes, strings, chars


def counted_nodes(value: Any) -> int:
    """The number of values in a value, including itself."""
    nodes, waiting = 1, [value]
    while waiting:
        found = waiting.pop()
        nodes += len(found) if type(found) in _CONTAINERS else 0
        parts = found.values() if type(found) is dict else found if type(found) is list else ()
        waiting += [part for part in parts if type(part) in _CONTAINERS]
    return nodes


def _to_members(schema: Mapping[str, Any], value: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    named = schema.get("properties")
    if isinstance(named, Mapping):
        for name in named.keys() & value.keys():
            yield named[name], value[name]
    anywhere = values_of(schema.get("patternProperties"))
    anywhere += [schema[name] for name in OF_MEMBERS if name in schema]
    for part in anywhere:
        for below in value.values():
            yield part, below
    if "propertyNames" in schema:
        for name in value:
            yield schema["propertyNames"], name


def _to_items(schema: Mapping[str, Any], value: list[Any]) -> Iterator[tuple[Any, Any]]:
    yield from zip(as_list(schema.get("prefixItems")), value, strict=False)
    for name in OF_ITEMS:
        if name in schema:
            for below in value:
                yield schema[name], below


def _mentions(schema: Any, names: frozenset[str]) -> bool:
    if isinstance(schema, Mapping):
        return not names.isdisjoint(schema) or any(_mentions(x, names) for x in schema.values())
    return isinstance(schema, list) and any(_mentions(part, names) for part in schema)


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
