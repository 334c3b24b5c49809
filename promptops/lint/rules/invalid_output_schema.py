"""CFG008."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.analysis.models import canonical_provider
from promptops.catalog.catalog import Catalog
from promptops.catalog.schema_places import is_written, schema_locator
from promptops.json_pointer import escaped
from promptops.lint import Problem, Severity, rule
from promptops.model.place import Place
from promptops.model.prompt import Locate, Prompt, Tool
from promptops.records import record, replace
from promptops.source.references import subschemas
from promptops.source.schema_validity import check_schema
from promptops.suggestions import did_you_mean

_OTHER_SUBSETS = frozenset(("anthropic", "google"))
"""Providers whose own strict mode accepts another subset of JSON Schema."""


@rule("CFG008", severity=Severity.ERROR)
def invalid_output_schema(prompt: Prompt, catalog: Catalog) -> Iterator[Problem]:
    """The output schema is valid, an answer can satisfy it, and strict mode accepts it.

    Otherwise the provider refuses the request. No answer satisfies a closed object
    (`additionalProperties: false`) that requires a property it does not define. With `strict:
    true`, providers accept only a subset of JSON Schema: every object is closed and requires all
    its properties, and `oneOf`, `allOf`, `not`, `if` and similar keywords are not allowed. Write an
    optional property as required with the type `null` allowed. The same applies to the parameters
    of tools.

    Bad:
        output:
          format: json
          schema: {type: objekt}

    Bad:
        output:
          format: json
          strict: true
          schema:
            type: object
            additionalProperties: false
            required: [category]
            properties:
              category: {enum: [bug, other]}
              reply: {type: string}

    Bad:
        output:
          format: json
          schema:
            type: object
            additionalProperties: false
            required: [reason, verdict]
            properties:
              reason: {type: string}
              verdcit: {enum: [pass, fail]}

    Good:
        output:
          format: json
          strict: true
          schema:
            type: object
            additionalProperties: false
            required: [category, reply]
            properties:
              category: {enum: [bug, other]}
              reply: {type: [string, "null"]}
    """
    output = prompt.output
    judged = canonical_provider(prompt.model.provider or "") not in _OTHER_SUBSETS
    if output.schema is not None:
        locate = _located(catalog, prompt, "/output/schema", output.schema)
        strict = output.strict and judged
        yield from _problems(output.schema, "/output/schema", locate, strict)
    for tool in prompt.tools:
        at = f"{tool.at}/parameters"
        locate = _of_tool(catalog, prompt, tool, at)
        yield from _problems(tool.parameters, at, locate, tool.strict and judged)


def _located(catalog: Catalog, prompt: Prompt, at: str, schema: Any) -> Locate:
    return schema_locator(prompt.locate, at, schema, catalog.files.defines)


def _of_tool(catalog: Catalog, prompt: Prompt, tool: Tool, at: str) -> Locate:
    """A problem of a tool; if the tool is in its own file, the place is its `ref`."""
    reference = f"{tool.at}/ref"
    if is_written(prompt.locate, reference):
        place = prompt.locate(reference, False)
        return lambda _pointer, _key: place
    return _located(catalog, prompt, at, tool.parameters)


def _problems(schema: Any, at: str, locate: Locate, strict: bool) -> Iterator[Problem]:
    found = check_schema(schema, locate, at)
    yield from (replace(problem, code="") for problem in found)
    impossible = [*impossible_properties(schema)] if not found else []
    for wrong in impossible:
        yield Problem(wrong.message, at=locate(at + wrong.pointer, False), hint=wrong.hint)
    if strict and not found and not impossible:
        for violation in not_strict(schema):
            place: Place = locate(at + violation.pointer, violation.key)
            yield Problem(violation.message, at=place, hint=violation.hint)


# Finds output schemas that no value satisfies, or that strict mode does not allow.
#
# Strict mode is that of OpenAI's structured outputs, according to its documentation and its error
# messages. Doubtful features (such as `maxLength`) are allowed.

_NAMES = """allOf oneOf not if then else dependentRequired dependentSchemas patternProperties
    unevaluatedProperties propertyNames minProperties maxProperties unevaluatedItems contains
    minContains maxContains uniqueItems"""
_REFUSED = frozenset(_NAMES.split())
_NAMED = ("properties", "$defs", "definitions")
_LISTED = ("anyOf",)
_SINGLE = ("items", "additionalProperties")
_INSTEAD = {"oneOf": "use `anyOf`", "allOf": "write one schema"}


@record(frozen=True, slots=True)
class NotStrict:
    """A feature that strict mode refuses.

    Attributes:
        pointer: JSON pointer in the schema.
        key: Whether the key itself is the problem, not its value.
    """

    message: str
    pointer: str
    key: bool = False
    hint: str | None = None


def not_strict(schema: Any) -> Iterator[NotStrict]:
    """All problems that prevent using a schema with `strict: true`, the root first."""
    if not _is_root(schema):
        yield NotStrict("in strict mode the root must be an object", "")
    yield from _below(schema, "")


def _is_root(schema: Any) -> bool:
    if not isinstance(schema, Mapping) or "anyOf" in schema:
        return False
    return "$ref" in schema or _is_object(schema)


def _below(schema: Any, pointer: str) -> Iterator[NotStrict]:
    if not isinstance(schema, Mapping):
        return
    for key in schema:
        if key in _REFUSED:
            message = f"`{key}` is not allowed in strict mode"
            yield NotStrict(message, f"{pointer}/{key}", key=True, hint=_INSTEAD.get(key))
    if _is_object(schema):
        yield from _object(schema, pointer)
    elif _types(schema) == ["array"] and "items" not in schema:
        yield NotStrict("in strict mode a list must have `items`", pointer)
    for below, part in _parts(schema, pointer):
        yield from _below(part, below)


def _object(schema: Mapping[str, Any], pointer: str) -> Iterator[NotStrict]:
    hint = "add `additionalProperties: false`"
    if schema.get("additionalProperties") is not False:
        at = f"{pointer}/additionalProperties" if "additionalProperties" in schema else pointer
        yield NotStrict("in strict mode an object must be closed", at, hint=hint)
    required = schema.get("required") or ()
    for name in schema.get("properties") or ():
        if name not in required:
            yield NotStrict(
                f"`{name}` is not required: strict mode requires all properties",
                f"{pointer}/properties/{escaped(name)}",
                key=True,
                hint="add it to `required`, and `null` to its types if it is optional",
            )


def _parts(schema: Mapping[str, Any], pointer: str) -> Iterator[tuple[str, Any]]:
    for key in _NAMED:
        for name, part in (schema.get(key) or {}).items():
            yield f"{pointer}/{key}/{escaped(name)}", part
    for key in _LISTED:
        for index, part in enumerate(schema.get(key) or ()):
            yield f"{pointer}/{key}/{index}", part
    for key in _SINGLE:
        yield f"{pointer}/{key}", schema.get(key)


def _is_object(schema: Mapping[str, Any]) -> bool:
    return "object" in _types(schema) or "properties" in schema


def _types(schema: Mapping[str, Any]) -> list[str]:
    types = schema.get("type")
    return [types] if isinstance(types, str) else list(types or ())


@record(frozen=True, slots=True)
class Impossible:
    """A name in `required` that the object's own `additionalProperties: false` excludes.

    Attributes:
        pointer: The pointer of the name in the schema.
    """

    message: str
    pointer: str
    hint: str


def impossible_properties(schema: Any) -> Iterator[Impossible]:
    """Each required property that a closed object does not define, at any depth."""
    for pointer, part in subschemas(schema, ""):
        if part.get("additionalProperties") is False and "patternProperties" not in part:
            yield from _missing(part, pointer)


def _missing(part: Mapping[str, Any], pointer: str) -> Iterator[Impossible]:
    properties, required = part.get("properties", {}), part.get("required", ())
    for index, name in enumerate(required):
        if name not in properties:
            free = [each for each in properties if each not in required]
            yield Impossible(
                f"no value is valid: `{name}` is required, but this closed object lacks it",
                f"{pointer}/required/{index}",
                did_you_mean(name, free) or "add it to `properties`, or remove it from `required`",
            )
