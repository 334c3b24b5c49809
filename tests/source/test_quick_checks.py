"""The generated checks accept nothing that the schemas refuse, and accept what is usual."""

from __future__ import annotations

import runpy
import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptops.model.place import Place
from promptops.source.document import read
from promptops.source.generated import config_check, prompt_check
from promptops.source.quick_checks import MAX_DEPTH, MAX_NODES, is_plain
from promptops.source.schemas import schema
from tests.tiers import examples

ROOT = Path(__file__).parents[2]
MAKER = runpy.run_path(str(ROOT / "scripts" / "make_checks.py"))
GENERATED = ROOT / "promptops" / "source" / "generated"

WHOLE_PROMPT = {
    "format": "promptops/1",
    "description": "d",
    "status": "active",
    "sunset": "2027-01-31",
    "model": {"provider": "openai", "id": "m", "params": {"temperature": 0.5, "stop": ["a"]}},
    "inputs": {"required": ["a"], "properties": {"a": {"type": "string"}, "b": True}},
    "output": {"format": "json", "name": "n", "schema": {"type": "object"}, "strict": True},
    "tools": [{"ref": "schemas/a.json"}, {"name": "t", "description": "d", "parameters": {}}],
    "tool_choice": "auto",
    "messages": [
        {"role": "system", "content": "c"},
        {"role": "user", "content": [{"text": "t"}, {"image": {"input": "a"}}]},
        {"for_each": "a", "as": "x", "messages": [{"role": "user", "content": "c"}]},
        {"history": "h"},
    ],
    "tests": [
        {"file": "cases.jsonl"},
        {
            "name": "n",
            "inputs": {"a": "b"},
            "output": [
                {"type": "contains", "value": "a"},
                {"type": "one-of", "value": ["a", "b"]},
                {"type": "max-chars", "value": 3},
                {"type": "all", "value": [{"type": "is-json"}]},
                {"type": "acme.short"},
            ],
        },
    ],
    "evaluation": {"margin": 2.5},
    "x-own": [None, 1.5, {"a": [True]}],
}
WHOLE_CONFIG = {
    "prompts": ["prompts"],
    "models": {"fast": {"provider": "openai", "id": "m", "params": {}, "price": {"input": 1}}},
    "lint": {
        "select": ["VAR"],
        "rules": [
            {"code": "X001", "name": "a-b", "kind": "existence", "message": "m", "tokens": ["a"]},
            {
                "code": "X002",
                "name": "c",
                "kind": "occurrence",
                "message": "m",
                "tokens": ["a"],
                "max": 2,
            },
        ],
        "waivers": [{"fingerprint": "f", "who": "w", "reason": "r", "expires": "2027-01-31"}],
    },
    "release": {"tag_format": "v{version}"},
    "compare": {"recordings": "comparisons", "margin": 2.5},
    "probe": {"recordings": "probes"},
    "mutate": {"fail-under": 60},
    "drift": {"release": "production", "repeats": 3},
}
CHECKS = {
    "prompt.schema.json": (prompt_check, WHOLE_PROMPT),
    "config.schema.json": (config_check, WHOLE_CONFIG),
}

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10),
    st.sampled_from([2**53, -(2**60), 1.0, 0.5, -1e300]),
    st.sampled_from(["", "a", "a\n", "auto", "auto\n", "2027-01-31\n", "json", "text", "x-y", "é"]),
)


def _names(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {*value.get("properties", {}), *(n for v in value.values() for n in _names(v))}
    return {name for each in value for name in _names(each)} if isinstance(value, list) else set()


NAMES = st.sampled_from([*sorted(_names(schema("prompt.schema.json"))), "x-y", "unknown", "a b"])
values = st.recursive(
    scalars, lambda each: st.lists(each, max_size=2) | st.dictionaries(NAMES, each, max_size=2)
)


@pytest.mark.parametrize("file", MAKER["MADE"].values())
def test_the_generated_checks_are_those_of_the_schemas(file: str) -> None:
    made = MAKER["modules"]()[file]

    assert (GENERATED / file).read_text("utf-8") == made, "run: python scripts/make_checks.py"


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("prompts/**/*.prompt.yaml")), ids=lambda p: p.stem
)
def test_the_prompts_of_this_repository_are_accepted(path: Path) -> None:
    document = read(path.name, path.read_bytes())

    assert prompt_check.fits(document.value)


def test_whole_examples_are_accepted() -> None:
    configuration = tomllib.loads((ROOT / "promptops.toml").read_text("utf-8"))

    assert config_check.fits(configuration)
    for name, (checks, example) in CHECKS.items():
        validator = jsonschema_rs.Draft202012Validator(schema(name))
        assert [error.message for error in validator.iter_errors(example)] == []
        assert checks.fits(example)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("name", CHECKS)
@settings(max_examples=2_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_accepted_fits_at_length(name: str, data: st.DataObject) -> None:
    _accepted_fits(name, data)


@pytest.mark.parametrize("name", CHECKS)
@settings(max_examples=examples(200), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_accepted_fits(name: str, data: st.DataObject) -> None:
    _accepted_fits(name, data)


def _accepted_fits(name: str, data: st.DataObject) -> None:
    """Of an example with one to three changes anywhere."""
    checks, example = CHECKS[name]
    value = deepcopy(example)
    for _ in range(data.draw(st.integers(1, 3))):
        _change(value, data)
    validator = jsonschema_rs.Draft202012Validator(schema(name))

    if checks.fits(value):
        assert validator.is_valid(value)


def _change(value: Any, data: st.DataObject) -> None:
    place = value
    while True:
        inner = [key for key in _keys(place) if isinstance(place[key], (dict, list)) and place[key]]
        if not inner or data.draw(st.booleans()):
            break
        place = place[data.draw(st.sampled_from(inner))]
    what = data.draw(st.sampled_from(("remove", "replace", "add")))
    if what == "add" and isinstance(place, dict):
        place[data.draw(NAMES)] = data.draw(values)
    elif what == "add":
        place.append(data.draw(values))
    elif keys := _keys(place):
        key = data.draw(st.sampled_from(keys))
        if what == "remove":
            del place[key]
        else:
            place[key] = data.draw(values)


def _keys(value: Any) -> list[Any]:
    return list(value) if isinstance(value, dict) else list(range(len(value)))


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        2**53,
        "\ud800",
        {"\ud800": 1},
        {1: 1},
        (1,),
        b"a",
        [[[1.5, {"a": 2**70}]]],
        Place("a", 1, 1),
    ],
    ids=repr,
)
def test_what_is_not_plain_data_is_left_to_the_validator(value: Any) -> None:
    assert not is_plain(value)
    assert not prompt_check.fits({**WHOLE_PROMPT, "x-own": value})


def test_deep_and_shared_data_are_left_to_the_validator() -> None:
    deep: Any = []
    for _ in range(MAX_DEPTH + 1):
        deep = [deep]
    shared: Any = "a"
    for _ in range(60):
        shared = [shared, shared]

    assert not is_plain(deep)
    assert not is_plain(shared)
    assert not is_plain(["a"] * MAX_NODES)
    assert is_plain(["a"] * (MAX_NODES - 1))
