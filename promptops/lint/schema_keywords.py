"""Keys of JSON Schemas and tool files, and the correct spelling of misspelt ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from promptops.json_pointer import escaped
from promptops.nearest import nearest_name

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

_SHORTEST = 4
_LONG = 8
_X_CUTOFF = 0.75


def misspelt_tool_keys(tool: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Pointer of each misspelt key of a tool file, with the correct key."""
    for key in tool:
        known = None if key in _OF_TOOLS else _meant(key, _OF_TOOLS)
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


def _keyword_meant(key: str) -> str | None:
    """The keyword of which a key is a typo; None for a known keyword or a free name."""
    if key in _KEYWORDS or key in _OURS or key in _OTHER_DIALECTS:
        return None
    if key.startswith("x-"):
        return nearest_name(key, _OURS, _X_CUTOFF)
    return _meant(key, _KEYWORDS)


def _meant(key: str, known: Iterable[str]) -> str | None:
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
