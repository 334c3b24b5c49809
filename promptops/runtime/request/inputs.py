"""Validation of the inputs that callers pass: apply defaults, then check against the schema."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from promptops.json_pointer import tokens
from promptops.model.prompt import Schema
from promptops.records import record
from promptops.runtime.request.defaults import defaults_of
from promptops.runtime.request.plain_schema import plain_check
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
            return {}, (InputProblem(error.pointer, named(error.pointer, error.message)),)
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


def named(pointer: str, sentence: str) -> str:
    """A sentence about the value at a JSON pointer."""
    name = dotted(pointer)
    return f"`{name}` {sentence}" if name else sentence


def dotted(pointer: str) -> str:
    """A JSON pointer in the notation of templates: `a.0.b`."""
    return ".".join(tokens(pointer))
