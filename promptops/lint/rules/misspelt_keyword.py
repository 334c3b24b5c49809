"""SCH012."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.lint import Problem, Severity, rule
from promptops.lint.schema_keywords import misspelt_keywords
from promptops.model.loaded import Reference
from promptops.model.prompt import Prompt
from promptops.source.document import Document

_IN_TOOLS = ("parameters", "returns")


@rule("SCH012", severity=Severity.ERROR)
def misspelt_keyword(
    prompt: Prompt, references: Sequence[Reference], catalog: Catalog
) -> Iterator[Problem]:
    """A keyword of a JSON Schema is spelt right.

    JSON Schema ignores a keyword that it does not know. With `maxLegnth` the input has no limit,
    and with `x-untrsuted` no security rule looks at it. A key is reported when one letter makes it
    a keyword; other unknown keys are free.

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
        if each.found and each.kind in ("schema", "tool"):
            of_file = _of_tool if each.kind == "tool" else _of_schema
            yield from _problems(catalog.document(each.target), of_file)
        elif each.found and each.kind == "extends":
            yield from _problems(catalog.document(each.target), _of_prompt)


def _problems(document: Document, schemas: Any) -> Iterator[Problem]:
    if not isinstance(document.value, Mapping):
        return
    for schema, at in schemas(document.value):
        for pointer, keyword in misspelt_keywords(schema, at):
            written = pointer.rpartition("/")[2]
            yield Problem(
                f"`{written}` is not a keyword of JSON Schema and is ignored",
                at=document.place(pointer, True),
                hint=f"did you mean `{keyword}`?",
            )


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
