"""The places of a schema that was combined from several files."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from promptops.json_pointer import escaped, tokens
from promptops.model.finding import Edit, Fix, Problem
from promptops.model.place import Place
from promptops.model.prompt import Locate
from promptops.source.schema_validity import is_schema
from promptops.suggestions import nearest_name

OfFile = Callable[[str], bool]
"""Whether a name under `$defs` is the name of a file."""


def schema_locator(locate: Locate, at: str, schema: Any, of_file: OfFile) -> Locate:
    """As `locate`, for pointers into a resolved schema at `at` in the prompt file.

    The place of a value from another file is the `$ref` to that file.
    """

    def place(pointer: str, key: bool = False) -> Place:
        below = pointer[len(at) :]
        written = written_at(schema, below, of_file)
        return locate(at + written, key and written == below)

    return place


def written_at(schema: Any, pointer: str, of_file: OfFile) -> str:
    """The pointer in the first file for one into a resolved schema: the value or a `$ref`."""
    seen: set[str] = set()
    while (file := _file_of(pointer, of_file)) is not None and file not in seen:
        seen.add(file)
        pointer = next(_references(schema, f"#/$defs/{escaped(file)}", of_file), "")
    return "" if _file_of(pointer, of_file) is not None else pointer


def is_written(locate: Locate, pointer: str) -> bool:
    """Whether the value of a pointer is written in the file, rather than only an ancestor."""
    place = locate(pointer, False)
    steps = pointer.split("/")
    return all(locate("/".join(steps[:end]), False) != place for end in range(1, len(steps)))


def without_invalid(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of the inputs; an invalid schema of an input becomes its default, or `{}`.

    The names of all inputs stay known, and the result is a valid schema.
    """
    properties = {
        name: schema if is_schema(schema) else _default_of(schema)
        for name, schema in inputs.get("properties", {}).items()
    }
    kept = {key: inputs[key] for key in ("type", "required") if key in inputs}
    return {**kept, "additionalProperties": False, "properties": properties}


def _default_of(schema: Any) -> Mapping[str, Any]:
    has_default = isinstance(schema, Mapping) and "default" in schema
    return {"default": schema["default"]} if has_default else {}


def _file_of(pointer: str, of_file: OfFile) -> str | None:
    """The name of the file of a pointer."""
    steps = tokens(pointer)
    inside = len(steps) > 1 and steps[0] == "$defs" and of_file(steps[1])
    return steps[1] if inside else None


def _references(schema: Any, target: str, of_file: OfFile) -> Iterator[str]:
    """Pointers of the references to a target, those of the first file first."""
    found = list(_pointers(schema, target, ""))
    yield from sorted(found, key=lambda pointer: _file_of(pointer, of_file) is not None)


def _pointers(schema: Any, target: str, pointer: str) -> Iterator[str]:
    if isinstance(schema, Mapping):
        reference = schema.get("$ref")
        if isinstance(reference, str) and (reference + "/").startswith(target + "/"):
            yield f"{pointer}/$ref"
        for key, value in schema.items():
            yield from _pointers(value, target, f"{pointer}/{escaped(key)}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from _pointers(value, target, f"{pointer}/{index}")


# Names in a prompt file that must exist: the profile of its model, the tool of `tool_choice`.

UNKNOWN_PROFILE = "CFG014"
UNKNOWN_TOOL = "CFG016"


def wrong_profile(
    model: Mapping[str, Any], profiles: Collection[str], locate: Locate
) -> Iterator[Problem]:
    """The profile of a model is not in the configuration, so the prompt has no model."""
    name = model.get("profile")
    if isinstance(name, str) and name not in profiles:
        yield _unknown(
            f"there is no profile `{name}`",
            locate("/model/profile", False),
            near=nearest_name(name, profiles),
            otherwise=f"add it to the configuration: [models.{name}]",
            code=UNKNOWN_PROFILE,
        )


def wrong_tool(choice: Any, tools: Collection[str], locate: Locate) -> Iterator[Problem]:
    """The required tool is not a tool of the prompt."""
    name = choice.get("name") if isinstance(choice, Mapping) else None
    if isinstance(name, str) and name not in tools:
        yield _unknown(
            f"the prompt has no tool `{name}`",
            locate("/tool_choice/name", False),
            near=nearest_name(name, tools),
            otherwise=f"its tools: {', '.join(tools)}" if tools else "add it to `tools`",
            code=UNKNOWN_TOOL,
        )


def _unknown(message: str, place: Place, *, near: str | None, otherwise: str, code: str) -> Problem:
    hint = f"did you mean `{near}`?" if near is not None else otherwise
    fix = Fix((Edit(place, json.dumps(near)),)) if near is not None else None
    return Problem(message, at=place, hint=hint, fix=fix, code=code)
