"""What of the inputs is unbounded, found in a limited number of steps."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.lint.request_size import Bounds, largest_input
from tests.hanging import ends_soon
from tests.tiers import fast_spread


def chain(keyword: str, width: int, leaf: Any) -> dict[str, Any]:
    links = {f"a{n}": {keyword: [{"$ref": f"#/$defs/a{n + 1}"}] * width} for n in range(11)}
    return {"properties": {"v": {"$ref": "#/$defs/a0"}}, "$defs": {**links, "a11": leaf}}


def nested(width: int) -> dict[str, Any]:
    def level(n: int) -> dict[str, Any]:
        named = {f"p{k}": {"$ref": f"#/$defs/a{n + 1}"} for k in range(width)}
        return {"type": "object", "properties": named}

    levels = {f"a{n}": level(n) for n in range(11)}
    return {
        "properties": {"v": {"$ref": "#/$defs/a0"}},
        "$defs": {**levels, "a11": {"type": "string"}},
    }


@pytest.mark.parametrize(
    "schema",
    fast_spread(
        [
            chain("anyOf", 10, {"type": "string"}),
            chain("anyOf", 10, True),
            chain("oneOf", 100, {"type": "string"}),
            nested(30),
            {"properties": {"v": {"allOf": [{"anyOf": [{"type": "string"}] * 20}] * 1_000}}},
        ],
        2,
    ),
    ids=["alternatives", "of anything", "of a hundred", "properties", "all of alternatives"],
)
def test_chains_of_alternatives_are_followed_for_a_limited_number_of_steps(schema: Any) -> None:
    with ends_soon():
        list(Bounds(schema, lambda _name: False).within("v"))
        largest_input(Bounds(schema, lambda _name: False), "v")


def test_each_alternative_of_an_ordinary_schema_is_looked_at() -> None:
    schema = {"properties": {"v": {"anyOf": [{"type": "string"}, {"type": "array"}]}}}

    found = Bounds(schema, lambda _name: False).within("v")

    assert [each.lacks for each in found] == ["maxLength", "maxItems"]
