"""The fast check against our own schemas: what it accepts, jsonschema-rs accepts, too."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.runtime.request.schema_check import own_engine
from promptops.source.document import read
from promptops.source.own_schema import OwnSchema
from promptops.source.shape import CONFIG, PROMPT, schema
from tests.tiers import examples

ROOT = Path(__file__).parents[2]
RECORDING = "recording.schema.json"


def _files() -> Iterator[tuple[str, Any]]:
    for path in sorted(ROOT.glob("prompts/**/*.prompt.yaml")):
        value = read(path.name, path.read_bytes()).value
        if "extends" not in value:  # a patch, which is checked when it is merged
            yield PROMPT, value
    for folder in (ROOT, ROOT / "examples" / "triage"):
        yield CONFIG, tomllib.loads((folder / "promptops.toml").read_text("utf-8"))
    for path in sorted(ROOT.glob("p*/**/*.recordings.jsonl")):
        with path.open("rb") as lines:
            yield from ((RECORDING, json.loads(line)) for line in list(lines)[:3])


FILES = list(_files())
ENGINES = {name: own_engine(schema(name)) for name in (PROMPT, CONFIG, RECORDING)}
OWN = {name: OwnSchema(schema(name)) for name in ENGINES}
NAMES = st.sampled_from(
    ["x-own", "extends", "inputs", "type", "value", "role", "ref", "profile", "for_each", "kind"]
) | st.sampled_from(["tests", "turns", "user", "tool", "name", "tool_calls", "image", "input"])
TEXTS = ["", "a", "a\n", "x" * 70, "2026-01-01", "😀", "contains", "is-json", "my.check"]
PARTS: list[Any] = [
    {"a": 1},
    {"type": "equals"},
    {"x-own": [None]},
    {"type": "contains", "value": "a"},
    {"simulate": "a"},
    {"input": "a", "url": "b"},
]
LISTS: list[Any] = [[], [1], ["a"], ["a", "a"], [{}]]
VALUES = st.sampled_from(
    [None, True, 0, 1, -1, 1.0, 0.5, 2**53 + 1, 1e300, *TEXTS, *PARTS, *LISTS, {}]
)


def _containers(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for part in value.values() if isinstance(value, dict) else value:
            yield from _containers(part)


def _changed(value: Any, data: st.DataObject) -> None:
    """Change one object or list of a value: remove, replace or add a part."""
    chosen = data.draw(st.sampled_from(list(_containers(value))))
    keys = list(chosen) if isinstance(chosen, dict) else list(range(len(chosen)))
    way = data.draw(st.sampled_from(["remove", "replace", "add"] if keys else ["add"]))
    if way == "add" and isinstance(chosen, list):
        chosen.append(copy.deepcopy(data.draw(VALUES | st.sampled_from(chosen or [None]))))
    elif way == "add":
        chosen[data.draw(NAMES)] = copy.deepcopy(data.draw(VALUES))
    elif way == "remove":
        del chosen[data.draw(st.sampled_from(keys))]
    else:
        chosen[data.draw(st.sampled_from(keys))] = copy.deepcopy(data.draw(VALUES))


@pytest.mark.parametrize("name", ENGINES)
def test_all_own_files_are_accepted(name: str) -> None:
    values = [value for own, value in FILES if own == name]

    assert values
    assert [value for value in values if not OWN[name].accepts(value)] == []


@settings(max_examples=examples(20_000))
@given(st.data())
def test_what_is_accepted_is_valid(data: st.DataObject) -> None:
    name, value = copy.deepcopy(data.draw(st.sampled_from(FILES)))
    for _ in range(data.draw(st.integers(1, 3))):
        _changed(value, data)

    if OWN[name].accepts(value):
        assert ENGINES[name].is_valid(value)


_KEYS: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "patternProperties": {"^x-": True},
    "required": ["a"],
    "properties": {"a": {"type": "string", "pattern": "^a+$"}},
}


@pytest.mark.parametrize(
    ("whole", "value", "expected"),
    [
        (_KEYS, {"a": "aa", "x-b": [1]}, True),
        (_KEYS, {"a": "aa\n"}, False),
        (_KEYS, {"a": "aa", "b": 1}, False),
        (_KEYS, {}, False),
        ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"a": 1}, True),
        ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"a": 1, "b": 1}, False),
        ({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, {"a": 1}, False),
        ({"if": {"required": ["a"]}, "else": {"required": ["b"]}}, {"a": 1}, True),
        ({"if": {"type": "array"}, "then": False}, [], False),
        ({"uniqueItems": True}, ["a", "a"], False),
        ({"minProperties": 1}, {}, False),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, False),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1, "b": 1}, True),
        ({"propertyNames": {"pattern": "^a"}}, {"b": 1}, False),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}}, [[[]]], True),
        ({"anyOf": [{"type": "string"}, {"minimum": 3}]}, 2, False),
    ],
)
def test_each_keyword_counts(whole: Mapping[str, Any], value: Any, expected: bool) -> None:
    assert (OwnSchema(whole).accepts(value), own_engine(whole).is_valid(value)) == (
        expected,
        expected,
    )


@pytest.mark.parametrize(
    "whole",
    [
        {"not": {"type": "string"}},
        {"patternProperties": {"^y-": False}},
        {"$ref": "common.schema.json#/$defs/place"},
        {"if": {"minProperties": 1}},
        {"if": {"properties": {"a": {"const": 1}}}},
        {"properties": {"a": {"format": "date"}}},
    ],
)
def test_an_unknown_keyword_accepts_nothing(whole: Mapping[str, Any]) -> None:
    assert not OwnSchema(whole).accepts({"a": 1})
