"""The inputs of the prompts around a position, and the schemas of values below them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.analysis.input_schemas import InputSchemas, InputShape
from promptops.analysis.uses import ITEM, Path
from promptops.jobs.naming.families import inputs_of
from promptops.json_pointer import tokens
from promptops.lsp.at_cursor.here import Here
from promptops.lsp.at_cursor.names_before import DefinedName
from promptops.lsp.encoding import with_lf
from promptops.model.prompt import ForEach, Prompt, Schema
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.runtime.request.schema_refs import followed
from promptops.source.outline.cursor import keys_below

_CASE_INPUTS = lazy_pattern(r"/tests/\d+/inputs((?:/[^/]*)*)")
_CHAIN = lazy_pattern(r"\s*([A-Za-z_]\w*)((?:\.\w+|\[\s*(?:-?\d+|'[^']*'|\"[^\"]*\")\s*\])*)\s*")
_STEP = lazy_pattern(r"\.(\w+)|\[\s*(-?\d+)\s*\]|\[\s*['\"]([^'\"]*)['\"]\s*\]")
_MOST_ALIASES = 8

PROPERTIES = "/inputs/properties"


@record(frozen=True, slots=True, kw_only=True)
class Named:
    """An input, or a property of one.

    Attributes:
        schema: With its `$ref` followed; {} if it is unknown.
    """

    name: str
    schema: Schema
    required: bool


def inputs(here: Here) -> dict[str, Named]:
    """The inputs by name: of the prompts as they last could be read, and those now in the text."""
    found: dict[str, Named] = {}
    for prompt in here.prompts:
        for name in inputs_of(prompt):
            found.setdefault(name, named(prompt, name))
    if here.is_prompt:
        for name in keys_below(with_lf(here.file.text), PROPERTIES):
            found.setdefault(name, Named(name=name, schema={}, required=False))
    return found


def named(prompt: Prompt, name: str) -> Named:
    """One input of a prompt."""
    schema = followed(inputs_of(prompt).get(name, {}), prompt.inputs)
    required = prompt.inputs.get("required")
    return Named(
        name=name,
        schema=schema if isinstance(schema, Mapping) else {},
        required=isinstance(required, list) and name in required,
    )


def properties(here: Here, owner: str, names: Mapping[str, DefinedName]) -> dict[str, Named]:
    """The properties of the value of an expression such as `order.lines[0]`.

    `names` are the names that the template defines before it.
    """
    found: dict[str, Named] = {}
    for prompt in here.prompts:
        path = path_of(owner, {**items_at(prompt, here.pointer), **names})
        shape = InputSchemas(prompt.inputs).at(*path) if path else None
        for each in _keys(shape, prompt) if shape is not None else ():
            found.setdefault(each.name, each)
    return found


def below(here: Here, path: tuple[str, ...]) -> dict[str, Named]:
    """The properties of an input, or of what is below it, by keys and indexes of a JSON value."""
    found: dict[str, Named] = {}
    steps: Path = tuple(ITEM if step.isdecimal() else step for step in path[1:])
    for prompt in here.prompts:
        shape = InputSchemas(prompt.inputs).at(path[0], steps)
        for each in _keys(shape, prompt) if shape is not None else ():
            found.setdefault(each.name, each)
    return found


def steps_in_case(pointer: str) -> tuple[str, ...] | None:
    """The keys and indexes of a pointer below the `inputs` of a case; None outside of them."""
    found = _CASE_INPUTS.fullmatch(pointer)
    return None if found is None else tuple(tokens(found[1]))


def schemas_of(here: Here, path: tuple[str, ...]) -> Iterator[Schema]:
    """The schemas of the value at keys and indexes below the inputs."""
    steps: Path = tuple(ITEM if step.isdecimal() else step for step in path[1:])
    for prompt in here.prompts:
        shape = InputSchemas(prompt.inputs).at(path[0], steps)
        for way in shape.ways if shape is not None else ():
            yield from way.parts


def _keys(shape: InputShape, prompt: Prompt) -> Iterator[Named]:
    for way in shape.ways:
        for known in way.keyword_values("properties"):
            for name, written in known.items():
                schema = followed(written, prompt.inputs)
                schema = schema if isinstance(schema, Mapping) else {}
                yield Named(name=name, schema=schema, required=way.requires(name))


def items_at(prompt: Prompt, pointer: str) -> dict[str, DefinedName]:
    """The item of the `for_each` around a pointer."""
    return {
        turn.name: DefinedName(name=turn.name, kind="item", source=turn.source)
        for turn in prompt.messages
        if isinstance(turn, ForEach) and pointer.startswith(f"{turn.at}/")
    }


def path_of(expression: str, names: Mapping[str, DefinedName]) -> tuple[str, Path] | None:
    """The input that an expression reads and the steps below it; None if it is another value."""
    steps: Path = ()
    for _ in range(_MOST_ALIASES):
        chain = _CHAIN.fullmatch(expression)
        if chain is None:
            return None
        steps = (*_steps(chain[2]), *steps)
        local = names.get(chain[1])
        if local is None:
            return chain[1], steps
        if local.kind not in ("item", "set"):
            return None
        steps = (ITEM, *steps) if local.kind == "item" else steps
        names = {name: each for name, each in names.items() if name != local.name}
        expression = local.source
    return None


def _steps(written: str) -> Iterator[Any]:
    for key, index, quoted in _STEP.findall(written):
        yield ITEM if index else key or quoted
