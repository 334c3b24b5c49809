"""JSON Schemas as facts: `input ticket: text, required, untrusted, 1 to 8000 characters`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from promptops.report.prompt_text.facts import (
    LONGEST_NAME,
    Block,
    fact,
    facts,
    facts_of,
    rule,
    shown,
)

_KINDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "boolean",
    "array": "list",
    "object": "mapping",
    "null": "null",
}
_BOUNDS = (
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", " items"),
    ("minimum", "maximum", ""),
)
_FLAGS = (
    ("x-untrusted", True, "untrusted"),
    ("additionalProperties", False, "closed"),
    ("additionalProperties", True, "open"),
    ("deprecated", True, "deprecated"),
)


def input_blocks(value: Any) -> Iterator[Block]:
    """The inputs, one per line, in the order of the file."""
    if not isinstance(value, dict):
        yield tuple(fact("inputs", value))
        return
    rest = dict(value)
    below = tuple(_properties("input ", rest))
    _take(rest, "type", "object")
    yield (*(_facts_of("inputs", rest, ()) if rest else ()), *below)


def output_blocks(value: Any) -> Iterator[Block]:
    """The output, and each property of its schema."""
    rest = dict(value) if isinstance(value, dict) else value
    schema = rest.pop("schema", None) if isinstance(rest, dict) else None
    lines = facts("output", rest) if rest or schema is None else ()
    yield (*lines, *(_root("output", schema) if schema is not None else ()))


def tool_blocks(value: Any) -> Iterator[Block]:
    """A block for each tool, or for the file that defines it."""
    if not isinstance(value, list):
        yield tuple(fact("tools", value))
        return
    for tool in value:
        yield tuple(_tool(tool))


def _tool(tool: Any) -> Iterator[str]:
    rest = dict(tool) if isinstance(tool, dict) else {"tool": tool}
    name = f" {rest.pop('name')}" if isinstance(rest.get("name"), str) else ""
    name += f" of {rest.pop('ref')}" if isinstance(rest.get("ref"), str) else ""
    yield rule(f"tool{name}")
    schemas = [
        (word, rest.pop(part))
        for part, word in (("parameters", "parameter"), ("returns", "returned"))
        if isinstance(rest.get(part), dict)
    ]
    yield from facts_of(rest)
    for word, schema in schemas:
        yield from _root(word, schema)


def _root(word: str, schema: Any) -> Iterator[str]:
    """The lines of a schema's properties; each starts with `word` and its name."""
    if isinstance(schema, dict):
        rest = dict(schema)
        below = tuple(_properties(f"{word} ", rest))
        yield from _facts_of(f"{word} schema", rest, ())
        yield from below
    else:
        yield from fact(f"{word} schema", schema)


def _schema(name: str, schema: Any, first: Iterable[str] = ()) -> Iterator[str]:
    if not isinstance(schema, dict):
        yield f"{name}: {', '.join([shown(schema), *first])}"
        return
    rest = dict(schema)
    below: tuple[str, ...] = ()
    if len(name) <= LONGEST_NAME:
        below = (*_properties(f"{name}.", rest), *_items(name, rest))
    yield from _facts_of(name, rest, first)
    yield from below


def _properties(prefix: str, rest: dict[str, Any]) -> Iterator[str]:
    """The lines of a schema's properties; removes them and `required` from `rest`."""
    properties = rest.get("properties")
    if not isinstance(properties, dict) or not properties:
        return
    rest.pop("properties")
    required = _required(rest, properties)
    for name, schema in properties.items():
        yield from _schema(f"{prefix}{name}", schema, ("required",) if name in required else ())


def _required(rest: dict[str, Any], properties: dict[str, Any]) -> set[str]:
    written = rest.get("required")
    if not isinstance(written, list) or not all(isinstance(name, str) for name in written):
        return set()
    unknown = [name for name in written if name not in properties]
    rest.pop("required")
    if unknown:
        rest["required"] = unknown
    return set(written)


def _items(name: str, rest: dict[str, Any]) -> Iterator[str]:
    if isinstance(rest.get("items"), dict):
        yield from _schema(f"{name}[]", rest.pop("items"))


def _facts_of(name: str, rest: dict[str, Any], first: Iterable[str]) -> Iterator[str]:
    """One line for a schema itself, and another one for its description."""
    described = {key: rest.pop(key) for key in ("title", "description") if key in rest}
    words = [*_kind(rest), *first, *_words(rest)]
    words += [f"{key} {shown(rest[key], ', ')}" for key in sorted(rest)]
    yield f"{name}: {', '.join(words) or 'anything'}"
    for key, text in described.items():
        yield from fact(f"{name} {key}", text)


def _kind(rest: dict[str, Any]) -> Iterator[str]:
    written = rest.get("type")
    kinds = written if isinstance(written, list) else [written]
    known = [_KINDS[kind] for kind in kinds if isinstance(kind, str) and kind in _KINDS]
    if known and len(known) == len(kinds):
        rest.pop("type")
        yield " or ".join(known)
    values = rest.get("enum")
    if isinstance(values, list) and values:
        rest.pop("enum")
        yield f"one of {' | '.join(shown(value, ' | ', ', ') for value in values)}"


def _words(rest: dict[str, Any]) -> Iterator[str]:
    for key, value, word in _FLAGS:
        if _take(rest, key, value):
            yield word
    for low, high, unit in _BOUNDS:
        yield from _bounds(rest, (low, high), unit)


def _bounds(rest: dict[str, Any], keys: tuple[str, str], unit: str) -> Iterator[str]:
    low, high = (rest.pop(key) if _is_number(rest.get(key)) else None for key in keys)
    if low is not None and high is not None:
        yield f"{low} to {high}{unit}"
    elif low is not None:
        yield f"at least {low}{unit}"
    elif high is not None:
        yield f"at most {high}{unit}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _take(rest: dict[str, Any], key: str, value: object) -> bool:
    """Remove a key if it has exactly this value; whether it had."""
    if type(rest.get(key)) is not type(value) or rest[key] != value:  # 1 equals True in Python
        return False
    del rest[key]
    return True
