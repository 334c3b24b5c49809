"""The table of CHG2xx and CHG405 to CHG408: what consumers and hosts receive."""

from collections import Counter

import pytest

from tests.hanging import ends_soon


def output(properties, required=(), **more):
    """A prompt file whose output has these properties."""
    schema = {"type": "object", "properties": properties, "required": list(required), **more}
    return {"output": {"format": "json", "schema": schema}}


def part(value):
    """A prompt file whose output has one required property."""
    return output({"a": value}, ["a"])


def tools(*given):
    return {"tools": list(given)}


def tool(name="find", properties=None, **more):
    parameters = {"type": "object", "properties": properties or {}}
    return {"name": name, "description": "Finds.", "parameters": parameters, **more}


TEXT = {"type": "string"}
CLOSED = {"additionalProperties": False}


def described_twice(x, **more):
    """A prompt file whose output is a property `a` in two schemas, with `x` and with `y`."""
    a = {"type": "object", "properties": {"x": x}}
    said = {"properties": {"a": {"properties": {"y": {"type": "integer"}}, "required": ["y"]}}}
    schema = {"type": "object", "required": ["a"], "properties": {"a": a}, "allOf": [said], **more}
    return {"output": {"format": "json", "schema": schema}}


TABLE = {
    "a required property is gone": (
        output({"a": TEXT, "b": TEXT}, ["a", "b"], **CLOSED),
        output({"a": TEXT}, ["a"], **CLOSED),
        "CHG201 major",
    ),
    "a required property may be missing": (
        output({"a": TEXT}, ["a"]),
        output({"a": TEXT}),
        "CHG201 major",
    ),
    "a property is lost beside one that is required and not described": (
        output({}, ["b"]),
        output({"a": {"type": "object", "properties": {}, "required": ["x"]}}, ["a"]),
        "CHG201 major, CHG203 minor, CHG207 minor",
    ),
    "a type is added": (part(TEXT), part({"type": ["string", "null"]}), "CHG202 major"),
    "an alternative is added": (
        part({"anyOf": [TEXT]}),
        part({"anyOf": [TEXT, {"type": "integer"}]}),
        "CHG202 major",
    ),
    "a type is another": (part(TEXT), part({"type": "integer"}), "CHG202 major"),
    "a type is gone": (part({"type": ["string", "null"]}), part(TEXT), "CHG203 minor"),
    "an optional property is always there": (
        output({"a": TEXT}),
        output({"a": TEXT}, ["a"]),
        "CHG203 minor",
    ),
    "a bound is tighter": (part(TEXT), part({**TEXT, "maxLength": 5}), "CHG203 minor"),
    "a value is added": (
        part({"enum": ["x"]}),
        part({"enum": ["x", "y"]}),
        "CHG204 major",
    ),
    "a constant is another": (part({"const": "x"}), part({"const": "y"}), "CHG204 major"),
    "a value is added to an extensible list": (
        part({"enum": ["x"], "x-extensible-enum": True}),
        part({"enum": ["x", "y"], "x-extensible-enum": True}),
        "CHG209 minor",
    ),
    "a value is gone": (part({"enum": ["x", "y"]}), part({"enum": ["x"]}), "CHG205 minor"),
    "a bound is relaxed": (
        part({**TEXT, "maxLength": 5}),
        part({**TEXT, "maxLength": 6}),
        "CHG206 major",
    ),
    "a pattern is gone": (part({**TEXT, "pattern": "^x"}), part(TEXT), "CHG206 major"),
    "a property is added": (
        output({"a": TEXT}, ["a"], **CLOSED),
        output({"a": TEXT, "b": TEXT}, ["a", "b"], **CLOSED),
        "CHG203 minor, CHG207 minor",
    ),
    "an optional property is added": (
        output({"a": TEXT}, ["a"]),
        output({"a": TEXT, "b": TEXT}, ["a"]),
        "CHG207 minor",
    ),
    "a schema is added": (
        {"output": {"format": "json"}},
        part(TEXT),
        "CHG208 major",
    ),
    "a schema is removed": (part(TEXT), {"output": {"format": "json"}}, "CHG208 major"),
    "the format is another": (
        {"output": {"format": "text"}},
        {"output": {"format": "json"}},
        "CHG208 major",
    ),
    "a description is another": (
        part({**TEXT, "description": "x"}),
        part({**TEXT, "description": "y"}),
        "CHG209 minor",
    ),
    "the same schema in other words is sent, too": (
        part(TEXT),
        part({"type": ["string"]}),
        "CHG209 minor",
    ),
    "the output is told of otherwise": (
        {"output": {"format": "json", "description": "x"}},
        {"output": {"format": "json", "description": "y"}},
        "CHG209 minor",
    ),
    "an optional property is gone": (
        output({"a": TEXT, "b": TEXT}, ["a"]),
        output({"a": TEXT}, ["a"]),
        "CHG210 minor",
    ),
    "a pattern is another": (
        part({**TEXT, "pattern": "^(a|b)+$"}),
        part({**TEXT, "pattern": "^[ab]+$"}),
        "CHG211 major",
    ),
    "a closed output is opened": (
        output({"a": TEXT}, ["a"], **CLOSED),
        output({"a": TEXT}, ["a"]),
        "CHG212 minor",
    ),
    "an open output is closed": (
        output({"a": TEXT}, ["a"]),
        output({"a": TEXT}, ["a"], **CLOSED),
        "CHG212 minor",
    ),
    "the same output": (part(TEXT), part(TEXT), ""),
    # tools
    "a tool where there was none": (
        {},
        tools(tool()),
        "CHG405 major, CHG404 major",
    ),
    "a tool more": (
        tools(tool()),
        tools(tool(), tool("buy")),
        "CHG405 major",
    ),
    "a tool is gone": (
        tools(tool(), tool("buy")),
        tools(tool()),
        "CHG406 minor",
    ),
    "a parameter is added": (
        tools(tool(properties={"a": TEXT})),
        tools(tool(properties={"a": TEXT, "b": TEXT})),
        "CHG407 major",
    ),
    "a parameter's type is wider": (
        tools(tool(properties={"a": TEXT})),
        tools(tool(properties={"a": {"type": ["string", "null"]}})),
        "CHG407 major",
    ),
    "a parameter is gone": (
        tools(tool(properties={"a": TEXT, "b": TEXT})),
        tools(tool(properties={"a": TEXT})),
        "CHG407 minor",
    ),
    "a parameter is told of otherwise": (
        tools(tool(properties={"a": TEXT})),
        tools(tool(properties={"a": {**TEXT, "description": "An a."}})),
        "CHG209 minor",
    ),
    "a tool is told of otherwise": (
        tools(tool()),
        tools(tool(description="Looks.")),
        "CHG209 minor",
    ),
    "what a tool returns is told of otherwise, which no model sees": (
        tools(tool()),
        tools(tool(returns=TEXT)),
        "CHG701 patch",
    ),
    "tools in another order": (
        tools(tool(), tool("buy")),
        tools(tool("buy"), tool()),
        "CHG408 minor",
    ),
    "a tool must be called": (
        tools(tool()),
        {**tools(tool()), "tool_choice": "required"},
        "CHG408 minor",
    ),
    "tools are called one by one": (
        tools(tool()),
        {**tools(tool()), "model": {"params": {"parallel_tool_calls": False}}},
        "CHG408 minor",
    ),
    "the same tools": (tools(tool()), tools(tool()), ""),
    "an output described by two schemas": (
        described_twice(TEXT),
        described_twice({"type": ["string", "null"]}),
        "CHG202 major",
    ),
    "an extensible list of another type": (
        {"output": {"format": "json", "schema": {"enum": ["a"], "x-extensible-enum": True}}},
        {"output": {"format": "json", "schema": {"type": "integer"}}},
        "CHG202 major",
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_change_of_what_a_model_writes_has_its_codes(codes, name):
    before, after, expected = TABLE[name]

    found = codes(before, after)

    assert found == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (output({"a": TEXT}), output({"a": TEXT, "b": TEXT}), "CHG207 major"),
        (output({"a": TEXT}, **CLOSED), output({"a": TEXT}), "CHG212 major"),
        (output({"a": TEXT}), output({"a": TEXT}, **CLOSED), "CHG212 minor"),
    ],
    ids=["added", "opened", "closed"],
)
def test_with_strict_consumers_what_is_new_breaks(codes, before, after, expected):
    found = codes(before, after, strict=True)

    assert found == expected


def test_a_break_of_the_output_has_a_witness(compared):
    (found,) = compared(part({"enum": ["x"]}), part({"enum": ["x", "y"]}))

    witness = found.changes[0].witness
    assert (witness.kind, witness.value, witness.reason) == (
        "output",
        {"a": "y"},
        '"y" is not one of "x"',
    )


def test_a_break_of_a_tool_has_a_witness(compared):
    (found,) = compared(
        tools(tool(properties={"a": TEXT})), tools(tool(properties={"a": TEXT, "b": TEXT}))
    )

    change = found.changes[0]
    assert (change.path, change.message) == (
        "/tools/0/parameters/additionalProperties",
        "`find`: `b` may now be passed",
    )
    assert (change.witness.kind, sorted(change.witness.value)) == ("arguments", ["b"])


def test_the_schemas_of_all_tools_share_the_work_of_one_prompt(compared):
    """Each pair alone takes two seconds."""

    def doubling(limit):
        steps = {
            f"d{n}": {"properties": {name: {"$ref": f"#/$defs/d{n + 1}"} for name in "xy"}}
            for n in range(50)
        }
        whole = {"properties": {"a": {"$ref": "#/$defs/d0"}}}
        return {**whole, "$defs": {**steps, "d50": {"type": "string", "maxLength": limit}}}

    before, after = (
        tools(*({"name": f"t{n}", "description": "d", "parameters": doubling(limit)}
                for n in range(30)))
        for limit in (3, 4)
    )  # fmt: skip

    with ends_soon():
        (found,) = compared(before, after)

    codes = Counter(each.code for each in found.changes)
    assert codes["CHG407"] >= 30
