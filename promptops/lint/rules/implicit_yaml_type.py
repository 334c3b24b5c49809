"""SCH004."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.json_pointer import child, escaped, pointer_to, tokens, value_at
from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt
from promptops.patterns import lazy_pattern
from promptops.source.document import Document
from promptops.source.paths import is_yaml
from promptops.source.shape import PROMPT, schema

_MAX_SUSPECTS = 20_000
"""Scalars checked in one file. A file with more is data and not written by hand."""


@rule("SCH004", severity=Severity.WARNING)
def implicit_yaml_type(
    document: Document, catalog: Catalog, problems: Sequence[Problem]
) -> Iterator[Problem]:
    """Text that looks like a number, a date or a boolean is quoted.

    Most YAML readers follow YAML 1.1: they read `NO` as false, `12:30:45` as 45045 and `010` as
    eight. All readers read `1.10` as the number 1.1. So a list of countries loses Norway in another
    tool, and a version loses its zero in the prompt. The rule checks fields that must be text, the
    values of inputs of `type: string`, and what test cases pass for them. If promptops itself
    refuses the value, SCH002 or TST002 reports it instead.

    Bad:
        inputs:
          properties:
            country: {type: string, maxLength: 2, enum: [DE, FR, NO]}
        messages:
          - {role: user, content: "Write to a customer in {{ country }}."}
        tests:
          - {name: one, inputs: {country: DE}}

    Bad:
        description: 2026-11-24

    Good:
        inputs:
          properties:
            country: {type: string, maxLength: 2, enum: [DE, FR, "NO"]}
        messages:
          - {role: user, content: "Write to a customer in {{ country }}."}
        tests:
          - {name: one, inputs: {country: "NO"}}
    """
    refused = {problem.at for problem in problems}  # not text here either: SCH002
    for path in islice(suspects(document.value or {}), _MAX_SUSPECTS):
        pointer = pointer_to(list(path))
        if is_text_field(pointer, document.value) and document.style(pointer) == "plain":
            text = document.template(pointer).value
            taken, place = other_type(text), document.place(pointer)
            if taken and place not in refused:
                yield _unquoted(text, taken, place)
    prompt = catalog.loaded(document.path).prompt
    if prompt is not None:
        yield from _in_cases(prompt, catalog)


def _in_cases(prompt: Prompt, catalog: Catalog) -> Iterator[Problem]:
    properties = prompt.inputs.get("properties") or {}
    texts = [name for name, input_schema in properties.items() if is_text(input_schema)]
    for case in prompt.cases if texts else ():
        for name in texts:
            value = case.inputs.get(name)  # not text here either: TST002
            if isinstance(value, str) and other_type(value):
                yield from _in_case(case, name, catalog)


def _in_case(case: Case, name: str, catalog: Catalog) -> Iterator[Problem]:
    """Whether an ambiguous value of a test case is written without quotes."""
    place = case.locate(f"{case.at}/inputs/{escaped(name)}", False)
    if is_yaml(place.path) and place.line == place.end_line:
        line = catalog.line(place.path, place.line)
        text = line[place.column - 1 : place.end_column - 1]
        taken = other_type(text)  # quotes, brackets and block marks are unambiguous
        if taken:
            yield _unquoted(text, taken, place)


def _unquoted(text: str, taken: str, place: Place) -> Problem:
    return Problem(
        f"YAML readers can read unquoted `{text}` as {taken}",
        at=place,
        hint="quote it",
        fix=Fix((Edit(place, f'"{text}"'),), safe=True),
    )


# Finds unquoted scalars that some YAML readers do not read as strings.

_WORDS = frozenset(
    form
    for word in ("yes", "no", "on", "off", "true", "false")
    for form in (word, word.upper(), word.title())
)
_NUMERIC = lazy_pattern(
    r"[-+]?(?:[0-9][0-9_]*(?::[0-5]?[0-9])*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?0[xob][0-9a-fA-F_]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}.{0,20})?"
)
_FIRST = frozenset("+-.0123456789")
_DATE = lazy_pattern(r"[0-9]{4}-")
_LONGEST = 60


def other_type(text: str) -> str:
    """The type that any YAML reader, including ours, gives a plain scalar; "" for a string."""
    if text in _WORDS:
        return "a boolean"
    if text[:1] not in _FIRST or len(text) > _LONGEST or not _NUMERIC.fullmatch(text):
        return ""
    if _DATE.match(text):
        return "a date"
    if ":" in text:
        return "a number of base 60"
    if len(text) > 1 and text.isdecimal() and text[0] == "0":
        return "a number of base 8, or 10"
    return "a number"


_NUMERIC_KEYS = frozenset(
    (
        *("maxLength", "minLength", "maxItems", "minItems", "minimum", "maximum", "x-untrusted"),
        *("additionalProperties", "uniqueItems", "cache", "strict", "last", "temperature"),
        *("max_output_tokens", "top_p", "seed", "input_tokens", "output_tokens", "cost_usd"),
    )
)


def suspects(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths of values of a document that are not strings, or may be read as another type.

    Walks the values, because few are ambiguous: creating a pointer for each scalar is slower.
    """
    items = enumerate(value) if isinstance(value, list) else value.items()
    for key, item in items:
        kind = type(item)
        if kind is str:
            if len(item) <= _LONGEST and other_type(item):
                yield (*at, key)
        elif kind is dict or kind is list:
            yield from suspects(item, (*at, key))
        elif item is not None and key not in _NUMERIC_KEYS:
            yield (*at, key)


_DATA = frozenset(("const", "default", "enum", "examples"))
_TEXTS = frozenset(("description", "title", "$comment", "$id", "$ref", "pattern", "format"))
_SCHEMAS = lazy_pattern(r"/inputs|/output/schema|/tools/\d+/(?:parameters|returns)")
_SAID = lazy_pattern(r"(?:/tests/\d+/(?:rendered|output)|/evaluation/assertions)/\d+")
_TEXT_ASSERTIONS = frozenset(
    ("contains", "icontains", "starts-with", "regex", "contains-all", "contains-any")
)


def is_text_field(pointer: str, value: Any) -> bool:
    """Whether the schema of prompt files requires a string for `value`.

    Inputs of test cases are not checked here, because the prompt defines their schema.
    """
    inside = _SCHEMAS.match(pointer)
    if inside:
        return _is_text_in_schema(tokens(pointer[inside.end() :]), value_at(value, inside[0]))
    assertion = _SAID.match(pointer)
    if assertion and tokens(pointer[assertion.end() :])[:1] == ["value"]:
        kind = value_at(value, f"{assertion[0]}/type")
        return isinstance(kind, str) and kind.removeprefix("not-") in _TEXT_ASSERTIONS
    return _is_text_by_format(pointer)


def is_text(schema_: Any) -> bool:
    """Whether `type` or the listed values of a JSON Schema allow only strings."""
    if not isinstance(schema_, Mapping):
        return False
    if "type" in schema_:
        return schema_["type"] in ("string", ["string"])
    values = schema_.get("enum", [schema_["const"]] if "const" in schema_ else None)
    return isinstance(values, list) and all(isinstance(v, str) for v in values) and bool(values)


def _is_text_in_schema(path: list[str], found: Any) -> bool:
    """Whether a scalar of a JSON Schema must be a string: a description, or data of this type."""
    for index, step in enumerate(path):
        last = len(path) - 1
        if step in _DATA and not _is_named(path, index):
            plain = index == last or (step in ("enum", "examples") and index == last - 1)
            return plain and is_text(found)
        if index == last:
            return step in _TEXTS and not _is_named(path, index)
        found = child(found, step)
    return False


def _is_named(path: list[str], index: int) -> bool:
    """Whether a step is the name of a property, not a keyword."""
    return (
        index > 0
        and path[index - 1] in ("properties", "$defs")
        and (index < 2 or not _is_named(path, index - 1))
    )


@lru_cache(maxsize=4096)
def _is_text_by_format(pointer: str) -> bool:
    """Whether the schema of prompt files allows only a string there."""
    node: Any = schema(PROMPT)
    for step in tokens(pointer):
        node = _resolved(node)
        if step.isdecimal():
            node = node.get("items", {})
        else:
            more = node.get("additionalProperties")
            node = node.get("properties", {}).get(step, more if isinstance(more, dict) else {})
    types = _resolved(node).get("type", ())
    scalars = {types} if isinstance(types, str) else set(types)
    return scalars - {"array", "object"} == {"string"}


def _resolved(node: Any) -> Any:
    while "$ref" in node:
        node = schema(PROMPT)["$defs"][node["$ref"].rpartition("/")[2]]
    return node
