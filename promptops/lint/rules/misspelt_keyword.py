"""SCH013."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.json_pointer import escaped
from promptops.lint import Problem, Severity, rule
from promptops.model.loaded import FileReference
from promptops.model.prompt import Prompt
from promptops.source.document import Document
from promptops.suggestions import nearest_name

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
    keyword, and words of other schema languages, such as `optional`, `min` and `choices`;
    other unknown keys are allowed. The same applies to the keys of a tool file, such as `strict`.

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
    for reference in references:
        if reference.found and reference.kind in _SCHEMAS_OF:
            document = catalog.document(reference.target)
            yield from _problems(document, _SCHEMAS_OF[reference.kind])
            if reference.kind == "tool" and isinstance(document.value, Mapping):
                for pointer, key in misspelt_tool_keys(document.value):
                    yield _problem(document, pointer, "a key of a tool", key)


def _problems(document: Document, schemas: Schemas) -> Iterator[Problem]:
    if isinstance(document.value, Mapping):
        for schema, at in schemas(document.value):
            for pointer, keyword in misspelt_keywords(schema, at):
                yield _problem(document, pointer, "a keyword of JSON Schema", keyword)
            for pointer, hint in foreign_keywords(schema, at):
                written = pointer.rpartition("/")[2]
                message = f"`{written}` is not a keyword of JSON Schema and is ignored"
                yield Problem(message, at=document.place(pointer, True), hint=hint)


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


_SCHEMAS_OF: Mapping[str, Schemas] = {"extends": _of_prompt, "schema": _of_schema, "tool": _of_tool}


_ONE = (
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
)
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED = ("$defs", "definitions", "dependentSchemas", "patternProperties", "properties")
_OTHERS = (
    "$anchor $comment $dynamicAnchor $dynamicRef $id $ref $schema $vocabulary const "
    "contentEncoding contentMediaType default dependentRequired deprecated description enum "
    "examples exclusiveMaximum exclusiveMinimum format maxContains maxItems maxLength "
    "maxProperties maximum minContains minItems minLength minProperties minimum multipleOf "
    "pattern readOnly required title type uniqueItems writeOnly"
)
_KEYWORDS = (*_ONE, *_LISTS, *_NAMED, *_OTHERS.split())
_OURS = ("x-aliases", "x-untrusted")
_OF_TOOLS = ("description", "name", "parameters", "returns", "strict")
_OTHER_DIALECTS = frozenset(("comment", "definition", "dependencies", "example", "id"))
"""Keywords of OpenAPI and older drafts that look like typos."""

_FOREIGN: Mapping[str, str] = {
    "optional": "leave it out: only names in the list `required` are required",
    "desc": "write `description`",
    "min": "write `minimum`, `minLength` or `minItems`",
    "max": "write `maximum`, `maxLength` or `maxItems`",
    "choices": "write `enum`",
    "regex": "write `pattern`",
    "untrusted": "write `x-untrusted`",
}
"""Words of other schema languages, each with the hint."""

_SHORTEST = 4
_LONG = 8
_X_CUTOFF = 0.75


def misspelt_tool_keys(tool: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Pointer of each misspelt key of a tool file, with the correct key."""
    for key in tool:
        known = None if key in _OF_TOOLS else _nearest_keyword(key, _OF_TOOLS)
        if known is not None and known not in tool:
            yield f"/{escaped(key)}", known


def misspelt_keywords(schema: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Pointer of each misspelt keyword in a schema, with the correct keyword."""
    if not isinstance(schema, Mapping):
        return
    for key in schema:
        keyword = _keyword_meant(key)
        if keyword is not None and keyword not in schema:
            yield f"{pointer}/{escaped(key)}", keyword
    for part, at in _parts(schema):
        yield from misspelt_keywords(part, pointer + at)


def foreign_keywords(schema: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Pointer of each keyword of another schema language in a schema, with the hint."""
    if not isinstance(schema, Mapping):
        return
    for key in schema:
        if key in _FOREIGN:
            yield f"{pointer}/{escaped(key)}", _FOREIGN[key]
    for part, at in _parts(schema):
        yield from foreign_keywords(part, pointer + at)


def _keyword_meant(key: str) -> str | None:
    """The keyword that a key misspells; None for a known keyword or a free name."""
    if key in _KEYWORDS or key in _OURS or key in _OTHER_DIALECTS:
        return None
    if key.startswith("x-"):
        return nearest_name(key, _OURS, _X_CUTOFF)
    return _nearest_keyword(key, _KEYWORDS)


def _nearest_keyword(key: str, known: Iterable[str]) -> str | None:
    return next((each for each in known if _mistyped(_plain(key), _plain(each))), None)


def _parts(schema: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    """The subschemas of a schema, each with its pointer there."""
    for key, value in schema.items():
        if key in _ONE:
            yield value, f"/{key}"
        elif key in _LISTS and isinstance(value, list):
            yield from ((each, f"/{key}/{index}") for index, each in enumerate(value))
        elif key in _NAMED and isinstance(value, Mapping):
            yield from ((each, f"/{key}/{escaped(name)}") for name, each in value.items())


def _plain(key: str) -> str:
    return key.lower().replace("_", "").replace("-", "")


def _mistyped(word: str, known: str) -> bool:
    """Whether two letters are swapped, or one (of a long keyword two) differs or is missing."""
    start = 0
    while start < min(len(word), len(known)) and word[start] == known[start]:
        start += 1
    left, right = word[start:], known[start:]
    while left and right and left[-1] == right[-1]:
        left, right = left[:-1], right[:-1]
    if len(left) == len(right) == 2 and left == right[::-1]:
        return True
    most = 2 if len(known) >= _LONG else 1
    return len(known) >= _SHORTEST and max(len(left), len(right)) <= most
