"""References of a schema into its own document: the renderer, lint and diff follow them alike."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from promptops.analysis.input_schemas import InputAlternative
from promptops.json_pointer import MAX_REFERENCES, followed, local_pointer, referred
from promptops.lint.request_size import Bounds
from promptops.runtime.request.inputs import Inputs

ROOT: dict[str, Any] = {
    "$defs": {
        "city": {"type": "string", "default": "Oslo"},
        "town": {"$ref": "#/$defs/city"},
        "a b": {"type": "string", "default": "spaced"},
        "a/b": {"type": "string", "default": "slashed"},
        "loop": {"$ref": "#/$defs/loop"},
        "list": [1],
    },
    "properties": {"x": {"type": "string"}},
}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "integer"}, {"type": "integer"}),
        ({"$ref": "#/$defs/city"}, ROOT["$defs"]["city"]),
        ({"$ref": "#/$defs/town"}, ROOT["$defs"]["city"]),
        ({"$ref": "#/$defs/town", "default": "Bergen"}, {"type": "string", "default": "Bergen"}),
        ({"$ref": "#/$defs/a%20b"}, ROOT["$defs"]["a b"]),
        ({"$ref": "#/$defs/a~1b"}, ROOT["$defs"]["a/b"]),
        ({"$ref": "#"}, ROOT),
        ({"$ref": "#/$defs/none"}, {}),
        ({"$ref": "#/$defs/list"}, {}),
        ({"$ref": "#/$defs/loop"}, {"$ref": "#/$defs/loop"}),
        ({"$ref": "#anchor"}, {"$ref": "#anchor"}),
        ({"$ref": "other.json"}, {"$ref": "other.json"}),
        ({"$ref": 7}, {"$ref": 7}),
        (True, {}),
        (None, {}),
    ],
)
def test_a_reference_is_followed_to_the_schema_it_leads_to(
    schema: Any, expected: dict[str, Any]
) -> None:
    assert followed(schema, ROOT) == expected


def test_a_chain_of_references_has_a_limit() -> None:
    names = [f"s{number}" for number in range(MAX_REFERENCES + 2)]
    chain = {name: {"$ref": f"#/$defs/{below}"} for name, below in pairwise(names)}
    root = {"$defs": {**chain, names[-1]: {"type": "string"}}}

    assert followed({"$ref": "#/$defs/s2"}, root) == {"type": "string"}
    assert followed({"$ref": "#/$defs/s0"}, root) == {"$ref": f"#/$defs/{names[-2]}"}


def test_one_reference_can_be_replaced_alone() -> None:
    assert referred({"$ref": "#/$defs/town"}, ROOT) == {"$ref": "#/$defs/city"}
    assert referred({"$ref": "#/$defs/none"}, ROOT) is None
    assert [local_pointer(each) for each in ("#", "#/a%20b", "#a", "x#/a", None)] == [
        *("", "/a b", None, None, None)
    ]


@pytest.mark.parametrize("reference", ["#/$defs/town", "#/$defs/a%20b", "#/$defs/a~1b"])
def test_the_renderer_lint_and_the_analysis_follow_the_same_references(reference: str) -> None:
    named = {name: each for name, each in ROOT["$defs"].items() if name not in ("list", "loop")}
    schema = {"type": "object", "$defs": named, "properties": {"place": {"$ref": reference}}}

    accepted, problems = Inputs(schema).accept({})
    declared = InputAlternative((), schema).defaults("place", schema)
    unbounded = list(Bounds(schema, lambda _name: False).within("place"))

    assert (bool(accepted["place"]), problems, declared) == (True, (), True)
    assert [each.lacks for each in unbounded] == ["maxLength"]
