"""Pairs that were once called compatible, or lied about: each is one that a reviewer found."""

import pytest

TEXT = {"type": "string"}
ANY: dict = {}


def inputs(properties, required=(), **more):
    return {
        "inputs": {"properties": properties, "required": list(required), **more},
        "messages": [{"role": "user", "content": "Answer."}],
        "tests": None,
    }


def output(x, **more):
    a = {"type": "object", "properties": {"x": x}}
    said = {"properties": {"a": {"properties": {"y": {"type": "integer"}}, "required": ["y"]}}}
    schema = {"type": "object", "required": ["a"], "properties": {"a": a}, "allOf": [said], **more}
    return {"output": {"format": "json", "schema": schema}}


def says(content, **more):
    return {"messages": [{"role": "user", "content": content}], **more}


NODE = {"properties": {"x": {"default": 1}, "child": {"$ref": "#"}}}
LIST = {"type": "array", "items": {"$ref": "#/definitions/t"}}
ALIAS = {"history": {"type": "array"}}

BREAKING = {
    "an output described by two schemas": (
        output(TEXT),
        output({"type": ["string", "null"]}),
    ),
    "a default beside dependentRequired": (
        inputs({"b": ANY, "c": ANY}, dependentRequired={"b": ["c"]}),
        inputs({"b": {"default": 1}, "c": ANY}, dependentRequired={"b": ["c"]}),
    ),
    "a default beside oneOf": (
        inputs({"a": ANY, "b": ANY}, oneOf=[{"required": ["a"]}, {"required": ["b"]}]),
        inputs({"a": ANY, "b": {"default": 1}}, oneOf=[{"required": ["a"]}, {"required": ["b"]}]),
    ),
    "a default beside maxProperties": (
        inputs({"a": ANY}, maxProperties=1),
        inputs({"a": ANY, "b": {"default": 1}}, maxProperties=1),
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
    ),
    "a default that allOf requires": (
        inputs({"a": {"default": 1}}, allOf=[{"required": ["a"]}]),
        inputs({"a": ANY}, allOf=[{"required": ["a"]}]),
    ),
    "a default below a schema that refers to itself": (
        inputs(NODE["properties"]),
        inputs(NODE["properties"], ["x"]),
    ),
    "a default whose items are defined elsewhere": (
        inputs({"a": {**LIST, "default": []}}, definitions={"t": TEXT}),
        inputs({"a": LIST}, ["a"], definitions={"t": TEXT}),
    ),
    "an alias of what could be passed under its new name, too": (
        inputs({"a": False}, ["c"], additionalProperties=True),
        inputs({"c": {**TEXT, "x-aliases": ["a"]}}),
    ),
    "a template that is broken, and no case": (
        {**says("{{ question }}"), "tests": None},
        {**says("{{ question "), "tests": None},
    ),
    "a partial that is gone, and no case": (
        {
            "prompts/a.prompt.yaml": {**says("{% include 'x.j2' %}"), "tests": None},
            "prompts/x.j2": "Hi.",
        },
        {"prompts/a.prompt.yaml": {**says("{% include 'x.j2' %}"), "tests": None}},
    ),
    "an extensible list of another type": (
        {"output": {"format": "json", "schema": {"enum": ["a"], "x-extensible-enum": True}}},
        {"output": {"format": "json", "schema": {"type": "integer"}}},
    ),
    "a profile that is not there": (
        {
            "promptops.toml": '[models.fast]\nprovider = "openai"\nid = "gpt-4.1-2025-04-14"\n',
            "prompts/a.prompt.yaml": {"model": {"profile": "fast"}},
        },
        {"promptops.toml": "", "prompts/a.prompt.yaml": {"model": {"profile": "fast"}}},
    ),
}


@pytest.mark.parametrize("name", BREAKING)
def test_it_is_breaking(compared, name):
    before, after = BREAKING[name]

    (found,) = compared(before, after)

    assert any(change.breaking for change in found.changes), found.changes


TOLD = {
    "the label of strangers is gone from items": (
        inputs({"a": {"type": "array", "items": {**TEXT, "x-untrusted": True}}}),
        inputs({"a": {"type": "array", "items": TEXT}}),
        "CHG121 minor",
    ),
    "messages for each item that no case has": (
        {
            "inputs": {"properties": {"question": TEXT, "l": {"type": "array"}}},
            "messages": [
                {"for_each": "l", "as": "e", "messages": [{"role": "user", "content": "{{ e }}!"}]},
                {"role": "user", "content": "{{ question }}"},
            ],
        },
        {
            "inputs": {"properties": {"question": TEXT, "l": {"type": "array"}}},
            "messages": [
                {"for_each": "l", "as": "e", "messages": [{"role": "user", "content": "{{ e }}?"}]},
                {"role": "user", "content": "{{ question }}"},
            ],
        },
        "CHG304 minor",
    ),
    "a choice within an expression": (
        says("{{ 'yes' if question else 'no' }}"),
        says("{{ 'yes' if question else 'nope' }}"),
        "CHG304 minor",
    ),
    "a conversation under another name": (
        {
            "inputs": {"properties": {"h": {"type": "array"}}},
            "messages": [{"history": "h"}, {"role": "user", "content": "Hi."}],
            "tests": None,
        },
        {
            "inputs": {"properties": {"talk": {"type": "array", "x-aliases": ["h"]}}},
            "messages": [{"history": "talk"}, {"role": "user", "content": "Hi."}],
            "tests": None,
        },
        "CHG104 minor, CHG306 minor",
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
    "a system message before examples": (
        {
            "messages": [
                {"role": "user", "content": "2"},
                {"role": "assistant", "content": "3"},
                {"role": "user", "content": "{{ question }}"},
            ]
        },
        {
            "messages": [
                {"role": "system", "content": "Add."},
                {"role": "user", "content": "2"},
                {"role": "assistant", "content": "3"},
                {"role": "user", "content": "{{ question }}"},
            ]
        },
        "CHG301 minor, CHG306 minor",
    ),
    "another wording beside an input that every case lacks": (
        says("Be brief. {{ question }}"),
        says(
            "Be short. {{ question }}",
            inputs={"properties": {"question": TEXT, "b": TEXT}, "required": ["question", "b"]},
        ),
        "CHG101 major, CHG304 minor",
    ),
    "what a draft that is released now required": (
        {**inputs({"a": TEXT}), "status": "draft"},
        inputs({"a": TEXT}, ["a"]),
        "CHG502 minor, CHG102 none",
    ),
    "calls of tools in an example": (
        {
            "messages": [
                {
                    "role": "assistant",
                    "tool_calls": [{"id": "1", "name": "f", "arguments": {"a": 1}}],
                }
            ],
            "tests": None,
        },
        {
            "messages": [
                {
                    "role": "assistant",
                    "tool_calls": [{"id": "1", "name": "f", "arguments": {"a": 2}}],
                }
            ],
            "tests": None,
        },
        "CHG304 minor",
    ),
    "a day that is none": (
        inputs({"a": {**TEXT, "deprecated": True, "x-sunset": ""}}),
        inputs({}),
        "CHG105 major",
    ),
    "an address of a profile": (
        {
            "promptops.toml": '[models.fast]\nprovider = "openai"\nid = "x"\nbase_url = "http://a.example"\n',
            "prompts/a.prompt.yaml": {"model": {"profile": "fast"}},
        },
        {
            "promptops.toml": '[models.fast]\nprovider = "openai"\nid = "x"\nbase_url = "http://b.example"\n',
            "prompts/a.prompt.yaml": {"model": {"profile": "fast"}},
        },
        "CHG701 patch",
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_it_is_told_as_what_it_is(codes, name):
    before, after, expected = TOLD[name]

    found = codes(before, after)

    assert found == expected


def test_an_old_name_that_an_existing_prompt_takes_over_is_compared_with_it(compared):
    a, b = "prompts/a.prompt.yaml", "prompts/b.prompt.yaml"

    found = compared({a: {}, b: {}}, {b: {"aliases": ["a"]}})

    assert [(each.id, each.before_id, str(each.bump)) for each in found] == [
        ("b", "a", "minor"),
        ("b", None, "minor"),
    ]


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
