"""Drop a condition of the output schema: a required property, an enum, a bound or a pattern."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from promptops.analysis.schemas.inclusion import SchemaDifference, differences
from promptops.catalog.schema_places import schema_locator
from promptops.jobs.mutating.edits import PromptEdit
from promptops.jobs.mutating.witnesses import schema_witness
from promptops.json_pointer import escaped, tokens
from promptops.model.change import ABSENT
from promptops.model.prompt import Prompt, Schema
from promptops.records import record, replace

_AT = "/output/schema"
_DROPPED = (
    *("enum", "const", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("multipleOf", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems"),
    *("minProperties", "maxProperties"),
)
_BY_NAME = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE = ("items", "additionalProperties", "contains", "then", "else")


def edits(prompt: Prompt, defines: Callable[[str], bool]) -> Iterator[PromptEdit]:
    """One for each condition whose absence admits another value; each with that value.

    `defines` returns whether a name under `$defs` is that of a file of the catalog.
    """
    schema = prompt.output.schema
    if schema is None:
        return
    locate = schema_locator(prompt.locate, _AT, schema, defines)
    for dropped in _conditions(schema, ""):
        weaker = _without(schema, dropped)
        found = _admitted(weaker, schema)
        if found is None:
            continue
        yield PromptEdit(
            prompt=replace(prompt, output=replace(prompt.output, schema=weaker)),
            place=locate(f"{_AT}{dropped.pointer}", not dropped.is_name),
            change=f"drop `{dropped}` of the output",
            suggestion=_suggestion(dropped),
            witness=schema_witness(found, weaker, schema),
            on_request=False,
        )


@record(frozen=True, slots=True, kw_only=True)
class _Condition:
    """A condition of a schema.

    Attributes:
        owner: JSON pointer of the schema that has it.
        name: The property, of a `required`; else "".
        pointer: Of the keyword; of a `required`, of the name in its list.
    """

    owner: str
    keyword: str
    value: Any
    name: str = ""
    pointer: str

    @property
    def is_name(self) -> bool:
        return self.keyword == "required"

    def __str__(self) -> str:
        shown = self.name or json.dumps(self.value, ensure_ascii=False)
        return f"{self.keyword}: {shown if len(shown) <= 60 else shown[:59] + '…'}"


def _conditions(schema: Any, at: str) -> Iterator[_Condition]:
    """The conditions of a schema and its parts, in order."""
    if not isinstance(schema, Mapping):
        return
    required = schema.get("required")
    for index, name in enumerate(required if isinstance(required, list) else ()):
        yield _Condition(
            owner=at, keyword="required", value=name, name=name, pointer=f"{at}/required/{index}"
        )
    for keyword in schema:
        if keyword in _DROPPED:
            yield _Condition(
                owner=at, keyword=keyword, value=schema[keyword], pointer=f"{at}/{keyword}"
            )
    for pointer, part in _parts(schema):
        yield from _conditions(part, f"{at}{pointer}")


def _parts(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for keyword, value in schema.items():
        if keyword in _BY_NAME and isinstance(value, Mapping):
            yield from ((f"/{keyword}/{escaped(name)}", part) for name, part in value.items())
        elif keyword in _LISTS and isinstance(value, list):
            yield from ((f"/{keyword}/{index}", part) for index, part in enumerate(value))
        elif keyword in _SINGLE:
            yield f"/{keyword}", value


def _without(schema: Schema, dropped: _Condition) -> dict[str, Any]:
    def weaken(part: Mapping[str, Any]) -> dict[str, Any]:
        if not dropped.name:
            return {key: value for key, value in part.items() if key != dropped.keyword}
        return {**part, "required": [name for name in part["required"] if name != dropped.name]}

    weaker: dict[str, Any] = _changed(schema, tokens(dropped.owner), weaken)
    return weaker


def _changed(value: Any, path: list[str], change: Callable[[Any], Any]) -> Any:
    """A copy in which the part at a path is changed; other parts are shared."""
    if not path:
        return change(value)
    first, rest = path[0], path[1:]
    if isinstance(value, list):
        index = int(first)
        return [*value[:index], _changed(value[index], rest, change), *value[index + 1 :]]
    return {**value, first: _changed(value[first], rest, change)}


def _admitted(weaker: Schema, schema: Schema) -> SchemaDifference | None:
    """The difference with a value that only the weaker schema admits; None without one."""
    found = differences(weaker, schema)
    return next((difference for difference in found if difference.witness is not ABSENT), None)


def _suggestion(dropped: _Condition) -> str:
    """The assertion on answers that notices it, with the path of the value where there is one."""
    path = _value_path(dropped.owner)
    shown = json.dumps(dropped.value, ensure_ascii=False)
    if path is None:
        return "an assertion on the output, such as `{type: json-schema, …}`"
    if dropped.is_name:
        return f"`{{type: expr, value: '{_expression(path, dropped.name)} is defined'}}`"
    if dropped.keyword in ("enum", "const"):
        values = shown if dropped.keyword == "enum" else f"[{shown}]"
        return f"`{{type: one-of, path: {path}, value: {values}}}`"
    if dropped.keyword == "pattern":
        return f"`{{type: regex, path: {path}, value: {shown}}}`"
    return f"`{{type: json-schema, path: {path}, value: {{{dropped.keyword}: {shown}}}}}`"


def _value_path(owner: str) -> str | None:
    """From the pointer of a schema to that of its value; None below anything but properties."""
    steps = tokens(owner)
    if any(step != "properties" for step in steps[::2]) or len(steps) % 2:
        return None
    return "".join(f"/{escaped(name)}" for name in steps[1::2])


def _expression(path: str, name: str) -> str:
    steps = ["output", *tokens(path), name]
    plain = all(step.isidentifier() for step in steps)
    return ".".join(steps) if plain else f"{steps[0]}[{json.dumps(name)}]"
