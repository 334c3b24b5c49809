"""Whether a value is JSON Schema, with and without a list of what is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from promptops.model.place import Place
from promptops.source.schema_validity import check_schema, is_schema

WRONG = {"type": 1}


def problems_of(schema: Any) -> tuple[Any, ...]:
    return check_schema(schema, lambda _pointer, _key: Place("a"))


@pytest.mark.parametrize(
    "schema",
    [
        {},
        True,
        {"type": "string", "maxLength": 3},
        {"type": "string", "pattern": "^a+$"},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        WRONG,
        {"minLength": -1},
        {"pattern": "("},
        {"anyOf": [{"type": "string"}, WRONG]},
        {"$ref": "#/$defs/none"},
        {"enum": 3},
        "string",
        3,
        None,
    ],
    ids=str,
)
def test_both_answers_agree(schema):
    assert is_schema(schema) is (problems_of(schema) == ())


def test_without_a_list_of_problems_many_wrong_schemas_take_little_work():
    def spent_s(asked: Callable[[Any], Any]) -> float:
        started_s = time.process_time()
        for _ in range(2_000):
            asked(WRONG)
        return time.process_time() - started_s

    assert spent_s(is_schema) < spent_s(problems_of) / 4


@pytest.mark.parametrize(
    ("written", "message", "hint"),
    [
        (True, "expected a list, got true", "write `required: [ticket]` beside `properties`"),
        (
            False,
            "expected a list, got false",
            "leave it out: only names in the list `required` are required",
        ),
    ],
)
def test_a_property_that_is_marked_as_required_has_the_list_to_write(written, message, hint):
    schema = {"type": "object", "properties": {"ticket": {"type": "string", "required": written}}}

    (problem,) = problems_of(schema)

    assert (problem.message, problem.hint) == (message, hint)


@pytest.mark.parametrize(
    ("schema", "hint"),
    [
        ({"type": "str"}, "write `string`"),
        ({"type": "list[int]"}, "write `type: array, items: {type: integer}`"),
        ({"type": "string[]"}, "write `type: array, items: {type: string}`"),
        ({"type": "sting"}, "did you mean `string`?"),
        ({"enum": "a"}, 'write `["a"]`'),
    ],
)
def test_types_of_programming_languages_have_a_hint(schema, hint):
    (problem,) = problems_of(schema)

    assert problem.hint == hint
