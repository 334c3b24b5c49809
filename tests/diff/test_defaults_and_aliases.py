"""Changes of defaults, aliases and labels of inputs, also where other keywords decide."""

import pytest

TEXT = {"type": "string"}
ANY: dict = {}
NODE = {"properties": {"x": {"default": 1}, "child": {"$ref": "#"}}}
LIST = {"type": "array", "items": {"$ref": "#/definitions/t"}}


def inputs(properties, required=(), **more):
    """A prompt file with these inputs, a text that uses none of them, and no test case."""
    return {
        "inputs": {"properties": properties, "required": list(required), **more},
        "messages": [{"role": "user", "content": "Answer."}],
        "tests": None,
    }


TABLE = {
    "a default beside dependentRequired": (
        inputs({"b": ANY, "c": ANY}, dependentRequired={"b": ["c"]}),
        inputs({"b": {"default": 1}, "c": ANY}, dependentRequired={"b": ["c"]}),
        "CHG117 major, CHG116 minor",
    ),
    "a default beside oneOf": (
        inputs({"a": ANY, "b": ANY}, oneOf=[{"required": ["a"]}, {"required": ["b"]}]),
        inputs({"a": ANY, "b": {"default": 1}}, oneOf=[{"required": ["a"]}, {"required": ["b"]}]),
        "CHG117 major, CHG116 minor",
    ),
    "a default beside maxProperties": (
        inputs({"a": ANY}, maxProperties=1),
        inputs({"a": ANY, "b": {"default": 1}}, maxProperties=1),
        "CHG117 major, CHG104 minor",
    ),
    "a default that a condition looks at": (
        inputs(
            {"m": {"default": "x"}, "c": ANY},
            **{"if": {"properties": {"m": {"const": "y"}}}, "then": {"required": ["c"]}},
        ),
        inputs(
            {"m": {"default": "y"}, "c": ANY},
            **{"if": {"properties": {"m": {"const": "y"}}}, "then": {"required": ["c"]}},
        ),
        "CHG117 major, CHG116 minor",
    ),
    "a default that allOf requires": (
        inputs({"a": {"default": 1}}, allOf=[{"required": ["a"]}]),
        inputs({"a": ANY}, allOf=[{"required": ["a"]}]),
        "CHG117 major, CHG116 minor",
    ),
    "a default below a schema that refers to itself": (
        inputs(NODE["properties"]),
        inputs(NODE["properties"], ["x"]),
        "CHG117 major",
    ),
    "a default whose items are defined elsewhere": (
        inputs({"a": {**LIST, "default": []}}, definitions={"t": TEXT}),
        inputs({"a": LIST}, ["a"], definitions={"t": TEXT}),
        "CHG102 major",
    ),
    "an alias of what could be passed under its new name, too": (
        inputs({"a": False}, ["c"], additionalProperties=True),
        inputs({"c": {**TEXT, "x-aliases": ["a"]}}),
        "CHG108 major, CHG114 major, CHG104 minor",
    ),
    "the label of strangers is gone from items": (
        inputs({"a": {"type": "array", "items": {**TEXT, "x-untrusted": True}}}),
        inputs({"a": {"type": "array", "items": TEXT}}),
        "CHG121 minor",
    ),
    "an alias more": (
        inputs({"a": TEXT}),
        inputs({"a": {**TEXT, "x-aliases": ["z"]}}),
        "CHG104 minor",
    ),
    "an alias more where anything was accepted": (
        inputs({"a": TEXT}, additionalProperties=True),
        inputs({"a": {**TEXT, "x-aliases": ["z"]}}, additionalProperties=True),
        "CHG108 major, CHG104 minor",
    ),
    "an alias less where other names must be texts": (
        inputs({"a": {"x-aliases": ["z"]}}, additionalProperties=TEXT),
        inputs({"a": ANY}, additionalProperties=TEXT),
        "CHG105 major",
    ),
    "an input merged into another one": (
        inputs({"a": TEXT, "b": TEXT}),
        inputs({"b": {**TEXT, "x-aliases": ["a"]}}),
        "CHG106 minor",
    ),
    "a day that is none": (
        inputs({"a": {**TEXT, "deprecated": True, "x-sunset": ""}}),
        inputs({}),
        "CHG105 major",
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_change_of_a_default_or_an_alias_has_its_codes(codes, name):
    before, after, expected = TABLE[name]

    found = codes(before, after)

    assert found == expected


def test_waivers_of_undecided_changes_are_of_those_alone(compared):
    def pattern(text):
        return inputs({"a": {**TEXT, "pattern": text}})

    (one,) = compared(pattern("^(a|b)+$"), pattern("^[ab]+$"))
    (other,) = compared(pattern("^(a|b)+$"), pattern("^[abc]+$"))

    assert one.changes[0].code == other.changes[0].code == "CHG117"
    assert one.changes[0].fingerprint != other.changes[0].fingerprint


@pytest.mark.parametrize(
    "properties",
    [
        {"a": {"type": "number", "default": float("nan")}},
        {"a": {"$ref": "#/$defs/x"}},
    ],
    ids=["nan", "endless"],
)
def test_defaults_that_are_none_stop_nothing(compared, properties):
    endless = {"properties": {"a": {"$ref": "#/$defs/x", "default": {}}}}
    before = inputs({"a": TEXT}, **{"$defs": {"x": endless}})
    good = "prompts/b.prompt.yaml"

    found = compared(
        {"prompts/a.prompt.yaml": before, good: {}},
        {
            "prompts/a.prompt.yaml": inputs(properties, **{"$defs": {"x": endless}}),
            good: {"title": "B"},
        },
    )

    assert [each.id for each in found] == ["a", "b"]
