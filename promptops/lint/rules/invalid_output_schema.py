"""CFG008."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptops.analysis.models import canonical_provider
from promptops.catalog.catalog import Catalog
from promptops.catalog.schema_places import is_written, schema_locator
from promptops.lint import Problem, Severity, rule
from promptops.lint.strict_schema import impossible_properties, not_strict
from promptops.model.place import Place
from promptops.model.prompt import Locate, Prompt, Tool
from promptops.records import replace
from promptops.source.schema_validity import check_schema

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
