# ruff: noqa: E501 -- one case, one line
"""The door for what callers pass."""

from __future__ import annotations

from enum import Enum, StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from promptops.runtime.request.inputs import InputProblem, Inputs
from tests.hanging import ends_soon
from tests.tiers import fast_first

BEYOND = (
    "is an integer beyond 9007199254740991, which other languages can't read exactly: "
    "write it as a string"
)


def closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def problem(schema: Any, value: Any) -> str:
    _, problems = Inputs(closed(v=schema)).accept({"v": value})
    assert [(p.pointer, p.key) for p in problems] == [("/v", False)]
    return problems[0].message


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"type": "string"}, 1, "`v` must be a string, not a number"),
        ({"type": ["string", "null"]}, [1], "`v` must be null or a string, not a list"),
        ({"type": "integer"}, "x", "`v` must be a whole number, not a string"),
        ({"type": "integer"}, 1.5, "`v` must be a whole number, not a number"),
        ({"type": "number"}, True, "`v` must be a number, not true or false"),
        ({"type": "boolean"}, 1, "`v` must be true or false, not a number"),
        ({"type": "array"}, {}, "`v` must be a list, not an object"),
        ({"type": "object"}, None, "`v` must be an object, not null"),
        ({"enum": ["a", 1, None]}, "b", "`v` must be one of `a`, `1`, `null`"),
        ({"const": "x"}, 4, "`v` must be `x`"),
        ({"minLength": 2}, "a", "`v` must have at least 2 characters, not 1"),
        ({"minLength": 1}, "", "`v` must have at least 1 character, not 0"),
        ({"maxLength": 2}, "abc", "`v` must have at most 2 characters, not 3"),
        ({"minItems": 2}, [1], "`v` must have at least 2 items, not 1"),
        ({"maxItems": 1}, [1, 2], "`v` must have at most 1 item, not 2"),
        ({"uniqueItems": True}, [1, 1], "`v` must not contain the same item twice"),
        ({"minimum": 2}, 1, "`v` must be at least 2, not 1"),
        ({"maximum": 2}, 3.5, "`v` must be at most 2, not 3.5"),
        ({"exclusiveMinimum": 2}, 2, "`v` must be over 2, not 2"),
        ({"exclusiveMaximum": 2}, 2, "`v` must be under 2, not 2"),
        ({"multipleOf": 2}, 3, "`v` must be a multiple of 2, not 3"),
        ({"pattern": "^a"}, "b", "`v` must match `^a`"),
        (False, 1, "`v` must be omitted: its schema accepts no value"),
        ({"minProperties": 1}, {}, "`v` is wrong: {} has less than 1 property"),
    ],
)
def test_a_wrong_value_is_told_in_words(schema: Any, value: Any, message: str) -> None:
    assert problem(schema, value) == message


def test_a_long_value_is_not_quoted_whole() -> None:
    assert len(problem({"not": {"type": "string"}}, "x" * 5_000)) < 220


def test_the_pointer_leads_to_the_wrong_item() -> None:
    schema = closed(
        **{"a/b": {"items": {"required": ["id"], "properties": {"id": {"type": "string"}}}}}
    )

    _, problems = Inputs(schema).accept({"a/b": [{"id": "x"}, {"id": 2}, {}]})

    assert problems == (
        InputProblem("/a~1b/1/id", "`a/b.1.id` must be a string, not a number"),
        InputProblem("/a~1b/2", "`a/b.2.id` is missing", missing="id"),
    )


def test_every_missing_input_is_named() -> None:
    _, problems = Inputs({"required": ["a", "b"]}).accept({})

    assert problems == (
        InputProblem("", "`a` is missing", missing="a"),
        InputProblem("", "`b` is missing", missing="b"),
    )


def test_an_unknown_input_is_told_with_the_nearest_known_one() -> None:
    _, problems = Inputs(closed(ticket={}, tone={})).accept({"tikcet": 1, "zzz": 2})

    assert problems == (
        InputProblem("/tikcet", "`tikcet` is not an input", "did you mean `ticket`?", key=True),
        InputProblem("/zzz", "`zzz` is not an input", None, key=True),
    )


def test_an_unknown_input_of_a_prompt_without_inputs_is_told() -> None:
    _, problems = Inputs({"type": "object", "additionalProperties": False}).accept({"x": 1})

    assert problems == (InputProblem("/x", "`x` is not an input", None, key=True),)


def test_an_unknown_key_below_an_input_is_told() -> None:
    _, problems = Inputs(closed(v=closed(known={}))).accept({"v": {"knwon": 1}})

    assert problems == (InputProblem("/v/knwon", "`knwon` is not a key of `v`", None, key=True),)


@pytest.mark.parametrize(
    ("schema", "given", "accepted"),
    [
        (closed(a={"default": 1}), {}, {"a": 1}),
        (closed(a={"default": None}), {}, {"a": None}),
        (closed(a={"default": 1}), {"a": None}, {"a": None}),
        (closed(a={"default": {}, "properties": {"b": {"default": 2}}}), {}, {"a": {"b": 2}}),
        (closed(a={"properties": {"b": {"default": 2}}}), {}, {}),
        (closed(a={"properties": {"b": {"default": 2}}}), {"a": {}}, {"a": {"b": 2}}),
        (closed(a={"items": {"properties": {"b": {"default": 2}}}}), {"a": [{}, {"b": 1}, 3]}, {"a": [{"b": 2}, {"b": 1}, 3]}),
        ({**closed(a={"$ref": "#/$defs/x"}), "$defs": {"x": {"default": "d"}}}, {}, {"a": "d"}),
        ({**closed(a={"$ref": "#/$defs/x", "default": "near"}), "$defs": {"x": {"default": "d"}}}, {}, {"a": "near"}),
        ({**closed(a={"$ref": "#/$defs/x"}), "$defs": {"x": {"$ref": "#/$defs/y~1z"}, "y/z": {"default": 7}}}, {}, {"a": 7}),
        ({**closed(a={"$ref": "#/$defs/t"}), "$defs": {"t": {"properties": {"n": {"default": 1}, "kid": {"$ref": "#/$defs/t"}}}}}, {"a": {"kid": {"kid": {}}}}, {"a": {"n": 1, "kid": {"n": 1, "kid": {"n": 1}}}}),
        (closed(new={"x-aliases": ["old", "older"]}), {"older": 1}, {"new": 1}),
        (closed(new={"x-aliases": ["old"], "default": 5}), {"old": 1}, {"new": 1}),
        (closed(new={"x-aliases": ["old"]}), {"old": 1, "new": 2}, {"new": 2}),
    ],
)  # fmt: skip
def test_defaults_and_aliases_are_applied(schema: Any, given: Any, accepted: Any) -> None:
    assert Inputs(schema).accept(given) == (accepted, ())


def graph(size: int, **more: Any) -> dict[str, Any]:
    """Definitions of which each refers twice to the next, and the last one to the first."""
    definitions = {
        f"d{n}": closed(
            x={"$ref": f"#/$defs/d{(n + 1) % size}", **more},
            y={"$ref": f"#/$defs/d{(n + 7) % size}"},
        )
        for n in range(size)
    }
    return {**closed(v={"$ref": "#/$defs/d0"}, w={"default": 1}), "$defs": definitions}


def test_a_graph_of_5000_definitions_is_no_deep_recursion() -> None:
    inputs = Inputs(graph(5_000))

    assert inputs.accept({"v": {"x": {"y": {}}}}) == ({"v": {"x": {"y": {}}}, "w": 1}, ())


def test_defaults_that_lead_round_in_a_circle_are_refused() -> None:
    _, problems = Inputs(graph(200, default={})).accept({"v": {}})

    assert [each.message for each in problems] == ["the defaults of the inputs expand without end"]


def test_defaults_that_double_at_each_step_are_refused_soon() -> None:
    steps = {
        f"d{n}": {
            "properties": {name: {"$ref": f"#/$defs/d{n + 1}", "default": {}} for name in "xy"}
        }
        for n in range(60)
    }
    schema = {"properties": {"v": {"$ref": "#/$defs/d0"}}, "$defs": {**steps, "d60": {}}}

    with ends_soon():
        _, problems = Inputs(schema).accept({"v": {}})

    message = "the defaults of the inputs add over 100,000 values"
    assert [each.message for each in problems] == [message]


def test_a_large_default_of_many_items_is_refused() -> None:
    item = {"properties": {"a": {"default": [0] * 2_000}}}
    schema = closed(v={"type": "array", "items": item})

    assert Inputs(schema).accept({"v": [{}] * 40})[1] == ()
    assert [each.message for each in Inputs(schema).accept({"v": [{} for _ in range(60)]})[1]] == [
        "the defaults of the inputs add over 100,000 values"
    ]


def test_a_default_is_shared_by_nobody() -> None:
    schema = closed(a={"default": [{"b": []}]})
    inputs = Inputs(schema)

    first, _ = inputs.accept({})
    first["a"][0]["b"].append(1)

    assert inputs.accept({}) == ({"a": [{"b": []}]}, ())
    assert schema["properties"]["a"]["default"] == [{"b": []}]


def test_what_the_caller_passed_is_not_changed_and_not_kept() -> None:
    given = {"a": {"list": [1]}, "old": 2}

    accepted, _ = Inputs(closed(a={}, b={"x-aliases": ["old"]}, c={"default": 1})).accept(given)
    given["a"]["list"].append(2)  # type: ignore[index]

    assert accepted == {"a": {"list": [1]}, "b": 2, "c": 1}
    assert given == {"a": {"list": [1, 2]}, "old": 2}


class Colour(StrEnum):
    RED = "red"


class Size(int):
    pass


class Page:
    def __html__(self) -> str:
        return "<b>"


def test_values_of_the_callers_own_types_become_plain_ones() -> None:
    given = {
        "a": Colour.RED,
        "b": Size(3),
        "c": (1, 2),
        "d": MappingProxyType({"x": 1.5}),
        "e": True,
    }

    accepted, problems = Inputs({}).accept(MappingProxyType(given))

    assert problems == ()
    assert accepted == {"a": "red", "b": 3, "c": [1, 2], "d": {"x": 1.5}, "e": True}
    assert [type(value) for value in accepted.values()] == [str, int, list, dict, bool]


def endless() -> list[Any]:
    value: list[Any] = []
    value.append([value, value])
    return value


def exponential() -> list[Any]:
    value: list[Any] = []
    for _ in range(60):
        value = [value, value]
    return value


@pytest.mark.parametrize(
    ("value", "pointer", "message"),
    [
        (Path("x"), "/v", "`v` is PosixPath, which is not JSON data"),
        (Page(), "/v", "`v` is Page, which is not JSON data"),
        ([1, {"a/b": object()}], "/v/1/a~1b", "`v.1.a/b` is object, which is not JSON data"),
        (Enum("E", "A").A, "/v", "`v` is E, which is not JSON data"),  # type: ignore[attr-defined]
        (b"x", "/v", "`v` is bytes, which is not JSON data"),
        ({1, 2}, "/v", "`v` is set, which is not JSON data"),
        (float("nan"), "/v", "`v` is nan, which is not a JSON number"),
        ([float("-inf")], "/v/0", "`v.0` is -inf, which is not a JSON number"),
        ({1: 2}, "/v", "`v` has a key of type int instead of a string"),
        ({"\ud800": 2}, "/v", "`v` contains half of a surrogate pair, which is not valid text"),
        ("a\udfff", "/v", "`v` contains half of a surrogate pair, which is not valid text"),
        (10**400, "/v", "`v` is a number of over 308 digits"),
        (2**53, "/v", f"`v` {BEYOND}"),
        ({"ids": [1, -(2**63)]}, "/v/ids/1", f"`v.ids.1` {BEYOND}"),
    ],
)
def test_what_is_no_json_is_told(value: Any, pointer: str, message: str) -> None:
    assert Inputs({}).accept({"v": value}) == ({}, (InputProblem(pointer, message),))


@pytest.mark.parametrize("value", [2**53 - 1, 1 - 2**53, 2.0**60, True])
def test_a_number_that_every_language_reads_exactly_is_accepted(value: Any) -> None:
    assert Inputs({}).accept({"v": value}) == ({"v": value}, ())


def test_a_default_beyond_all_exact_integers_is_refused() -> None:
    inputs = Inputs(closed(id={"type": "integer", "default": 2**60}))

    assert inputs.accept({})[1] == (InputProblem("", f"the default {BEYOND}"),)


@pytest.mark.parametrize("make", fast_first([endless, exponential], 1))
def test_data_without_end_is_refused_soon(make: Any) -> None:
    with ends_soon():
        accepted, problems = Inputs({}).accept({"v": make()})

    assert accepted == {}
    assert len(problems) == 1


@pytest.mark.parametrize("given", ["text", None, [1], 3])
def test_inputs_that_are_no_object_are_told(given: Any) -> None:
    message = "the inputs must be an object with a value by name"

    assert Inputs({}).accept(given) == ({}, (InputProblem("", message),))


@pytest.mark.parametrize(
    "pattern",
    ["^(a+)+$", "^(a|a)*$", "(?=a)(a+)+\\1x$", "^(a|a)*\\1?$", "^(([a-z])+.)+[A-Z]([a-z])+$"],
)
def test_no_pattern_hangs(pattern: str) -> None:
    with ends_soon():
        _, problems = Inputs(closed(v={"pattern": pattern})).accept({"v": "a" * 2_000 + "!"})

    assert len(problems) == 1


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (closed(v={"$ref": "http://example.com/x"}), "is not fetched"),
        (closed(v={"$ref": "file:///etc/passwd"}), "is not fetched"),
        (closed(v={"$ref": "#/nope"}), "does not exist"),
        (closed(v={"pattern": "("}), "regex"),
        ({"properties": [1]}, "is not of type"),
        ({"type": "nope"}, "nope"),
    ],
)
def test_what_is_no_schema_is_told(schema: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Inputs(schema)
