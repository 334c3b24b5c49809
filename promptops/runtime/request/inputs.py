"""Validation of the inputs that callers pass: apply defaults, then check against the schema."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from promptops.json_pointer import tokens
from promptops.model.prompt import Schema
from promptops.records import record
from promptops.runtime.request.plain_schema import plain_check
from promptops.runtime.request.schema_refs import followed
from promptops.runtime.template.data import NotJson, TooMuchWork, exact_copy

if TYPE_CHECKING:
    from promptops.runtime.request.schema_check import Validator


@record(frozen=True, slots=True)
class InputProblem:
    """One problem with the inputs.

    Attributes:
        pointer: JSON pointer into the inputs: to the wrong value, or to the object that lacks one.
        key: Whether the last key of the pointer is wrong, rather than its value.
    """

    pointer: str
    message: str
    hint: str | None = None
    key: bool = False


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

        return input_problems(self._validator, inputs, [*self._properties, *self._aliases])

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

    def fill(self, value: Any, depth: int = 0) -> None:
        """Set missing properties of an object to their defaults, in place and recursively.

        Raises TooMuchWork for defaults that expand without end, NotJson for one that is not JSON
        data.
        """
        if depth > MAX_DEPTH:
            raise TooMuchWork("the defaults of the inputs expand without end")
        if isinstance(value, dict):
            for name, default, below in self.properties:
                if name not in value and default is not _NONE:
                    value[name] = exact_copy(default)
                if below is not None and name in value:
                    below.fill(value[name], depth + 1)
        elif isinstance(value, list) and self.items is not None:
            for item in value:
                self.items.fill(item, depth + 1)


def defaults_of(schema: Schema) -> Defaults | None:
    """The defaults below a schema, through local references; None if there are none."""
    visited: dict[int, Defaults] = {}
    found = _collected(schema, schema, visited)
    for part in visited.values():
        part.properties = [
            (name, default, below if _fills(below, set()) else None)
            for name, default, below in part.properties
            if default is not _NONE or _fills(below, set())
        ]
        part.items = part.items if _fills(part.items, set()) else None
    return found if _fills(found, set()) else None


def _collected(schema: Any, root: Schema, visited: dict[int, Defaults]) -> Defaults | None:
    if not isinstance(schema, Mapping):
        return None
    # A schema may refer to itself.
    if id(schema) in visited:
        return visited[id(schema)]
    defaults = visited[id(schema)] = Defaults()
    found = followed(schema, root)
    for name, property_ in (found.get("properties") or {}).items():
        default = followed(property_, root).get("default", _NONE)
        defaults.properties.append((name, default, _collected(property_, root, visited)))
    defaults.items = _collected(found.get("items"), root, visited)
    return defaults


def _fills(defaults: Defaults | None, visited: set[int]) -> bool:
    if defaults is None or id(defaults) in visited:
        return False
    visited.add(id(defaults))
    return _fills(defaults.items, visited) or any(
        default is not _NONE or _fills(below, visited) for _, default, below in defaults.properties
    )
