"""The cost of each keyword of a JSON Schema, and an upper bound for every value.

One unit is about 20 ns: the time in which jsonschema-rs applies a small schema to a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from promptops.patterns import lazy_pattern

Follow = Callable[[Mapping[str, Any]], Iterable[Any]]
"""From a schema to the targets of its references."""

IN_PLACE = ("not", "if", "then", "else")
IN_PLACE_LISTS = ("allOf", "anyOf", "oneOf")
OF_ITEMS = ("items", "contains", "additionalItems", "unevaluatedItems")
OF_MEMBERS = ("additionalProperties", "unevaluatedProperties")
ENDLESS = "a schema that applies itself"

_REPEATED = frozenset((*OF_ITEMS, *OF_MEMBERS, "patternProperties", "propertyNames"))
UNEVALUATED = ("unevaluatedItems", "unevaluatedProperties")
_REPEATING = frozenset(
    (*_REPEATED, *UNEVALUATED, "$ref", "$dynamicRef", "enum", "pattern", "uniqueItems")
)
_COUNT = lazy_pattern(r"\{(\d{1,9})(?:,(\d{0,9}))?\}")
_TOKEN = lazy_pattern(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{\d{1,9}(?:,\d{0,9})?\}|.", re.DOTALL)
_BACKTRACKS = lazy_pattern(r"\(\?(?!:|P?<[A-Za-z_])|\\[1-9kKGgzZ]|[+*?}]\+")
_MAX_STATES = 10**9


class Cost(NamedTuple):
    """The cost of applying a schema to one part of a value.

    Attributes:
        units: The cost for the part, independent of its content.
        states: For patterns: the work for each character of a string.
        backtracking: Patterns that need a backtracking engine.
    """

    units: int = 0
    states: int = 0
    backtracking: int = 0

    def plus(self, *others: Cost) -> Cost:
        return Cost(*(sum(amounts) for amounts in zip(self, *others, strict=True)))

    def at_least(self, *others: Cost) -> Cost:
        return Cost(*(max(amounts) for amounts in zip(self, *others, strict=True)))

    def times(self, factor: int) -> Cost:
        return Cost(*(amount * factor for amount in self))


def repeats(schema: Any) -> bool:
    """Whether checking a value may take more than a small multiple of the schema's own size."""
    if isinstance(schema, dict):
        if not _REPEATING.isdisjoint(schema) and any(map(_is_costly, schema.items())):
            return True
        return any(repeats(part) for part in schema.values() if type(part) in (dict, list))
    return isinstance(schema, list) and any(map(repeats, schema))


def _is_costly(keyword: tuple[str, Any]) -> bool:
    name, value = keyword
    if name == "enum":
        return _of_options(value) > 1
    if name in _REPEATED and name not in UNEVALUATED:
        return isinstance(value, dict)
    return name in _REPEATING


def own_cost(schema: Mapping[str, Any]) -> Cost:
    """The cost of the keywords that check a value itself."""
    units = 1 + len(as_list(schema.get("required")))
    units += sum(len(as_list(names)) for names in values_of(schema.get("dependentRequired")))
    units += data_nodes(schema.get("const")) + _of_options(schema.get("enum"))
    units += 5 if schema.get("uniqueItems") else 0
    units += 750 if isinstance(schema.get("multipleOf"), float) else 0
    pattern = schema.get("pattern")
    return Cost(units).plus(pattern_cost(pattern)) if isinstance(pattern, str) else Cost(units)


def names_cost(schema: Mapping[str, Any]) -> Cost:
    """The cost of matching each member's name with `patternProperties`."""
    patterns = schema.get("patternProperties")
    return Cost().plus(*map(pattern_cost, patterns)) if isinstance(patterns, Mapping) else Cost()


def unevaluated_factor(schema: Mapping[str, Any]) -> int:
    """Finding unevaluated members applies all schemas of the place again."""
    return 4 if any(key in schema for key in UNEVALUATED) else 1


def pattern_cost(pattern: str) -> Cost:
    """The size of a pattern with counted repetitions expanded."""
    backtracks = 1 if _BACKTRACKS.search(pattern) else 0
    return Cost(units=5, states=_states(pattern), backtracking=backtracks)


def _states(pattern: str) -> int:
    open_, total, last = [], 0, 0
    for token in _TOKEN.findall(pattern):
        if token == "(":
            open_.append(total)
            total = 0
        elif token == ")":
            last, total = total, total + (open_.pop() if open_ else 0)
        elif (count := _COUNT.fullmatch(token)) is not None:
            times = int(count[2] or count[1])
            total += last * max(times - 1, 0)
            last *= times
        else:
            last = 1
            total += 1
        if total > _MAX_STATES:
            return _MAX_STATES
    return total + sum(open_)


class Bound:
    """The highest cost of any one part of a value."""

    def __init__(self, follow: Follow) -> None:
        self._follow = follow
        self._known: dict[int, tuple[Cost, Cost] | None] = {}

    def of(self, schema: Any) -> Cost:
        """Raises RecursionError for a schema that applies itself or is nested too deep."""
        own, below = self._costs(schema)
        return own.at_least(below)

    def _costs(self, schema: Any) -> tuple[Cost, Cost]:
        """The cost for the value itself, and the highest one for any of its parts."""
        if not isinstance(schema, Mapping):
            return Cost(1), Cost()
        if id(schema) not in self._known:
            self._known[id(schema)] = None
            self._known[id(schema)] = self._computed(schema)
        found = self._known[id(schema)]
        if found is None:
            raise RecursionError(ENDLESS)
        return found

    def _computed(self, schema: Mapping[str, Any]) -> tuple[Cost, Cost]:
        beside = [self._costs(part) for part in (*self._follow(schema), *in_place(schema))]
        own = own_cost(schema).plus(*(cost for cost, _ in beside))
        below = self._below(schema).plus(*(cost for _, cost in beside))
        factor = unevaluated_factor(schema)
        return own.times(factor), below.times(factor)

    def _below(self, schema: Mapping[str, Any]) -> Cost:
        one_of = [
            *values_of(schema.get("properties")),
            *as_list(schema.get("prefixItems")),
        ]
        repeated = [
            schema[name] for name in (*OF_ITEMS, *OF_MEMBERS, "propertyNames") if name in schema
        ]
        repeated += values_of(schema.get("patternProperties"))
        most = Cost().at_least(*map(self.of, one_of))
        return most.plus(names_cost(schema), *map(self.of, repeated))


def in_place(schema: Mapping[str, Any]) -> Iterator[Any]:
    """The schemas that apply to the same value."""
    for name in IN_PLACE_LISTS:
        yield from as_list(schema.get(name))
    for name in IN_PLACE:
        if name in schema:
            yield schema[name]
    yield from values_of(schema.get("dependentSchemas"))


def _of_options(options: Any) -> int:
    """Scalars are found by their hash; a list or a mapping is compared with each option."""
    options = as_list(options)
    if not any(isinstance(option, (list, dict)) for option in options):
        return 1
    return 8 * data_nodes(options)


def data_nodes(value: Any) -> int:
    """The number of values in a value, including itself; 0 for null."""
    if isinstance(value, Mapping):
        return 1 + sum(map(data_nodes, value.values()))
    if isinstance(value, list):
        return 1 + sum(map(data_nodes, value))
    return 0 if value is None else 1


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def values_of(value: Any) -> list[Any]:
    return [*value.values()] if isinstance(value, Mapping) else []
