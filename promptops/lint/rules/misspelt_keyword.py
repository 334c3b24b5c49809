"""SCH013."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.lint import Problem, Severity, rule
from promptops.lint.schema_keywords import misspelt_keywords, misspelt_tool_keys
from promptops.model.loaded import FileReference
from promptops.model.prompt import Prompt
from promptops.source.document import Document

Schemas = Callable[[Mapping[str, Any]], Iterator[tuple[Any, str]]]
"""From the value of a file to its schemas, each with its pointer."""

_IN_TOOLS = ("parameters", "returns")


@rule("SCH013", severity=Severity.ERROR)
def misspelt_keyword(
    prompt: Prompt, references: Sequence[FileReference], catalog: Catalog
) -> Iterator[Problem]:
    """The keywords of a JSON Schema are spelt correctly.

    JSON Schema ignores unknown keywords. With `maxLegnth` the input has no limit, and with
    `x-untrsuted` no security rule checks it. The rule reports a key that is one letter away from a
    keyword; other unknown keys are allowed. The same applies to the keys of a tool file, such as
    `strict`.

    Bad:
        inputs:
          properties:
            ticket: {type: string, maxLength: 800, minLegnth: 1, default: none}
        messages:
          - {role: user, content: "Sort this ticket: {{ ticket }}"}

    Good:
        inputs:
          properties:
            ticket: {type: string, maxLength: 800, minLength: 1, default: none}
        messages:
          - {role: user, content: "Sort this ticket: {{ ticket }}"}
    """
    yield from _problems(catalog.document(prompt.path), _of_prompt)
    for each in references:
        if each.found and each.kind in _SCHEMAS_OF:
            document = catalog.document(each.target)
            yield from _problems(document, _SCHEMAS_OF[each.kind])
            if each.kind == "tool":
                yield from _of_keys(document)


def _problems(document: Document, schemas: Schemas) -> Iterator[Problem]:
    if isinstance(document.value, Mapping):
        for schema, at in schemas(document.value):
            for pointer, keyword in misspelt_keywords(schema, at):
                yield _problem(document, pointer, "a keyword of JSON Schema", keyword)


def _of_keys(document: Document) -> Iterator[Problem]:
    if isinstance(document.value, Mapping):
        for pointer, key in misspelt_tool_keys(document.value):
            yield _problem(document, pointer, "a key of a tool", key)


def _problem(document: Document, pointer: str, what: str, meant: str) -> Problem:
    written = pointer.rpartition("/")[2]
    place = document.place(pointer, True)
    hint = f"did you mean `{meant}`?"
    return Problem(f"`{written}` is not {what} and is ignored", at=place, hint=hint)


def _of_prompt(value: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    """The schemas of a prompt file, each with its pointer."""
    yield value.get("inputs"), "/inputs"
    output = value.get("output")
    if isinstance(output, Mapping):
        yield output.get("schema"), "/output/schema"
    tools = value.get("tools")
    for index, tool in enumerate(tools if isinstance(tools, list) else ()):
        if isinstance(tool, Mapping):
            yield from ((schema, f"/tools/{index}{at}") for schema, at in _of_tool(tool))


def _of_tool(tool: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    yield from ((tool.get(name), f"/{name}") for name in _IN_TOOLS)


def _of_schema(value: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    yield value, ""


_SCHEMAS_OF: Mapping[str, Schemas] = {
    "extends": _of_prompt,
    "schema": _of_schema,
    "tool": _of_tool,
}
