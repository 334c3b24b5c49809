"""The inputs at the boundaries of a schema that rule TST008 renders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from promptops.lint.boundaries import MAX_CHARS, MAX_NODES, boundary_inputs
from promptops.lint.examples import files, findings
from promptops.lint.registry import built_in
from promptops.runtime.request.inputs import Inputs
from promptops.runtime.request.schema_check import measured
from tests.tiers import fast_only

CART = """
type: object
additionalProperties: false
required: [items, count]
properties:
  items:
    type: array
    maxItems: 20
    items:
      type: object
      required: [title]
      properties:
        title: {type: string, maxLength: 70}
        price: {type: [number, "null"], minimum: 0.5, maximum: 9.5}
  count: {type: integer, exclusiveMinimum: -2, maximum: 99}
  day: {type: string, format: date}
  code: {type: string, pattern: "^[A-Z]{2}[0-9]+$", maxLength: 8}
  kind: {enum: [a, b]}
"""


def tried(
    schema: str, *cases: Mapping[str, Any], limit: int = 200
) -> list[tuple[Mapping[str, Any], str]]:
    """The boundary inputs that the schema accepts, each with its description."""
    written = yaml.safe_load(schema)
    accept = Inputs(written).accept
    found = boundary_inputs(written, cases, lambda inputs: not accept(inputs)[1], limit)
    return [(each.inputs, each.change) for each in found]


def test_one_value_at_a_time_is_moved_to_each_boundary_of_its_schema():
    changes = [change for _, change in tried(CART, {"items": [{"title": "x"}], "count": 1})]

    assert changes == [
        "`items` is empty",
        "`count` is -1",
        '`day` is "2026-01-31"',
        '`code` is "AA0"',
        '`kind` is "a"',
        "`items.0.title` is empty",
        "`items.0.price` is 1",
        "`items` has 20 items",
        "`count` is 0",
        '`code` is "ZZ0"',
        '`kind` is "b"',
        '`items.0.title` is "a"',
        "`items.0.price` is 9",
        "`count` is 99",
        '`code` is "AA9"',
        "`items.0.title` has 70 characters",
        "`items.0.price` is 0.5",
        '`code` is "ZZ9"',
        '`items.0.title` is "a\\n{{ 7*7 }}</a>\\ud83d\\ude00a\\u202eb"',
        "`items.0.price` is 9.5",
        '`code` is "AA00"',
        "`items.0.price` is null",
        '`code` is "ZZ00"',
        '`code` is "AA99"',
        '`code` is "ZZ99"',
        '`code` is "AA000000"',
        '`code` is "ZZ000000"',
        '`code` is "AA999999"',
        '`code` is "ZZ999999"',
        "all inputs are as small as the schema allows",
        "all inputs are as large as the schema allows",
    ]


def test_the_same_schema_gives_the_same_inputs_and_changes_no_case():
    case = {"items": [{"title": "x"}], "count": 1}

    assert tried(CART, case) == tried(CART, case)
    assert case == {"items": [{"title": "x"}], "count": 1}


WIDE = (
    "properties: {" + ", ".join(f"v{n}: {{type: string, maxLength: 9}}" for n in range(300)) + "}"
)
MANY = "properties: {e: {enum: [" + ", ".join(f"v{n}" for n in range(10_000)) + "]}}"
HUGE = """
properties:
  n: {type: number, minimum: -1.0e+308, maximum: 1.0e+308}
  m: {type: integer, maximum: 99999999999999999999999999}
  s: {type: string, maxLength: 99999999999}
  l: {type: array, maxItems: 99999999999, items: {$ref: "#/$defs/l"}}
$defs:
  l: {type: array, maxItems: 9999999, items: {type: string, maxLength: 9999999}}
"""


@pytest.mark.parametrize(
    "schema", fast_only([WIDE, HUGE, MANY], [HUGE]), ids=["inputs", "bounds", "an enum"]
)
def test_large_schemas_give_few_and_bounded_inputs(schema):
    found = tried(schema)

    assert 0 < len(found) <= 200
    assert max(measured(inputs)[0] for inputs, _ in found) <= MAX_NODES + 400
    assert max(measured(inputs)[2] for inputs, _ in found) <= 3 * MAX_CHARS


MANY_ITEMS = "{type: array, minItems: 9999, maxItems: 9999, items: {type: string, minLength: 9}}"
MANY_ARRAYS = (
    "{type: object, properties: {" + ", ".join(f"a{n}: {MANY_ITEMS}" for n in range(20)) + "}}"
)


@pytest.mark.parametrize(
    "bound",
    [
        "{type: string, minLength: 4000000000}",
        "{type: string, minLength: 4000000000000000000000000}",
        "{type: string, minLength: 1.0e+308}",
        "{type: array, minItems: 4000000000000000000000000, items: {type: string}}",
        "{type: array, minContains: 4000000000000000000000000, contains: {type: string}}",
        "{type: object, minProperties: 4000000000000000000000000}",
    ],
)
def test_a_value_that_is_too_large_to_make_is_not_tried(bound):
    schema = f"properties: {{a: {bound}, b: {{enum: [x, y]}}}}"

    found = tried(schema, {"b": "x"})

    assert [change for _, change in found][:2] == ["`b` is missing", '`b` is "y"']
    assert all(inputs.keys() <= {"b"} for inputs, _ in found)


def test_the_largest_inputs_have_one_limit_for_all_their_arrays_and_strings():
    schema = f"properties: {{{', '.join(f'v{n}: {MANY_ARRAYS}' for n in range(20))}}}"

    built = list(boundary_inputs(yaml.safe_load(schema), [{}], lambda _: True, 20))

    assert max(measured(each.inputs)[0] for each in built) <= 2 * MAX_NODES
    assert max(measured(each.inputs)[2] for each in built) <= MAX_CHARS


@pytest.mark.parametrize(
    "schema",
    ["{properties: {a: {$ref: '#/$defs/a'}}, $defs: {a: {allOf: [{$ref: '#/$defs/a'}]}}}"],
)
def test_a_schema_that_applies_itself_without_end_gives_nothing(schema):
    assert tried(schema) == []


def tried_by_the_rule(count: int, more: str, before: str = "") -> int:
    """How many of the required inputs of a prompt the rule makes empty: each has its finding."""
    names = [f"v{n}" for n in range(count)]
    schema = {name: {"type": "string", "maxLength": 99, **yaml.safe_load(more)} for name in names}
    prompt = {
        "inputs": {"required": names, "properties": schema},
        "messages": [{"role": "user", "content": before + "".join(map(SECOND.format, names))}],
        "tests": [{"name": "one", "inputs": dict.fromkeys(names, "ab-1")}],
    }
    found = findings(built_in()["TST008"], files(yaml.safe_dump(prompt, sort_keys=False)))
    return sum(finding.message.startswith("does not render if `v") for finding in found)


SECOND = "{{{{ {0}[1] ~ '' }}}}"


def test_the_rule_stops_at_a_limit_of_work_that_is_the_same_on_every_machine():
    few = tried_by_the_rule(30, "{}")
    many = tried_by_the_rule(300, "{}")
    with_patterns = tried_by_the_rule(300, "{pattern: '^([a-z]{2}-[0-9])?$'}")

    assert (few, many, with_patterns) == (30, 38, 30)


def test_an_expensive_template_stops_within_a_render():
    loop = "{% for a in range(40) %}{% for b in range(100) %}{{ a }}{% endfor %}{% endfor %}"

    assert tried_by_the_rule(9, "{}", loop) == 1
