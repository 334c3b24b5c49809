"""A prompt file as readable text for `git diff`: one fact per line, no YAML.

Nothing in the file is left out: unknown keys are facts like any other. Equal values are equal
lines.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from promptops.patterns import lazy_pattern
from promptops.report.visible import escaped, visible_line
from promptops.source.values import plain_value

_Block = tuple[str, ...]
"""Lines that belong together; a blank line separates blocks."""

_HEAD_KEYS = (
    *("format", "title", "description", "owners", "tags", "status", "replaced_by", "sunset"),
    *("aliases", "extends", "metadata", "budget"),
)


def prompt_text(value: Mapping[str, Any], comments: Sequence[str] = ()) -> str:
    """The text of a parsed prompt file of any shape; equal values have equal texts.

    Takes linear time; every line is safe to print.
    """
    blocks = [*_blocks(value), tuple(comments)]
    return safe_text("\n\n".join("\n".join(map(_one_line, block)) for block in blocks if block))


def safe_text(text: str) -> str:
    """A text with escaped special characters, except tabs; ends with a newline."""
    lines = text.removesuffix("\n").split("\n")
    return "".join("\t".join(map(visible_line, line.split("\t"))) + "\n" for line in lines)


def _blocks(value: Mapping[str, Any]) -> Iterator[_Block]:
    yield tuple(line for key in _HEAD_KEYS if key in value for line in _facts(key, value[key]))
    for key, write in _WRITERS.items():
        if key in value:
            yield from write(value[key])
    for key in sorted(value.keys() - {*_HEAD_KEYS, *_WRITERS}):
        yield tuple(_facts(key, value[key]))


def _one_line(line: str) -> str:
    """A name without line breaks: names are untrusted."""
    return line.replace("\n", "\\n")


# Messages as blocks: a line with the role, and the text as written.

_LIKE_A_RULE = lazy_pattern(r"(==|--) .* \1")
_MEDIA = ("image", "audio", "document")


def _message_blocks(value: Any) -> Iterator[_Block]:
    """A block for each message, in order."""
    if not isinstance(value, list):
        yield tuple(_facts("messages", value))
        return
    for turn in value:
        yield from _turn(turn)


def _turn(turn: Any) -> Iterator[_Block]:
    if not isinstance(turn, dict):
        yield _rule("message"), *_fact("message", turn)
    elif isinstance(turn.get("for_each"), str) and isinstance(turn.get("messages"), list):
        yield from _repeated(dict(turn))
    elif isinstance(turn.get("history"), str):
        yield tuple(_history(dict(turn)))
    else:
        yield tuple(_message(dict(turn)))


def _repeated(rest: dict[str, Any]) -> Iterator[_Block]:
    messages, source = rest.pop("messages"), rest.pop("for_each")
    name = f"{_string(rest, 'as') or 'item'} in {source}"
    yield _rule(f"for each {name}"), *_facts_of_mapping(rest)
    for message in messages:
        yield from _turn(message)
    yield (_rule(f"end of for each {name}"),)


def _history(rest: dict[str, Any]) -> Iterator[str]:
    words = f"history {rest.pop('history')}"
    if "last" in rest:
        words += f", last {_shown(rest.pop('last'))}"
    yield _rule(words)
    yield from _facts_of_mapping(rest)


def _message(rest: dict[str, Any]) -> Iterator[str]:
    content, calls = rest.pop("content", ""), rest.pop("tool_calls", [])
    words = [_string(rest, "role") or "message"]
    if isinstance(rest.get("cache"), bool) and rest.pop("cache"):
        words.append("cached")
    words += _named_values(
        rest, (("name", "named "), ("tool_call_id", "answers "), ("when", "when "))
    )
    yield _rule(", ".join(words))
    yield from _facts_of_mapping(rest)
    yield from _content(content)
    yield from _calls(calls)


def _content(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield from _lines(content)
    elif isinstance(content, list):
        for part in content:
            yield from _content_part(part)
    elif isinstance(content, dict) and content.keys() == {"file"}:
        yield _small_rule(f"file {_shown(content['file'])}")
    else:
        yield from _facts("content", content)


def _content_part(part: Any) -> Iterator[str]:
    if not isinstance(part, dict):
        yield from _fact("part", part)
        return
    rest = dict(part)
    text = _string(rest, "text")
    words = [_media(rest) if text is None else "text"]
    words += _named_values(rest, (("detail", "detail "), ("title", "title "), ("when", "when ")))
    yield _small_rule(", ".join(words))
    yield from _facts_of_mapping(rest)
    yield from _lines(text or "")


def _media(rest: dict[str, Any]) -> str:
    """A part, such as `image input photo`."""
    for kind in _MEDIA:
        value = rest.get(kind)
        if isinstance(value, dict) and len(value) == 1:
            ((origin, name),) = rest.pop(kind).items()
            return f"{kind} {origin} {_shown(name)}"
    return "part"


def _calls(calls: Any) -> Iterator[str]:
    if not isinstance(calls, list):
        yield from _facts("tool_calls", calls)
        return
    for call in calls:
        rest = dict(call) if isinstance(call, dict) else {"call": call}
        words = _named_values(rest, (("name", ""), ("id", "id ")))
        yield _small_rule(f"calls {', '.join(words)}".strip())
        yield from _facts_of_mapping(rest)


def _lines(text: str) -> Iterator[str]:
    """The text of a message without trailing newlines, which no request has.

    A line that looks like a heading of this format is marked, so that text can't forge one.
    """
    text = text.rstrip("\n")
    for line in text.split("\n") if text else ():
        yield escaped(line[0]) + line[1:] if _LIKE_A_RULE.fullmatch(line) else line


def _named_values(rest: dict[str, Any], keys: tuple[tuple[str, str], ...]) -> list[str]:
    found = ((before, _string(rest, key)) for key, before in keys)
    return [f"{before}{text}" for before, text in found if text is not None]


def _string(rest: dict[str, Any], key: str) -> str | None:
    return rest.pop(key) if isinstance(rest.get(key), str) else None


# Test cases as blocks: the inputs, and a line for each assertion.


def _case_blocks(value: Any) -> Iterator[_Block]:
    """A block for each test case, and for a file with more cases."""
    if not isinstance(value, list):
        yield tuple(_facts("tests", value))
        return
    for case in value:
        yield tuple(_case(case))


def _evaluation_blocks(value: Any) -> Iterator[_Block]:
    """The assertions for every case."""
    rest = dict(value) if isinstance(value, dict) else {"evaluation": value}
    asserted = tuple(_asserted(rest, "assertions"))
    yield (_rule("evaluation"), *_facts_of_mapping(rest), *asserted)


def _case(case: Any) -> Iterator[str]:
    rest = dict(case) if isinstance(case, dict) else {"case": case}
    if isinstance(rest.get("file"), str):
        yield _rule(f"tests of {rest.pop('file')}")
    else:
        name = rest.pop("name") if isinstance(rest.get("name"), str) else ""
        yield _rule(f"test {name}".strip())
    inputs = rest.pop("inputs") if isinstance(rest.get("inputs"), dict) else {}
    asserted = (*_asserted(rest, "rendered"), *_asserted(rest, "output"))
    yield from _facts_of_mapping(rest)
    for key in sorted(inputs):
        yield from _fact(f"input {key}", inputs[key])
    yield from asserted


def _asserted(rest: dict[str, Any], key: str) -> Iterator[str]:
    """An assertion, such as `rendered contains, role system: Be kind`."""
    if not isinstance(rest.get(key), list):
        return
    for item in rest.pop(key):
        assertion = dict(item) if isinstance(item, dict) else {"value": item}
        kind = assertion.pop("type") if isinstance(assertion.get("type"), str) else "?"
        value = _fact("", assertion.pop("value")) if "value" in assertion else ()
        words = [f"{name} {_shown(assertion[name], ', ')}" for name in sorted(assertion)]
        first, *more = value or ("",)
        yield ", ".join([f"{key} {kind}", *words]) + first
        yield from more


# JSON Schemas as facts: `input ticket: text, required, untrusted, 1 to 8000 characters`.

_KINDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "boolean",
    "array": "list",
    "object": "mapping",
    "null": "null",
}
_SCHEMA_BOUNDS = (
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", " items"),
    ("minimum", "maximum", ""),
)
_SCHEMA_FLAGS = (
    ("x-untrusted", True, "untrusted"),
    ("additionalProperties", False, "closed"),
    ("additionalProperties", True, "open"),
    ("deprecated", True, "deprecated"),
)


def _input_blocks(value: Any) -> Iterator[_Block]:
    """The inputs, one per line, in the order of the file."""
    if not isinstance(value, dict):
        yield tuple(_fact("inputs", value))
        return
    rest = dict(value)
    below = tuple(_property_schemas("input ", rest))
    _removed_if_equal(rest, "type", "object")
    yield (*(_schema_facts("inputs", rest, ()) if rest else ()), *below)


def _output_blocks(value: Any) -> Iterator[_Block]:
    """The output, and each property of its schema."""
    rest = dict(value) if isinstance(value, dict) else value
    schema = rest.pop("schema", None) if isinstance(rest, dict) else None
    lines = _facts("output", rest) if rest or schema is None else ()
    yield (*lines, *(_root_schema("output", schema) if schema is not None else ()))


def _tool_blocks(value: Any) -> Iterator[_Block]:
    """A block for each tool, or for the file that defines it."""
    if not isinstance(value, list):
        yield tuple(_fact("tools", value))
        return
    for tool in value:
        yield tuple(_tool(tool))


def _tool(tool: Any) -> Iterator[str]:
    rest = dict(tool) if isinstance(tool, dict) else {"tool": tool}
    name = f" {rest.pop('name')}" if isinstance(rest.get("name"), str) else ""
    name += f" of {rest.pop('ref')}" if isinstance(rest.get("ref"), str) else ""
    yield _rule(f"tool{name}")
    schemas = [
        (word, rest.pop(part))
        for part, word in (("parameters", "parameter"), ("returns", "returned"))
        if isinstance(rest.get(part), dict)
    ]
    yield from _facts_of_mapping(rest)
    for word, schema in schemas:
        yield from _root_schema(word, schema)


def _root_schema(word: str, schema: Any) -> Iterator[str]:
    """The lines of a schema's properties; each starts with `word` and its name."""
    if isinstance(schema, dict):
        rest = dict(schema)
        below = tuple(_property_schemas(f"{word} ", rest))
        yield from _schema_facts(f"{word} schema", rest, ())
        yield from below
    else:
        yield from _fact(f"{word} schema", schema)


def _schema(name: str, schema: Any, first: Iterable[str] = ()) -> Iterator[str]:
    if not isinstance(schema, dict):
        yield f"{name}: {', '.join([_shown(schema), *first])}"
        return
    rest = dict(schema)
    below: tuple[str, ...] = ()
    if len(name) <= _LONGEST_NAME:
        below = (*_property_schemas(f"{name}.", rest), *_item_schema(name, rest))
    yield from _schema_facts(name, rest, first)
    yield from below


def _property_schemas(prefix: str, rest: dict[str, Any]) -> Iterator[str]:
    """The lines of a schema's properties; removes them and `required` from `rest`."""
    properties = rest.get("properties")
    if not isinstance(properties, dict) or not properties:
        return
    rest.pop("properties")
    required = _required_names(rest, properties)
    for name, schema in properties.items():
        yield from _schema(f"{prefix}{name}", schema, ("required",) if name in required else ())


def _required_names(rest: dict[str, Any], properties: dict[str, Any]) -> set[str]:
    written = rest.get("required")
    if not isinstance(written, list) or not all(isinstance(name, str) for name in written):
        return set()
    unknown = [name for name in written if name not in properties]
    rest.pop("required")
    if unknown:
        rest["required"] = unknown
    return set(written)


def _item_schema(name: str, rest: dict[str, Any]) -> Iterator[str]:
    if isinstance(rest.get("items"), dict):
        yield from _schema(f"{name}[]", rest.pop("items"))


def _schema_facts(name: str, rest: dict[str, Any], first: Iterable[str]) -> Iterator[str]:
    """One line for a schema itself, and another one for its description."""
    described = {key: rest.pop(key) for key in ("title", "description") if key in rest}
    words = [*_schema_kind(rest), *first, *_schema_words(rest)]
    words += [f"{key} {_shown(rest[key], ', ')}" for key in sorted(rest)]
    yield f"{name}: {', '.join(words) or 'anything'}"
    for key, text in described.items():
        yield from _fact(f"{name} {key}", text)


def _schema_kind(rest: dict[str, Any]) -> Iterator[str]:
    written = rest.get("type")
    kinds = written if isinstance(written, list) else [written]
    known = [_KINDS[kind] for kind in kinds if isinstance(kind, str) and kind in _KINDS]
    if known and len(known) == len(kinds):
        rest.pop("type")
        yield " or ".join(known)
    values = rest.get("enum")
    if isinstance(values, list) and values:
        rest.pop("enum")
        yield f"one of {' | '.join(_shown(value, ' | ', ', ') for value in values)}"


def _schema_words(rest: dict[str, Any]) -> Iterator[str]:
    for key, value, word in _SCHEMA_FLAGS:
        if _removed_if_equal(rest, key, value):
            yield word
    for low, high, unit in _SCHEMA_BOUNDS:
        yield from _schema_bounds(rest, (low, high), unit)


def _schema_bounds(rest: dict[str, Any], keys: tuple[str, str], unit: str) -> Iterator[str]:
    low, high = (rest.pop(key) if _is_number(rest.get(key)) else None for key in keys)
    if low is not None and high is not None:
        yield f"{low} to {high}{unit}"
    elif low is not None:
        yield f"at least {low}{unit}"
    elif high is not None:
        yield f"at most {high}{unit}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _removed_if_equal(rest: dict[str, Any], key: str, value: object) -> bool:
    """Remove a key if it has exactly this value; whether it had."""
    if type(rest.get(key)) is not type(value) or rest[key] != value:  # 1 equals True in Python
        return False
    del rest[key]
    return True


# Facts: lines `name: value`.

_LONGEST_NAME = 80
"""In characters: values with a longer name are written on one line. Every line repeats its name, so
a deeply nested file could become a thousand times longer."""


def _facts(name: str, value: Any) -> Iterator[str]:
    """The lines of a value and everything in it; keys of mappings in alphabetical order."""
    if isinstance(value, dict) and value and len(name) <= _LONGEST_NAME:
        yield from _facts_of_mapping(value, f"{name}.")
    else:
        yield from _fact(name, value)


def _facts_of_mapping(values: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """The lines of a mapping; `prefix` precedes each name."""
    for key in sorted(values):
        yield from _facts(f"{prefix}{key}", values[key])


def _fact(name: str, value: Any) -> Iterator[str]:
    """The lines of a string, or one line for any other value."""
    if isinstance(value, str) and "\n" in value:
        yield f"{name}:"
        yield from (f"  | {line}" if line else "  |" for line in value.split("\n"))
    else:
        yield f"{name}: {_shown(value)}"


def _shown(value: Any, *separators: str) -> str:
    """A value on one line; a string has no quotes if it is unambiguous without them.

    Args:
        separators: Separators of values on a line; a string that contains one has quotes.
    """
    if isinstance(value, str) and _plain(value) and not any(each in value for each in separators):
        return value
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        return f"[{', '.join(_shown(item, ', ') for item in value)}]"
    return json.dumps(value, ensure_ascii=False)


def _plain(text: str) -> bool:
    bare = text == text.strip() and "\n" not in text and not text.startswith(('"', "[", "{"))
    return bare and plain_value(text) is text


def _rule(words: str) -> str:
    """The line above a message, a tool or a test case; `git diff` shows it above a change."""
    return f"== {words} =="


def _small_rule(words: str) -> str:
    """The line above a part of a message."""
    return f"-- {words} --"


_WRITERS: Mapping[str, Callable[[Any], Iterable[_Block]]] = {
    "model": lambda value: [tuple(_facts("model", value))],
    "inputs": _input_blocks,
    "output": _output_blocks,
    "tools": _tool_blocks,
    "tool_choice": lambda value: [tuple(_facts("tool_choice", value))],
    "messages": _message_blocks,
    "tests": _case_blocks,
    "evaluation": _evaluation_blocks,
}
