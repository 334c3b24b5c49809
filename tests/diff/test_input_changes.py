"""The table of CHG1xx: where each fires, and where the nearest harmless change does not."""

import pytest


def inputs(properties, required=(), **more):
    """A prompt file with these inputs, a text that uses none of them, and no test case."""
    return {
        "inputs": {"properties": properties, "required": list(required), **more},
        "messages": [{"role": "user", "content": "Answer."}],
        "tests": None,
    }


TEXT = {"type": "string"}
AREA = {"enum": ["router", "camera", "hub"]}
NODE = {
    "type": "object",
    "properties": {"value": {"type": "integer"}, "next": {"$ref": "#/$defs/node"}},
    "additionalProperties": False,
}

TABLE = {
    # CHG101 to CHG104: added
    "a required input is added": (
        inputs({}),
        inputs({"a": TEXT}, ["a"]),
        "CHG101 major",
    ),
    "a required input is added to open inputs": (
        inputs({}, additionalProperties=True),
        inputs({"a": TEXT}, ["a"], additionalProperties=True),
        "CHG101 major, CHG108 major",
    ),
    "a required key is added to an object": (
        inputs({"o": {"type": "object", "properties": {}}}),
        inputs({"o": {"type": "object", "properties": {"k": True}, "required": ["k"]}}),
        "CHG101 major",
    ),
    "an optional input becomes required": (
        inputs({"a": TEXT}),
        inputs({"a": TEXT}, ["a"]),
        "CHG102 major",
    ),
    "an optional input becomes required and has a default": (
        inputs({"a": TEXT}),
        inputs({"a": {**TEXT, "default": "x"}}, ["a"]),
        "CHG116 minor",
    ),
    "a required input loses its default": (
        inputs({"a": {**TEXT, "default": "x"}}, ["a"]),
        inputs({"a": TEXT}, ["a"]),
        "CHG102 major",
    ),
    "a default that its own schema refuses stands in for nothing": (
        inputs({"a": {**TEXT, "default": "x"}}),
        inputs({"a": {**TEXT, "default": 5}}),
        "CHG102 major, CHG116 minor",
    ),
    "a required input with a default is added": (
        inputs({}),
        inputs({"a": {**TEXT, "default": "x"}}, ["a"]),
        "CHG103 minor",
    ),
    "an optional input is added": (
        inputs({}),
        inputs({"a": TEXT}),
        "CHG104 minor",
    ),
    "an optional input is added to open inputs, where anything could be passed": (
        inputs({}, additionalProperties=True),
        inputs({"a": TEXT}, additionalProperties=True),
        "CHG108 major, CHG104 minor",
    ),
    # CHG105 to CHG107: removed, renamed
    "an input is removed from closed inputs": (
        inputs({"a": TEXT}),
        inputs({}),
        "CHG105 major",
    ),
    "an input is removed from open inputs": (
        inputs({"a": TEXT}, additionalProperties=True),
        inputs({}, additionalProperties=True),
        "CHG106 minor",
    ),
    "a name that an input had is refused": (
        inputs({"a": {**TEXT, "x-aliases": ["old"]}}),
        inputs({"a": TEXT}),
        "CHG105 major",
    ),
    "a name that an input had is another input": (
        inputs({"a": {**TEXT, "x-aliases": ["b"]}}),
        inputs({"a": TEXT, "b": TEXT}),
        "CHG105 major, CHG104 minor",
    ),
    # CHG108, CHG109: types
    "a type is another": (
        inputs({"a": TEXT}),
        inputs({"a": {"type": "integer"}}),
        "CHG108 major",
    ),
    "null is no longer accepted": (
        inputs({"a": {"type": ["string", "null"]}}),
        inputs({"a": TEXT}),
        "CHG108 major",
    ),
    "only whole numbers are accepted": (
        inputs({"a": {"type": "number"}}),
        inputs({"a": {"type": "integer"}}),
        "CHG108 major",
    ),
    "nothing is accepted": (
        inputs({"a": TEXT}),
        inputs({"a": False}),
        "CHG108 major",
    ),
    "an alternative is gone": (
        inputs({"a": {"anyOf": [TEXT, {"type": "integer"}]}}),
        inputs({"a": {"anyOf": [TEXT]}}),
        "CHG108 major",
    ),
    "null is accepted, too": (
        inputs({"a": TEXT}),
        inputs({"a": {"type": ["string", "null"]}}),
        "CHG109 minor",
    ),
    "all numbers are accepted": (
        inputs({"a": {"type": "integer"}}),
        inputs({"a": {"type": "number"}}),
        "CHG109 minor",
    ),
    "a type in a list of one is the same": (
        inputs({"a": TEXT}),
        inputs({"a": {"type": ["string"]}}),
        "CHG120 patch",
    ),
    # CHG110, CHG111: values
    "a value is removed": (
        inputs({"a": AREA}),
        inputs({"a": {"enum": ["router", "hub"]}}),
        "CHG110 major",
    ),
    "a list of values is added": (
        inputs({"a": TEXT}),
        inputs({"a": AREA}),
        "CHG110 major",
    ),
    "a constant is another": (
        inputs({"a": {"const": "x"}}),
        inputs({"a": {"const": "y"}}),
        "CHG110 major",
    ),
    "a value is added": (
        inputs({"a": {"enum": ["router"]}}),
        inputs({"a": {"enum": ["router", "hub"]}}),
        "CHG111 minor",
    ),
    "a value is added and another removed": (
        inputs({"a": {"enum": ["router", "camera"]}}),
        inputs({"a": {"enum": ["router", "hub"]}}),
        "CHG110 major, CHG111 minor",
    ),
    "a list of values is gone": (
        inputs({"a": {"type": "string", "enum": ["x"]}}),
        inputs({"a": TEXT}),
        "CHG111 minor",
    ),
    "values in another order are the same": (
        inputs({"a": {"enum": ["x", "y"]}}),
        inputs({"a": {"enum": ["y", "x"]}}),
        "CHG120 patch",
    ),
    "a constant is a list of one value": (
        inputs({"a": {"const": "x"}}),
        inputs({"a": {"enum": ["x"]}}),
        "CHG120 patch",
    ),
    # CHG112, CHG113: bounds
    "a length is smaller": (
        inputs({"a": {**TEXT, "maxLength": 10}}),
        inputs({"a": {**TEXT, "maxLength": 5}}),
        "CHG112 major",
    ),
    "a length is added": (
        inputs({"a": TEXT}),
        inputs({"a": {**TEXT, "minLength": 1}}),
        "CHG112 major",
    ),
    "a pattern is added": (
        inputs({"a": TEXT}),
        inputs({"a": {**TEXT, "pattern": "^x"}}),
        "CHG112 major",
    ),
    "numbers must be multiples": (
        inputs({"a": {"type": "integer"}}),
        inputs({"a": {"type": "integer", "multipleOf": 2}}),
        "CHG112 major",
    ),
    "items must differ": (
        inputs({"a": {"type": "array"}}),
        inputs({"a": {"type": "array", "uniqueItems": True}}),
        "CHG112 major",
    ),
    "a format is added, which nothing checks": (
        inputs({"a": TEXT}),
        inputs({"a": {**TEXT, "format": "email"}}),
        "CHG112 minor",
    ),
    "a number's bound is tighter inside a list": (
        inputs({"a": {"type": "array", "items": {"type": "number", "maximum": 9}}}),
        inputs({"a": {"type": "array", "items": {"type": "number", "maximum": 8}}}),
        "CHG112 major",
    ),
    "a bound is said otherwise": (
        inputs({"a": {"type": "integer", "exclusiveMinimum": 0}}),
        inputs({"a": {"type": "integer", "minimum": 1}}),
        "CHG120 patch",
    ),
    "a bound is written with a fraction": (
        inputs({"a": {"type": "number", "maximum": 5}}),
        inputs({"a": {"type": "number", "maximum": 5.0}}),
        "",
    ),
    "a length is greater": (
        inputs({"a": {**TEXT, "maxLength": 5}}),
        inputs({"a": {**TEXT, "maxLength": 10}}),
        "CHG113 minor",
    ),
    "a pattern is gone": (
        inputs({"a": {**TEXT, "pattern": "^x"}}),
        inputs({"a": TEXT}),
        "CHG113 minor",
    ),
    "an input is no longer required": (
        inputs({"a": TEXT}, ["a"]),
        inputs({"a": TEXT}),
        "CHG113 minor",
    ),
    "a format is gone": (
        inputs({"a": {**TEXT, "format": "email"}}),
        inputs({"a": TEXT}),
        "CHG113 minor",
    ),
    # CHG114, CHG115: closed, opened
    "open inputs are closed": (
        inputs({"a": TEXT}, additionalProperties=True),
        inputs({"a": TEXT}),
        "CHG114 major",
    ),
    "an object is closed": (
        inputs({"o": {"type": "object"}}),
        inputs({"o": {"type": "object", "additionalProperties": False}}),
        "CHG114 major",
    ),
    "closed inputs are opened": (
        inputs({"a": TEXT}),
        inputs({"a": TEXT}, additionalProperties=True),
        "CHG115 minor",
    ),
    "closed is what inputs are unless they say so": (
        inputs({"a": TEXT}),
        inputs({"a": TEXT}, additionalProperties=False),
        "",
    ),
    # CHG116 to CHG121
    "a default is another": (
        inputs({"a": {**TEXT, "default": "x"}}),
        inputs({"a": {**TEXT, "default": "y"}}),
        "CHG116 minor",
    ),
    "an optional input loses its default": (
        inputs({"a": {**TEXT, "default": "x"}}),
        inputs({"a": TEXT}),
        "CHG116 minor",
    ),
    "a pattern is another": (
        inputs({"a": {**TEXT, "pattern": "^(a|b)+$"}}),
        inputs({"a": {**TEXT, "pattern": "^[ab]+$"}}),
        "CHG117 major",
    ),
    "a pattern that every string has is added": (
        inputs({"a": TEXT}),
        inputs({"a": {**TEXT, "pattern": ".*"}}),
        "CHG120 patch",
    ),
    "a pattern that nothing is known of is added": (
        inputs({"a": TEXT}),
        inputs({"a": {**TEXT, "pattern": "^.*$"}}),
        "CHG117 major",
    ),
    "a schema as an input is narrowed": (
        inputs({"a": {"$ref": "https://json-schema.org/draft/2020-12/schema"}}),
        inputs({"a": {"type": ["object", "boolean"]}}),
        "CHG117 major, CHG113 minor",
    ),
    "a condition is added": (
        inputs({"a": TEXT}),
        inputs({"a": TEXT}, **{"if": {"minProperties": 1}, "then": {"required": ["a"]}}),
        "CHG112 major",
    ),
    "a condition stays": (
        inputs({"a": TEXT}, **{"not": {"required": ["a"]}}),
        inputs({"a": TEXT, "b": TEXT}, **{"not": {"required": ["a"]}}),
        "CHG104 minor",
    ),
    "an input is deprecated": (
        inputs({"a": TEXT}),
        inputs({"a": {**TEXT, "deprecated": True}}),
        "CHG118 minor",
    ),
    "an input is no longer deprecated": (
        inputs({"a": {**TEXT, "deprecated": True}}),
        inputs({"a": TEXT}),
        "CHG120 patch",
    ),
    "a deprecated input is gone on its day": (
        inputs({"a": {**TEXT, "deprecated": True, "x-sunset": "2026-11-24"}}),
        inputs({}),
        "CHG119 major",
    ),
    "a deprecated input is gone before its day": (
        inputs({"a": {**TEXT, "deprecated": True, "x-sunset": "2026-11-25"}}),
        inputs({}),
        "CHG105 major",
    ),
    "a description is another": (
        inputs({"a": {**TEXT, "description": "x"}}),
        inputs({"a": {**TEXT, "description": "y", "title": "A", "examples": ["z"]}}),
        "CHG120 patch",
    ),
    "the same inputs are no change": (
        inputs({"a": TEXT}, ["a"]),
        inputs({"a": TEXT}, ["a"]),
        "",
    ),
    "what strangers write is trusted": (
        inputs({"a": {**TEXT, "x-untrusted": True}}),
        inputs({"a": TEXT}),
        "CHG121 minor",
    ),
    "what was trusted is marked": (
        inputs({"a": TEXT}),
        inputs({"a": {**TEXT, "x-untrusted": True}}),
        "CHG120 patch",
    ),
    "a recursive schema is the same under another name": (
        inputs({"a": {"$ref": "#/$defs/node"}}, **{"$defs": {"node": NODE}}),
        inputs(
            {"a": {"$ref": "#/$defs/part"}},
            **{
                "$defs": {
                    "part": {
                        **NODE,
                        "properties": {
                            "value": {"type": "integer"},
                            "next": {"$ref": "#/$defs/part"},
                        },
                    }
                }
            },
        ),
        "CHG120 patch",
    ),
    "a recursive schema is tighter": (
        inputs({"a": {"$ref": "#/$defs/node"}}, **{"$defs": {"node": NODE}}),
        inputs(
            {"a": {"$ref": "#/$defs/node"}},
            **{
                "$defs": {
                    "node": {
                        **NODE,
                        "properties": {
                            "value": {"type": "integer", "minimum": 0},
                            "next": {"$ref": "#/$defs/node"},
                        },
                    }
                }
            },
        ),
        "CHG112 major",
    ),
    "a schema that is none can't be compared": (
        inputs({"a": {"type": "string", "pattern": "^a"}}),
        inputs({"a": {"type": "string", "pattern": "("}}),
        "CHG117 major",
    ),
    "a schema that was none breaks nobody when it is mended": (
        inputs({"a": {"type": "string", "pattern": "("}}),
        inputs({"a": {"type": "string", "pattern": "^a"}}),
        "CHG113 minor",
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_change_of_inputs_has_its_codes(codes, name):
    before, after, expected = TABLE[name]

    found = codes(before, after)

    assert found == expected


def test_a_rename_is_told_as_one_where_the_uses_moved(codes):
    before = {}
    after = {
        "inputs": {"properties": {"query": {"type": "string"}}, "required": ["query"]},
        "messages": [{"role": "user", "content": "Answer: {{ query }}"}],
        "tests": None,
    }

    found = codes({**before, "tests": None}, after)

    assert found == "CHG107 major, CHG304 minor"


def test_a_rename_with_an_alias_breaks_nobody(codes):
    after = {
        "inputs": {
            "properties": {"query": {"type": "string", "x-aliases": ["question"]}},
            "required": ["query"],
        },
        "messages": [{"role": "user", "content": "Answer: {{ query }}"}],
    }

    found = codes({}, after)

    assert found == "CHG104 minor, CHG303 patch"


def test_what_only_has_another_name_and_other_uses_is_no_rename(codes):
    before = inputs({"a": TEXT}, ["a"])
    after = inputs({"b": TEXT}, ["b"])

    found = codes(before, after)

    assert found == "CHG101 major, CHG105 major"


def test_a_break_has_a_witness_that_is_a_real_case(compared):
    after = {"inputs": {"properties": {"question": {"type": "integer"}}, "required": ["question"]}}

    (found,) = compared({}, after)

    assert [
        (each.code, each.path, each.witness.case, each.witness.value, each.witness.reason)
        for each in found.changes
        if each.witness
    ] == [
        (
            "CHG108",
            "/inputs/properties/question/type",
            "one",
            {"question": "why"},
            "`question` must be a whole number, not a string",
        ),
    ]


def test_a_break_without_cases_has_a_witness_made_up(compared):
    (found,) = compared(
        inputs({"a": TEXT, "b": TEXT}, ["b"]),
        inputs({"a": {**TEXT, "maxLength": 3}, "b": TEXT}, ["b"]),
    )

    witness = found.changes[0].witness
    assert (witness.kind, witness.case, sorted(witness.value), witness.reason) == (
        "input",
        None,
        ["a", "b"],
        "`a` must have at most 3 characters, not 4",
    )
