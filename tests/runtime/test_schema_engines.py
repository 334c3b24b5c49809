# ruff: noqa: E501 -- one case, one line
"""Two libraries check schemas: the portable one comes to the same verdicts, and can't hang either."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from promptops.runtime.request.portable_schema import MAX_PARTS, portable_engine
from promptops.runtime.request.schema_check import MAX_MESSAGE_CHARS, any_engine, is_portable
from tests.runtime.schema_child import CASES
from tests.tiers import fast_first

HERE = Path(__file__).parent
HIDDEN = """
import runpy, sys
sys.modules["jsonschema_rs"] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
REFUSED = {
    "twenty thousand at once": f"a schema of over {MAX_PARTS:,} parts",
    "a pattern with many states": "the pattern `(?:[ab]{1,50}a){1,50}c`",
    "a pattern that backtracks": r"the pattern `(?!^(?:(a|a)\1?)*b)a`",
}
"""Schemas that only jsonschema-rs can check within the limits."""

TABLE: list[tuple[Any, list[Any], list[Any]]] = [
    ({"type": "integer"}, [1, 1.0, -5], [1.5, True, "1", None]),
    ({"type": ["string", "null"]}, ["", None], [1, []]),
    ({"enum": ["a", 1, None, [1]]}, ["a", 1, 1.0, None, [1], [1.0]], [True, "b", [True]]),
    ({"const": {"a": 1}}, [{"a": 1.0}], [{"a": True}, {}]),
    ({"minLength": 2, "maxLength": 3}, ["ab", "😀😀", 1], ["a", "😀", "abcd"]),
    ({"minimum": 1, "exclusiveMaximum": 3}, [1, 2.9, "x"], [0, 3, 3.0]),
    ({"multipleOf": 0.5}, [1, 1.5, "x"], [1.2]),
    ({"pattern": "^a.c$"}, ["abc", 1], ["abcd", "ab\nc"]),
    (
        {"uniqueItems": True},
        [[1, True, "1"], [{"a": 1}, {"a": 2}]],
        [[1, 1.0], [{"a": 1, "b": 2}, {"b": 2, "a": 1}]],
    ),
    ({"items": {"type": "string"}, "minItems": 1}, [["a"], "x"], [[], [1]]),
    ({"prefixItems": [{"type": "null"}], "items": False}, [[None], []], [[None, 1], [1]]),
    ({"contains": {"const": 1}, "minContains": 2}, [[1, 1]], [[1], []]),
    (
        {"required": ["a"], "additionalProperties": False, "properties": {"a": {}}},
        [{"a": 1}, 3],
        [{}, {"a": 1, "b": 2}],
    ),
    (
        {"patternProperties": {"^x": {"type": "null"}}, "additionalProperties": False},
        [{"x1": None}],
        [{"x1": 1}, {"y": None}],
    ),
    ({"propertyNames": {"maxLength": 1}}, [{"a": 1}], [{"ab": 1}]),
    ({"properties": {"a": False}}, [{"b": 1}], [{"a": 1}]),
    ({"dependentRequired": {"a": ["b"]}}, [{"a": 1, "b": 2}, {}], [{"a": 1}]),
    ({"anyOf": [{"type": "string"}, {"minimum": 3}]}, ["a", 3], [1]),
    ({"oneOf": [{"type": "integer"}, {"minimum": 2}]}, [1, 2.5], [2, 1.5]),
    ({"not": {"type": "null"}}, [1], [None]),
    (
        {"if": {"type": "string"}, "then": {"minLength": 1}, "else": {"minimum": 1}},
        ["a", 1],
        ["", 0],
    ),
    (
        {"$ref": "#/$defs/t", "$defs": {"t": {"items": {"$ref": "#/$defs/t"}, "type": "array"}}},
        [[], [[[]]]],
        [1, [[1]]],
    ),
    (
        {"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": False},
        [{"a": 1}],
        [{"a": 1, "b": 2}],
    ),
    (
        {
            "patternProperties": {"^x": {}},
            "$ref": "#/$defs/t",
            "unevaluatedProperties": False,
            "$defs": {"t": {"properties": {"a": {}}}},
        },
        [{"a": 1, "x": 2}],
        [{"y": 1}],
    ),
    (
        {
            "anyOf": [{"properties": {"a": {"const": 1}}}, {"required": ["b"]}],
            "unevaluatedProperties": {"type": "null"},
        },
        [{"a": 1, "c": None}],
        [{"a": 2, "b": 1}],
    ),
    (
        {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "null"}]},
        [[None, 1]],
        [[1]],
    ),
    (True, [1], []),
    (False, [], [1]),
]
INVALID: list[Any] = [
    {"type": "text"},
    {"required": "a"},
    {"minLength": -1},
    {"properties": {"a": {"items": 1}}},
    {"$ref": "#/$defs/none"},
    {"$ref": "http://example.com/x"},
    {"$ref": "file:///etc/passwd"},
]


def native(schema: Any) -> Any:
    return any_engine(schema, 1_000)


both = pytest.mark.parametrize("engine", [native, portable_engine])


@both
@pytest.mark.parametrize(("schema", "fitting", "unfitting"), TABLE)
def test_both_engines_come_to_the_same_verdicts(
    engine: Any, schema: Any, fitting: list[Any], unfitting: list[Any]
) -> None:
    checker = engine(schema)

    verdicts = [checker.is_valid(value) for value in (*fitting, *unfitting)]

    assert verdicts == [True] * len(fitting) + [False] * len(unfitting)


@both
@pytest.mark.parametrize("schema", INVALID)
def test_both_engines_refuse_what_is_no_schema(engine: Any, schema: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        engine(schema)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"properties": {"a": {"$ref": "#/$defs/t"}}, "$defs": {"t": {"type": "array"}}}, {"a": 1}),
        ({"items": {"enum": [1, 2]}}, [3]),
        ({"required": ["a", "b"]}, {}),
        ({"properties": {"c": {}}, "additionalProperties": False}, {"b": 1, "a": 2}),
        ({"unevaluatedProperties": False}, {"b": 1}),
        ({"properties": {"a": False}}, {"a": 1}),
        ({"minimum": 3, "multipleOf": 4, "maximum": 1}, 2),
        ({"maxLength": 1, "pattern": "^b"}, "aa"),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}),
        ({"const": 1}, 2),
    ],
)  # fmt: skip
def test_both_engines_find_the_same_errors_at_the_same_places(schema: Any, value: Any) -> None:
    def found(engine: Any) -> list[Any]:
        errors = engine(schema).iter_errors(value)
        facts = [(e.kind.name, e.kind.as_dict(), e.instance_path, e.schema_path) for e in errors]
        return sorted(facts, key=repr)

    assert found(portable_engine) == found(native)


def test_the_library_with_a_wheel_is_preferred() -> None:
    assert not is_portable()


def child(name: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", HIDDEN, str(HERE / "schema_child.py"), name],
        capture_output=True,
        check=False,
        env={"PYTHONPATH": str(HERE.parents[1])},
        text=True,
        timeout=120,
    )


def assert_within_the_limits(name: str) -> None:
    done = child(name)

    if name in REFUSED:
        assert done.stderr.splitlines()[-1].startswith(f"ValueError: {REFUSED[name]}")
        return
    assert done.returncode == 0, done.stderr[-2000:]
    for row in json.loads(done.stdout):
        assert row["problems"] <= 100, row
        assert row["longest"] <= MAX_MESSAGE_CHARS, row
        assert row["cpu_s"] < 10, row
        assert row["grown_mb"] < 200, row


@pytest.mark.parametrize(
    "name", fast_first(["one of a hundred", "what is unevaluated", *REFUSED], 2)
)
def test_without_the_wheel_no_schema_takes_long_or_much_memory(name: str) -> None:
    assert_within_the_limits(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_without_the_wheel_none_of_all_schemas_takes_long_or_much_memory(name: str) -> None:
    assert_within_the_limits(name)


WITH_WHEELS = [
    ("linux", "x86_64"),
    ("linux", "aarch64"),
    ("darwin", "x86_64"),
    ("darwin", "arm64"),
    ("win32", "AMD64"),
    ("win32", "ARM64"),
]
WITHOUT_WHEELS = [
    ("linux", "armv7l"),
    ("linux", "i686"),
    ("linux", "ppc64le"),
    ("linux", "riscv64"),
    ("linux", "s390x"),
    ("freebsd14", "amd64"),
    ("cygwin", "x86_64"),
    ("emscripten", "wasm32"),
]


def required(name: str, sys_platform: str, machine: str, implementation: str = "cpython") -> bool:
    """Whether a plain installation on a platform includes a package."""
    project = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text())["project"]
    requirements = map(Requirement, project["dependencies"])
    (found,) = (each for each in requirements if each.name == name)
    platform = {
        "sys_platform": sys_platform,
        "platform_machine": machine,
        "implementation_name": implementation,
    }
    return found.marker is None or found.marker.evaluate(platform)


@pytest.mark.parametrize(("sys_platform", "machine"), WITH_WHEELS)
def test_the_fast_engine_is_installed_where_it_has_wheels(sys_platform, machine):
    assert required("jsonschema-rs", sys_platform, machine)


@pytest.mark.parametrize(("sys_platform", "machine"), WITHOUT_WHEELS)
def test_no_compiler_is_needed_where_the_fast_engine_has_no_wheel(sys_platform, machine):
    assert not required("jsonschema-rs", sys_platform, machine)


def test_pypy_has_the_portable_engine():
    assert not required("jsonschema-rs", "linux", "x86_64", "pypy")


@pytest.mark.parametrize(("sys_platform", "machine"), [*WITH_WHEELS, *WITHOUT_WHEELS])
def test_the_portable_engine_is_installed_everywhere(sys_platform, machine):
    assert required("jsonschema", sys_platform, machine)
