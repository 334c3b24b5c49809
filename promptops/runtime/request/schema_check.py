"""Check values against a JSON Schema, within limits of time and memory estimated beforehand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from importlib.util import find_spec
from itertools import islice
from typing import Any, NamedTuple, Protocol

from promptops.json_pointer import value_at
from promptops.model.prompt import Schema
from promptops.patterns import lazy_pattern
from promptops.runtime.template.data import TooMuchWork


def validator(schema: Schema) -> Validator:
    """A validator that fetches nothing and has a work limit for every value.

    Raises ValueError with the message of jsonschema-rs if the schema is invalid.
    """
    return Validator(_engine(dict(schema), MANY_BACKTRACKS), schema)


NATIVE = "jsonschema-rs"
PORTABLE = "jsonschema"


class Engine(Protocol):
    """Checks values against one schema.

    Errors have the attributes of a jsonschema_rs.ValidationError: `kind` with a name and facts,
    `instance`, `instance_path`, `schema_path`, `message`.
    """

    def is_valid(self, value: Any) -> bool: ...

    def iter_errors(self, value: Any) -> Iterator[Any]: ...


@cache
def is_portable() -> bool:
    """Whether jsonschema-rs is missing, so that the engine is PORTABLE instead of NATIVE."""
    return find_spec("jsonschema_rs") is None


def any_engine(schema: Any, backtracks: int) -> Engine:
    """An engine for an untrusted schema, whose `$schema` names its draft; 2020-12 by default.

    `backtracks` limits the steps of a pattern on one string; the portable engine matches without
    backtracking. Raises ValueError, with a reason of one line, for an invalid schema.
    """
    if is_portable():
        from promptops.runtime.request.portable_schema import portable_engine

        return portable_engine(schema)
    return _native(schema, backtracks)


def own_engine(schema: Any, *, formats: bool = False) -> Engine:
    """An engine for a 2020-12 schema that ships with the tool or was checked; raises ValueError."""
    if is_portable():
        from promptops.runtime.request.portable_schema import portable_engine

        return portable_engine(schema, formats=formats)
    import jsonschema_rs

    try:
        engine: Engine = jsonschema_rs.Draft202012Validator(
            schema, retriever=_refuse, validate_formats=formats
        )
    except jsonschema_rs.ReferencingError as error:
        raise ValueError(str(error)) from None
    return engine


def first_error(engine: Any, value: Any) -> Any:
    """The first error of a value, or None.

    jsonschema-rs collects all errors before its `iter_errors` yields the first, which may use up
    the memory; only its `validate` stops at the first one.
    """
    if is_portable():
        return next(iter(engine.iter_errors(value)), None)
    import jsonschema_rs

    try:
        engine.validate(value)
    except jsonschema_rs.ValidationError as error:
        return error
    return None


def _native(schema: Any, backtracks: int) -> Engine:
    import jsonschema_rs

    try:
        engine: Engine = jsonschema_rs.validator_for(
            schema,
            retriever=_refuse,
            pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=backtracks),
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        raise ValueError(str(error).partition("\n")[0]) from None
    return engine


def _refuse(address: str) -> Any:
    raise ValueError(f"`{address}` is not fetched")


# The cost of each keyword of a JSON Schema, and an upper bound for every value.
#
# One unit is about 20 ns: the time in which jsonschema-rs applies a small schema to a value.

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
_REPETITIONS = lazy_pattern(r"\{(\d{1,9})(?:,(\d{0,9}))?\}")
_TOKEN = lazy_pattern(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{\d{1,9}(?:,\d{0,9})?\}|.", re.DOTALL)
_NEEDS_BACKTRACKING = lazy_pattern(r"\(\?(?!:|P?<[A-Za-z_])|\\[1-9kKGgzZ]|[+*?}]\+")
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
    backtracks = 1 if _NEEDS_BACKTRACKING.search(pattern) else 0
    return Cost(units=5, states=_states(pattern), backtracking=backtracks)


def _states(pattern: str) -> int:
    open_, total, last = [], 0, 0
    for token in _TOKEN.findall(pattern):
        if token == "(":
            open_.append(total)
            total = 0
        elif token == ")":
            last, total = total, total + (open_.pop() if open_ else 0)
        elif (count := _REPETITIONS.fullmatch(token)) is not None:
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
        one_of = [*values_of(schema.get("properties")), *as_list(schema.get("prefixItems"))]
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


# Estimate the work of checking a value against a schema, before doing it.
#
# A schema that refers to itself twice at one place doubles the work with each level of the value:
# `{"properties": {"x": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}}` needs a day for a value nested
# forty deep, and listing the errors uses up the memory. jsonschema-rs has no limit of its own, and
# collects all errors before it returns the first.

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
_APPLIED_APART = frozenset(("anyOf", "oneOf", "not", "if", "contains", *UNEVALUATED))
_CONTAINERS = frozenset((dict, list))


class Work:
    """An upper bound of how often parts of a schema are applied to parts of a value."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema
        self._applied: dict[int, Applied] = {}
        self._reported: dict[int, Reported] = {}

    def backtracks(self, value: Any) -> int:
        """The steps that a pattern may take, so that checking the value stays within the limit.

        Raises TooMuchWork if no number of steps is small enough.
        """
        if self._is_limited and not is_portable():
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

    def applied(self, schema: Mapping[str, Any]) -> Applied:
        """The schemas that a schema applies."""
        found = self._applied.get(id(schema))
        if found is None:
            found = self._applied[id(schema)] = _applied_by(schema, self.targets(schema))
        return found

    def reported(self, schema: Mapping[str, Any]) -> Reported:
        """What a schema adds to the list of errors of a value."""
        found = self._reported.get(id(schema))
        if found is None:
            found = self._reported[id(schema)] = _reported_by(schema, self.targets(schema))
        return found

    @cached_property
    def root(self) -> Any:
        return self._schema() if callable(self._schema) else self._schema

    def _affordable(self, cost: Cost, value: Any) -> int | None:
        return _affordable(self._of_portable(cost, value) if is_portable() else cost)

    def _of_portable(self, cost: Cost, value: Any) -> Cost:
        """jsonschema quotes a value in each error, including those of alternatives."""
        nodes, _, chars = measured(value) if self._has_alternatives else (0, 0, 0)
        factor = _PORTABLE_UNITS + nodes * 3 + chars // 20
        return Cost(cost.units * factor, cost.states)

    @cached_property
    def _has_alternatives(self) -> bool:
        return _mentions(self.root, _APPLIED_APART)

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
        for part, below in self._work.applied(schema).to(value):
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


class Applied(NamedTuple):
    """The schemas that one schema applies.

    Attributes:
        in_place: To the value itself.
        first: To the first items, each to one.
        items: To each item.
        named: To the members of these names.
        members: To each member.
        names: To the name of each member.
    """

    in_place: tuple[Any, ...]
    first: tuple[Any, ...]
    items: tuple[Any, ...]
    named: Mapping[str, Any]
    members: tuple[Any, ...]
    names: tuple[Any, ...]

    def to(self, value: Any) -> Iterator[tuple[Any, Any]]:
        """Each of them with the value, or the part of it, to which it applies."""
        for part in self.in_place:
            yield part, value
        if isinstance(value, dict):
            for name in self.named.keys() & value.keys():
                yield self.named[name], value[name]
            for part in self.members:
                for below in value.values():
                    yield part, below
            for part in self.names:
                for name in value:
                    yield part, name
        elif isinstance(value, list):
            yield from zip(self.first, value, strict=False)
            for part in self.items:
                for below in value:
                    yield part, below


def _applied_by(schema: Mapping[str, Any], targets: Iterable[Any]) -> Applied:
    """`targets` are those of its references."""
    named = schema.get("properties")
    anywhere = values_of(schema.get("patternProperties"))
    return Applied(
        in_place=(*targets, *in_place(schema)),
        first=tuple(as_list(schema.get("prefixItems"))),
        items=tuple(schema[name] for name in OF_ITEMS if name in schema),
        named=named if isinstance(named, Mapping) else {},
        members=(*anywhere, *(schema[name] for name in OF_MEMBERS if name in schema)),
        names=(schema["propertyNames"],) if "propertyNames" in schema else (),
    )


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


# Check values against a JSON Schema, within limits of time and memory.

MAX_ERRORS = 100
"""The limit of errors of one value; a hostile value can have a hundred thousand."""

MAX_MESSAGE_CHARS = 2_000
"""The limit of one message, which may quote a value, a key or a pattern of any length."""

Error = Any
"""A jsonschema_rs.ValidationError, or an object with the same attributes."""

_ALTERNATIVES = ("anyOf", "oneOf")
_DATA_KEYWORDS = ("const", "default", "enum", "examples")


def shortened(message: str, limit: int = MAX_MESSAGE_CHARS) -> str:
    """A message; if it exceeds a number of characters, its middle is left out."""
    if len(message) <= limit:
        return message
    return f"{message[: limit - limit // 3 - 3]} … {message[-(limit // 3) :]}"


def message_of(error: Error) -> str:
    """The message of jsonschema-rs, shortened."""
    steps = error.schema_path[-3:]
    if len(steps) == 3 and steps[0] == "allOf" and steps[2] == "not":
        negated = error.kind.schema
        alternatives = negated.get("not") if isinstance(negated, Mapping) else None
        for name in _ALTERNATIVES:
            if isinstance(alternatives, Mapping) and [*alternatives] == [name]:
                return f"the value does not fit the alternatives listed in the '{name}' keyword"
    return shortened(error.message)


class OwnValidator:
    """The validator of a schema that ships with the tool, so only errors need a limit."""

    work: type[Work] = OwnWork

    def __init__(self, engine: Engine, schema: Mapping[str, Any] | Callable[[], Any]) -> None:
        """`engine` checks values against the schema."""
        self._engine = engine
        self._work = self.work(schema)

    def is_valid(self, value: Any) -> bool:
        """Whether a value matches; raises ValueError for a value that is not JSON data."""
        return bool(self._for(value).is_valid(value))

    def errors(self, value: Any) -> list[Error]:
        """The errors of a value: at most MAX_ERRORS, none if it matches.

        Only the first error if listing all would take too much memory. Raises TooMuchWork, a
        ValueError, if even that is too much, and ValueError for a value that is not JSON data.
        """
        engine = self._for(value)
        if engine.is_valid(value):
            return []
        if _may_collect(self._work, value):
            return list(islice(engine.iter_errors(value), MAX_ERRORS))
        return [self._first_error(value)]

    def _for(self, value: Any) -> Engine:
        if is_portable():
            self._work.backtracks(value)
        return self._engine

    def _first_error(self, value: Any) -> Error:
        error = first_error(self._plain, value) if self._plain is not None else None
        if error is not None:
            return error
        raise TooMuchWork("the value does not fit its schema; it takes too long to show where")

    @cached_property
    def _plain(self) -> Engine | None:
        """A validator that finds a first error without listing the errors of each alternative.

        None if the schema would have another meaning without its alternatives.
        """
        rewriting = _WithoutAlternatives()
        plain = rewriting.rewritten(self._work.root)
        if rewriting.is_changed and rewriting.is_bound:
            return None
        try:
            return _engine(plain, FEW_BACKTRACKS)
        except ValueError:
            return None


class Validator(OwnValidator):
    """The validator of any schema."""

    work = Work

    def _for(self, value: Any) -> Engine:
        steps = self._work.backtracks(value)
        return self._engine if steps == MANY_BACKTRACKS else self._hasty

    @cached_property
    def _hasty(self) -> Engine:
        return _engine(dict(self._work.root), FEW_BACKTRACKS)


def _engine(schema: Any, backtracks: int) -> Engine:
    try:
        return any_engine(schema, backtracks)
    except ValueError as error:
        raise ValueError(shortened(str(error))) from None


class _WithoutAlternatives:
    """Rewrites a schema so that its errors do not list those of each alternative.

    Attributes:
        is_changed: The schema has alternatives.
        is_bound: A reference points into an alternative, or an unevaluated keyword depends on one.
    """

    def __init__(self) -> None:
        self.is_changed = False
        self.is_bound = False

    def rewritten(self, schema: Any) -> Any:
        """`anyOf` as `not` `not` `anyOf`, whose errors list nothing."""
        if isinstance(schema, list):
            return [self.rewritten(part) for part in schema]
        if not isinstance(schema, Mapping):
            return schema
        self.is_bound |= _binds(schema)
        plain = {
            key: part if key in _DATA_KEYWORDS else self.rewritten(part)
            for key, part in schema.items()
        }
        opaque = {key: plain.pop(key) for key in _ALTERNATIVES if isinstance(plain.get(key), list)}
        if opaque:
            self.is_changed = True
            plain["allOf"] = [*as_list(plain.get("allOf")), *map(_opaque, opaque.items())]
        return plain


def _opaque(alternatives: tuple[str, Any]) -> dict[str, Any]:
    return {"not": {"not": dict([alternatives])}}


def _binds(schema: Mapping[str, Any]) -> bool:
    if "unevaluatedItems" in schema or "unevaluatedProperties" in schema:
        return True
    references = (schema.get("$ref"), schema.get("$dynamicRef"))
    return any(f"/{name}/" in str(reference) for reference in references for name in _ALTERNATIVES)


# The memory that the errors of a value need, estimated before jsonschema-rs collects them all

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


def _may_collect(work: Work, value: Any) -> bool:
    """Whether all errors of an invalid value fit into the memory limit."""
    try:
        return _ErrorMemory(work, value).count() <= MAX_ERROR_BYTES
    except RecursionError:
        return False


class _ErrorMemory:
    """The memory for all errors of a value, assuming that every keyword rejects it."""

    def __init__(self, work: Work, value: Any) -> None:
        self._work = work
        self._value = value
        self._known: dict[tuple[int, int], int] = {}
        self._sizes: dict[int, int] = {}
        self._each = _ERROR_BYTES + _path_bytes(value)

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
        reported = self._work.reported(schema)
        total = reported.errors * (self._each + self._size(value)) + reported.quoted_bytes
        for part, below in reported.applied.to(value):
            if total > MAX_ERROR_BYTES:
                break
            total += self._count(part, below)
        return total

    def _size(self, value: Any) -> int:
        if type(value) is str:
            return _NODE_BYTES + _CHAR_BYTES * len(value)
        if not isinstance(value, (dict, list)):
            return _NODE_BYTES
        if id(value) not in self._sizes:
            self._sizes[id(value)] = _quoted_bytes(value)
        return self._sizes[id(value)]


class Reported(NamedTuple):
    """What a schema adds to the list of errors of a value that it rejects.

    Attributes:
        errors: The number of its own errors, at least 1.
        quoted_bytes: Of the parts of the schema that they quote.
        applied: The schemas whose errors are listed, too.
    """

    errors: int
    quoted_bytes: int
    applied: Applied


_DECIDING = frozenset(("if", "not", "contains"))
"""Keywords whose schemas only decide: what does not fit them is not listed."""


def _reported_by(schema: Mapping[str, Any], targets: Iterable[Any]) -> Reported:
    keywords = sum(1 for name in schema if name in _ASSERTIONS) + _required_names(schema)
    listed = {name: part for name, part in schema.items() if name not in _DECIDING}
    return Reported(
        errors=max(keywords, 1),
        quoted_bytes=sum(20 * _quoted_bytes(schema[name]) for name in _QUOTED if name in schema),
        applied=_applied_by(listed, targets),
    )


def _quoted_bytes(value: Any) -> int:
    """The memory of an error that quotes a value."""
    nodes, _, chars = measured(value)
    return nodes * _NODE_BYTES + chars * _CHAR_BYTES


def _path_bytes(value: Any) -> int:
    """The memory of the longest path into a value in an error."""
    if isinstance(value, dict):
        steps = (_CHAR_BYTES * len(key) + _path_bytes(part) for key, part in value.items())
        return _STEP_BYTES + max(steps, default=0)
    return _STEP_BYTES + max(map(_path_bytes, value), default=0) if isinstance(value, list) else 0


def _required_names(schema: Mapping[str, Any]) -> int:
    """The number of required names; each missing one is an error."""
    names = len(as_list(schema.get("required")))
    return names + sum(
        len(as_list(missing)) for missing in values_of(schema.get("dependentRequired"))
    )
