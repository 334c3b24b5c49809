"""Finds defaults of inputs that are not valid for their own schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from promptops.json_pointer import NO_VALUE, child, escaped, tokens
from promptops.model.prompt import Prompt, Schema
from promptops.records import record, replace
from promptops.runtime.request.inputs import InputProblem, Inputs, defaults_of
from promptops.runtime.template.data import NotJson, exact_copy

MAX_DEPTH = 8
"""Levels of objects and lists within an input that are searched for defaults."""


@record(frozen=True, slots=True)
class WrongDefault:
    """An invalid default.

    Attributes:
        problem: The error that a caller without inputs gets.
        at: JSON pointer of the default in the prompt file.
        constraint: Pointer of the keyword that refuses it, if a variant changes that keyword
            and inherits the default.
    """

    problem: InputProblem
    at: str
    constraint: str | None = None


def wrong_defaults(prompt: Prompt) -> tuple[WrongDefault, ...]:
    """Invalid defaults of inputs and of their properties and items, each at its own place.

    A default behind a `$ref` is checked only if the `$ref` is the input itself.
    """
    if defaults_of(prompt.inputs) is None:
        return ()
    inexact = tuple(_inexact_defaults(prompt.inputs, "/inputs"))
    if inexact:
        return inexact
    try:
        inputs = Inputs({**prompt.inputs, "required": []})
    except ValueError:
        return ()  # the schema is not valid, which SCH002 reports
    given = _without_defaults(prompt.inputs)
    return tuple(
        replace(wrong, constraint=_changed_constraint(prompt, wrong.at))
        for wrong in _rejected_defaults(inputs, given, prompt.inputs)
    )


def is_given(inputs: Any, pointer: str) -> bool:
    """Whether a pointer leads to a given input, not to a default."""
    return _depth_given(inputs, tokens(pointer)) == len(tokens(pointer))


def _inexact_defaults(schema: Any, pointer: str, depth: int = 0) -> Iterator[WrongDefault]:
    """Defaults that are refused before the schema is applied, such as integers beyond 2^53."""
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping) or depth > MAX_DEPTH:
        return
    for name, inner in properties.items():
        at = f"{pointer}/properties/{escaped(name)}"
        if isinstance(inner, Mapping) and "default" in inner:
            try:
                exact_copy(inner["default"])
            except NotJson as error:
                message = f"`{name}{error.pointer}` {error.message}"
                yield WrongDefault(InputProblem(error.pointer, message), f"{at}/default")
        yield from _inexact_defaults(inner, at, depth + 1)


def _rejected_defaults(
    inputs: Inputs, given: Mapping[str, Any], schema: Schema
) -> Iterator[WrongDefault]:
    for problem in inputs.accept(given)[1]:
        steps = tokens(problem.pointer)
        depth = _depth_given(given, steps)
        if depth < len(steps):
            yield WrongDefault(problem, _in_schema(schema, given, steps[: depth + 1]))


def _changed_constraint(prompt: Prompt, at: str) -> str | None:
    if prompt.locate(at, False).path == prompt.path or not at.endswith("/default"):
        return None
    pointer = at.removesuffix("/default")
    schema = _below(prompt.inputs, tokens(pointer)[1:])
    own = [key for key in schema if prompt.locate(f"{pointer}/{key}", True).path == prompt.path]
    refusing = [key for key in own if _refuses({key: schema[key]}, schema["default"])]
    return next((f"{pointer}/{escaped(key)}" for key in (*refusing, *own)), None)


def _below(schema: Any, steps: list[str]) -> Mapping[str, Any]:
    for step in steps:
        schema = schema[step]
    return cast("Mapping[str, Any]", schema)


def _refuses(schema: Any, value: Any) -> bool:
    """Whether a value is not valid for one keyword of a schema by itself."""
    try:
        return bool(Inputs({"properties": {"value": schema}}).accept({"value": value})[1])
    except ValueError:
        return False


def _without_defaults(schema: Any, depth: int = 0) -> Any:
    """A value with an empty object wherever defaults can be filled in."""
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping) or depth > MAX_DEPTH:
        return {}
    return {
        name: value
        for name, each in properties.items()
        if (value := _value(each, depth)) is not None
    }


def _value(schema: Any, depth: int) -> Any:
    """An empty object, or a list with one; None if there is a default or no property."""
    if not isinstance(schema, Mapping) or "default" in schema:
        return None
    if "properties" in schema:
        return _without_defaults(schema, depth + 1)
    items = schema.get("items")
    inside = isinstance(items, Mapping) and "properties" in items
    return [_without_defaults(items, depth + 1)] if inside else None


def _depth_given(value: Any, steps: list[str]) -> int:
    """The number of steps that lead to a given value."""
    for depth, step in enumerate(steps):
        value = child(value, step, NO_VALUE)
        if value is NO_VALUE:
            return depth
    return len(steps)


def _in_schema(schema: Any, value: Any, steps: list[str]) -> str:
    """The pointer of the default after some steps; for a `$ref`, in its schema."""
    pointer = "/inputs"
    for step in steps:
        keys = ("items",) if isinstance(value, list) else ("properties", step)
        for key in keys:
            pointer += f"/{escaped(key)}"
            schema = schema.get(key) if isinstance(schema, Mapping) else None
        value = value[0] if isinstance(value, list) else value.get(step)
    return f"{pointer}/default" if isinstance(schema, Mapping) and "default" in schema else pointer
