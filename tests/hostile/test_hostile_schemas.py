"""Schemas and tools that are none, lead outside, have no end, or cost a day to check."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.tiers import fast_spread

PATH = "prompts/bad.prompt.yaml"
HEAD = 'format: promptops/1\ndescription: d.\nowners: ["@a/b"]\n'
MESSAGES = "messages:\n  - role: user\n    content: hello\n"
OTHER = "schemas/x.json"


def inputs(written: str, value: str = "") -> dict[str, str]:
    """A prompt with an input `a`, and perhaps a case that gives it."""
    case = f"tests:\n  - name: one\n    inputs: {{a: {value}}}\n" if value else ""
    properties = f"inputs:\n  properties:\n    a: {written}\n"
    rendered = "    rendered: [{type: message-count, value: 1}]\n" if value else ""
    return {PATH: HEAD + properties + MESSAGES + case + rendered}


def other(content: str, written: str = "{$ref: x.json}", value: str = "") -> dict[str, str]:
    """The same with a schema file."""
    return {**inputs(written, value), OTHER: content}


def tool(content: str) -> dict[str, str]:
    return {PATH: HEAD + "tools: [{ref: x.json}]\n" + MESSAGES, OTHER: content}


def output(content: str) -> dict[str, str]:
    schema = "output: {format: json, name: o, strict: true, schema: {$ref: x.json}}\n"
    return {PATH: HEAD + schema + MESSAGES, OTHER: content}


def deep(levels: int) -> str:
    return '{"properties":{"a":' * levels + "{}" + "}}" * levels


def many(count: int) -> str:
    return json.dumps({"properties": {f"k{n}": {"type": "string"} for n in range(count)}})


TWICE = '{"properties":{"x":{"allOf":[{"$ref":"#"},{"$ref":"#"}]}}}'
EITHER = json.dumps(
    {
        "anyOf": [
            {"properties": {"x": {"$ref": "#"}}, "required": ["y"]},
            {"properties": {"x": {"$ref": "#"}}, "required": ["z"]},
        ]
    }
)
CHAIN = json.dumps(
    {
        "$ref": "#/$defs/a0",
        "$defs": {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)}
        | {"a40": {"type": "string"}},
    }
)
ALTERNATIVES = json.dumps(
    {
        "$ref": "#/$defs/a0",
        "$defs": {f"a{n}": {"anyOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 10} for n in range(11)}
        | {"a11": {"type": "string"}},
    }
)
UNEVALUATED = (
    '{"unevaluatedProperties":{"type":"integer"},"anyOf":[' * 20
    + '{"properties":{"a":true}}'
    + "]}" * 20
)
DEEP_VALUE = "{x: " * 40 + "1" + "}" * 40

FILES: dict[str, dict[str, str]] = {
    "numbers-without-end": inputs("{type: number, minimum: -.inf, maximum: 1e999}", "1"),
    "file-with-numbers-without-end": other('{"const": 1e999}', value="1"),
    "number-of-400-digits": inputs(f"{{const: {'9' * 400}}}", "1"),
    "tool-with-numbers-without-end": tool('{"name": "t", "parameters": {"const": -1e999}}'),
    "tool-in-the-prompt-with-numbers-without-end": {
        PATH: f"{HEAD}tools: [{{name: t, parameters: {{const: .inf}}}}]\n{MESSAGES}"
    },
    "name-of-300-characters": inputs(f"{{$ref: {'x' * 300}.json}}", "1"),
    "unknown-type": inputs("{type: strin}"),
    "no-mapping": inputs("7"),
    "refers-to-its-root": inputs('{$ref: "#"}', "{a: 1}"),
    "refers-to-itself": inputs('{$ref: "#/properties/a"}', "1"),
    "refers-to-nothing": inputs('{$ref: "#/$defs/nope"}'),
    "refers-up": inputs("{$ref: ../../etc/x.json}"),
    "refers-to-an-absolute-path": inputs("{$ref: /etc/passwd}"),
    "refers-to-an-address": inputs('{$ref: "http://127.0.0.1:1/x.json"}'),
    "refers-to-a-file-address": inputs('{$ref: "file:///etc/passwd"}'),
    "refers-to-a-missing-file": inputs("{$ref: nope.json}"),
    "refers-with-an-escape": inputs('{$ref: "a\\e[31m\\u202e.json"}'),
    "defs-is-a-number": inputs("{$ref: x.json}\n  $defs: 7"),
    "defs-of-a-file-is-a-number": other('{"$defs":7}'),
    "everything-of-a-file-is-wrong": other('{"$defs":[1],"properties":[],"$id":7,"$ref":4}'),
    "file-is-a-list": other("[]"),
    "file-is-no-json": other("{"),
    "file-is-a-text": other('"x"'),
    "file-refers-to-itself": other('{"$ref":"x.json"}', value="1"),
    "files-in-a-circle": {
        **other('{"$ref":"y.json"}', value="1"),
        "schemas/y.json": '{"$ref":"x.json"}',
    },
    "file-nested-300-deep": other(deep(150)),
    "file-nested-100000-deep": other('{"a":' + "[" * 100_000 + "]" * 100_000 + "}"),
    "file-of-20000-properties": other(many(20_000)),
    "file-of-5-mb": other(json.dumps({"enum": ["x" * 100] * 50_000})),
    "file-with-duplicate-keys": other('{"type":"string","type":"integer"}'),
    "chain-of-150-files": {
        **inputs("{$ref: x0.json}"),
        **{f"schemas/x{n}.json": json.dumps({"$ref": f"x{n + 1}.json"}) for n in range(150)},
    },
    "pattern-that-would-hang": inputs('{type: string, pattern: "(a+)+$"}', "a" * 5000 + "!"),
    "pattern-with-a-back-reference": inputs(
        '{type: string, pattern: "(?=a)(a+)+\\\\1$"}', "a" * 5000 + "!"
    ),
    "pattern-that-is-none": inputs('{type: string, pattern: "("}'),
    "pattern-that-is-huge": inputs('{type: string, pattern: "(a{1000}){1000}"}'),
    "pattern-nested-5000-deep": inputs(
        '{type: string, pattern: "' + "(" * 5000 + ")" * 5000 + '"}'
    ),
    "twice-at-one-place": other(TWICE, value=DEEP_VALUE),
    "either-at-one-place": other(EITHER, value=DEEP_VALUE),
    "chain-of-doubles": other(CHAIN, value="x"),
    "unique-items": inputs(
        "{type: array, uniqueItems: true}", "[" + ",".join(f"{{a: {n}}}" for n in range(4000)) + "]"
    ),
    "items-and-a-bound": inputs(
        "{type: array, maxItems: 20, items: {type: object}}", "[" + "10000000000," * 60_000 + "1]"
    ),
    "alternatives-of-items": inputs(
        "{items: {anyOf: [{type: object}, {type: string}]}}", "[" + "10000000000," * 60_000 + "1]"
    ),
    "pattern-with-many-states": inputs(
        '{type: string, pattern: "(?:[ab]{1,50}a){1,50}c"}', "ab" * 440_000
    ),
    "unevaluated-within-unevaluated": other(UNEVALUATED, value="{a: 1, b: 2, c: 3}"),
    "chain-of-alternatives": other(ALTERNATIVES, value="x"),
    "schema-of-60000-errors": other(
        json.dumps({"properties": {f"k{n}": 7 for n in range(60_000)}})
    ),
    "type-of-100000-numbers": other(json.dumps({"type": [1] * 100_000})),
    "smallest-multiple": inputs("{type: number, multipleOf: 1.0e-300}", "1.0e+300"),
    "endless-items": inputs("{type: array, maxItems: 1000000000000, items: {maxLength: 9}}"),
    "tool-without-a-schema": tool('{"name":"t","parameters":{"type":"wrong"}}'),
    "tool-that-is-a-list": tool("[]"),
    "tool-nested-400-deep": tool('{"name":"t","parameters":' + deep(200) + "}"),
    "tool-of-wrong-types": tool('{"name":"t","description":7,"strict":"x","parameters":[1]}'),
    "tool-name-with-an-escape": tool('{"name":"t\\u001b[31m\\u202e","parameters":{}}'),
    "tool-that-refers-to-itself": tool('{"name":"t","parameters":{"$ref":"x.json"}}'),
    "output-nested-400-deep": output(deep(200)),
    "output-of-wrong-types": output(
        '{"type":["object",7],"properties":[1],"items":7,"anyOf":{},"required":{"a":1}}'
    ),
    "output-that-refers-to-itself": output(
        '{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"],'
        '"additionalProperties":false}'
    ),
}


@pytest.mark.parametrize("files", fast_spread(FILES.values(), 12), ids=FILES)
def test_a_schema_that_means_harm_is_told_at_its_place(
    files: dict[str, str], outcome: Any, same_as_golden: Callable[[str], None]
) -> None:
    same_as_golden(outcome(files))
