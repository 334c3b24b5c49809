"""Validation of the inputs that callers pass: apply defaults, then check against the schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from promptops.json_pointer import followed, tokens
from promptops.model.prompt import Schema
from promptops.records import record
from promptops.runtime.request.plain_schema import plain_check
from promptops.runtime.template.data import Copier, NotJson, TooMuchWork, exact_copier, exact_copy

if TYPE_CHECKING:
    from promptops.runtime.request.schema_check import Validator
    from promptops.suggestions import LimitedLookups


@record(frozen=True, slots=True)
class InputProblem:
    """One problem with the inputs.

    Attributes:
        pointer: JSON pointer into the inputs: to the wrong value, or to the object that lacks one.
        key: Whether the last key of the pointer is wrong, rather than its value.
        missing: The key that the object lacks, if that is the problem; else None.
    """

    pointer: str
    message: str
    hint: str | None = None
    key: bool = False
    missing: str | None = None


class Inputs:
    """The input schema, prepared once; can be shared between threads."""

    def __init__(self, schema: Schema) -> None:
        """Raises ValueError for an invalid schema, and for one that refers to other documents."""
        self._schema = schema
        self._certainly_fits = plain_check(schema)
        if self._certainly_fits is None:
            _ = self._validator
        self._properties: Mapping[str, Any] = schema.get("properties") or {}
        self._aliases = {
            str(alias): name
            for name, property_ in self._properties.items()
            if isinstance(property_, Mapping)
            for alias in property_.get("x-aliases") or ()
        }
        self._defaults = defaults_of(schema)

    def accept(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[InputProblem, ...]]:
        """The inputs as templates receive them, and the problems with them."""
        try:
            inputs: dict[str, Any] = exact_copy(given)
        except NotJson as error:
            return {}, (InputProblem(error.pointer, sentence_about(error.pointer, error.message)),)
        if type(inputs) is not dict:
            return {}, (InputProblem("", "the inputs must be an object with a value by name"),)
        for alias in self._aliases:
            if alias in inputs:
                inputs.setdefault(self._aliases[alias], inputs.pop(alias))
        try:
            if self._defaults is not None:
                self._defaults.fill(inputs)
            return inputs, self._problems(inputs)
        except TooMuchWork as error:
            return inputs, (InputProblem("", str(error)),)
        except NotJson as error:
            message = (
                f"the default{f' at {error.pointer}' if error.pointer else ''} {error.message}"
            )
            return inputs, (InputProblem("", message),)

    def _problems(self, inputs: dict[str, Any]) -> tuple[InputProblem, ...]:
        if self._certainly_fits is not None and self._certainly_fits(inputs):
            return ()
        if self._validator.is_valid(inputs):
            return ()
        from promptops.runtime.request.input_problems import input_problems

        return input_problems(
            self._validator, inputs, [*self._properties, *self._aliases], self._lookups
        )

    @cached_property
    def _lookups(self) -> LimitedLookups:
        from promptops.suggestions import LimitedLookups

        return LimitedLookups()

    @cached_property
    def _validator(self) -> Validator:
        from promptops.runtime.request.schema_check import validator

        return validator(self._schema)


def sentence_about(pointer: str, sentence: str) -> str:
    """A sentence about the value at a JSON pointer."""
    name = dotted(pointer)
    return f"`{name}` {sentence}" if name else sentence


def dotted(pointer: str) -> str:
    """A JSON pointer in the notation of templates: `a.0.b`."""
    return ".".join(tokens(pointer))


_NONE = object()
MAX_DEPTH = 100
MAX_DEFAULT_VALUES = 100_000
"""How many values the defaults of one call may add, counting each item of a list or an object."""


class Defaults:
    """The defaults of one part of a schema.

    Attributes:
        properties: For each relevant property: its name, its default, and the defaults below it.
        items: The defaults for the items of a list.
    """

    __slots__ = ("items", "properties")

    def __init__(self) -> None:
        self.properties: list[tuple[str, Any, Defaults | None]] = []
        self.items: Defaults | None = None

    def fill(self, value: Any) -> None:
        """Set missing properties of an object to their defaults, in place and recursively.

        Raises TooMuchWork for defaults that expand to too many values, NotJson for one that is not
        JSON data.
        """
        _Filling().fill(self, value, 0)

    @property
    def below(self) -> Iterator[Defaults]:
        """The defaults of properties and items."""
        for part in (*(below for _, _, below in self.properties), self.items):
            if part is not None:
                yield part


class _Filling:
    __slots__ = ("_copying", "_left")

    def __init__(self) -> None:
        self._copying: Copier | None = None
        self._left = MAX_DEFAULT_VALUES

    def fill(self, defaults: Defaults, value: Any, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise TooMuchWork("the defaults of the inputs expand without end")
        if isinstance(value, dict):
            for name, default, below in defaults.properties:
                if name not in value and default is not _NONE:
                    value[name] = self._copy(default)
                if below is not None and name in value:
                    self.fill(below, value[name], depth + 1)
        elif isinstance(value, list) and defaults.items is not None:
            for item in value:
                self.fill(defaults.items, item, depth + 1)

    def _copy(self, default: Any) -> Any:
        if self._copying is None:
            self._copying = exact_copier()
        before = self._copying.left
        value = self._copying.of(default, 0)
        self._left -= 1 + before - self._copying.left
        if self._left < 0:
            message = f"the defaults of the inputs add over {MAX_DEFAULT_VALUES:,} values"
            raise TooMuchWork(message)
        return value


def defaults_of(schema: Schema) -> Defaults | None:
    """The defaults below a schema, through local references, or None."""
    parts = _collected(schema)
    filling = _filling(parts)
    for part in parts:
        part.properties = [
            (name, default, below if below in filling else None)
            for name, default, below in part.properties
            if default is not _NONE or below in filling
        ]
        part.items = part.items if part.items in filling else None
    return parts[0] if parts[0] in filling else None


def _collected(schema: Schema) -> list[Defaults]:
    """The defaults of each part of a schema, the whole first; a part may refer to itself."""
    found: dict[int, Defaults] = {}
    waiting: list[Mapping[str, Any]] = []

    def defaults(part: Any) -> Defaults | None:
        if not isinstance(part, Mapping):
            return None
        if id(part) not in found:
            found[id(part)] = Defaults()
            waiting.append(part)
        return found[id(part)]

    defaults(schema)
    while waiting:
        part = waiting.pop()
        target = followed(part, schema)
        for name, property_ in (target.get("properties") or {}).items():
            default = followed(property_, schema).get("default", _NONE)
            found[id(part)].properties.append((name, default, defaults(property_)))
        found[id(part)].items = defaults(target.get("items"))
    return list(found.values())


def _filling(parts: list[Defaults]) -> set[Defaults | None]:
    """The parts that have a default, or that are above one that has."""
    above: dict[Defaults, list[Defaults]] = {}
    for part in parts:
        for below in part.below:
            above.setdefault(below, []).append(part)
    filling: set[Defaults | None] = set()
    waiting = [part for part in parts if any(each[1] is not _NONE for each in part.properties)]
    while waiting:
        part = waiting.pop()
        if part not in filling:
            filling.add(part)
            waiting += above.get(part, ())
    return filling
