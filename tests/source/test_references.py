"""Schemas that refer to files, the paths they say, and merge patches."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from promptops.model.finding import Problem
from promptops.source.document import read_any
from promptops.source.paths import Confined, confined
from promptops.source.references import MAX_FILES, Read, merge_patch, resolve
from promptops.source.schema_validity import check_schema

BASE = "prompts/support/triage.prompt.yaml"


def told(problems: tuple[Problem, ...]) -> list[tuple[str, object, str]]:
    return [(problem.code, problem.at, problem.message) for problem in problems]


def test_a_schema_without_references_is_returned_as_it_is() -> None:
    schema = {"properties": {"$ref": {"type": "string"}}, "default": {"$ref": "x.json"}}
    asked: list[str] = []

    resolved, problems = resolve(schema, _noting(asked), BASE)

    assert (resolved is schema, problems, asked) == (True, (), [])


def test_a_file_takes_no_name_that_the_schema_has_given():
    files = {"schemas/x.json": {"type": "integer"}}
    schema = {"items": {"$ref": "x.json"}, "$defs": {"schemas.x.json": {"type": "string"}}}

    resolved, problems = resolve(schema, files.get, "prompts/ask.prompt.yaml")

    assert (resolved, problems) == (
        {
            "items": {"$ref": "#/$defs/schemas.x.json_"},
            "$defs": {"schemas.x.json": {"type": "string"}, "schemas.x.json_": {"type": "integer"}},
        },
        (),
    )


def test_a_file_of_the_schema_root_is_bundled() -> None:
    files = {"schemas/issue.schema.json": {"type": "object", "required": ["id"]}}

    resolved, problems = resolve({"items": {"$ref": "issue.schema.json"}}, files.get, BASE)

    assert problems == ()
    assert resolved == {
        "items": {"$ref": "#/$defs/schemas.issue.schema.json"},
        "$defs": {"schemas.issue.schema.json": {"type": "object", "required": ["id"]}},
    }


def test_a_path_with_a_dot_is_beside_the_file_that_says_it() -> None:
    files = {
        "prompts/support/a.json": {"$ref": "./b.json"},
        "prompts/support/b.json": {"type": "integer"},
    }

    resolved, problems = resolve({"$ref": "./a.json"}, files.get, BASE)

    assert problems == ()
    assert _valid(resolved, 1, "x") == [True, False]


def test_schema_roots_are_asked_in_order() -> None:
    files = {"two/a.json": {"type": "integer"}, "three/a.json": {"type": "string"}}

    resolved, problems = resolve({"$ref": "a.json"}, files.get, BASE, ("one", "two", "three"))

    assert (problems, _valid(resolved, 1, "x")) == ((), [True, False])


def test_pointers_are_those_of_the_schema_they_stand_in() -> None:
    files = {
        "schemas/tree.json": {
            "$id": "https://acme.example/tree.json",
            "type": "object",
            "properties": {"name": {"$ref": "#/$defs/name"}, "below": {"items": {"$ref": "#"}}},
            "$defs": {"name": {"type": "string"}},
        }
    }
    schema = {
        "properties": {
            "tree": {"$ref": "tree.json"},
            "name": {"$ref": "tree.json#/$defs/name"},
            "own": {"$ref": "#/$defs/name"},
        },
        "$defs": {"name": {"type": "integer"}},
    }

    resolved, problems = resolve(schema, files.get, BASE)

    assert problems == ()
    assert _valid(
        resolved,
        {"tree": {"name": "a", "below": [{"name": "b"}]}, "name": "c", "own": 1},
        {"tree": {"name": "a", "below": [{"name": 2}]}},
        {"name": 1},
        {"own": "x"},
    ) == [True, False, False, False]


def test_a_part_with_an_id_is_a_root_of_its_own_and_can_be_named() -> None:
    schema = {
        "properties": {"a": {"$ref": "https://acme.example/part"}, "f": {"$ref": "f.json"}},
        "$defs": {
            "part": {
                "$id": "https://acme.example/part",
                "$ref": "#/$defs/inner",
                "$defs": {"inner": {"type": "string"}},
            },
            "inner": {"type": "integer"},
        },
    }

    resolved, problems = resolve(schema, {"schemas/f.json": {"type": "null"}}.get, BASE)

    assert problems == ()
    assert _valid(resolved, {"a": "x", "f": None}, {"a": 1}, {"f": 1}) == [True, False, False]


def test_an_anchor_belongs_to_the_file_it_stands_in() -> None:
    files = {
        "schemas/a.json": {
            "properties": {"id": {"$ref": "#id"}},
            "$defs": {"id": {"$anchor": "id", "type": "integer"}},
        },
        "schemas/b.json": {
            "properties": {"id": {"$ref": "#id"}},
            "$defs": {"id": {"$anchor": "id", "type": "string"}},
        },
    }
    schema = {
        "properties": {
            "a": {"$ref": "a.json"},
            "b": {"$ref": "b.json"},
            "c": {"$ref": "a.json#id"},
            "d": {"$ref": "#id"},
        },
        "$defs": {"id": {"$anchor": "id", "type": "boolean"}},
    }

    resolved, problems = resolve(schema, files.get, BASE)

    right = [{"a": {"id": 1}}, {"b": {"id": "x"}}, {"c": 1}, {"d": True}]
    wrong = [{"a": {"id": "x"}}, {"b": {"id": 1}}, {"c": "x"}, {"d": 1}]
    assert (problems, _valid(resolved, *right, *wrong)) == ((), [True] * 4 + [False] * 4)


def test_an_anchor_in_a_part_with_an_id_belongs_to_that_part() -> None:
    part = {"$id": "part", "$anchor": "x", "type": "integer"}
    named = {"a": {"$ref": "part#x"}, "b": {"$ref": "#x"}}
    schema = {"properties": named, "$defs": {"part": part, "own": {"$anchor": "x", "type": "null"}}}

    resolved, problems = resolve(schema, _noting([]), BASE)

    found = _valid(resolved, {"a": 1}, {"a": None}, {"b": None}, {"b": 1})
    assert (problems, found) == ((), [True, False, True, False])


FILES = {
    "schemas/anchored.json": {"$anchor": "here", "type": "integer"},
    "schemas/dynamic.json": {"$dynamicAnchor": "node", "type": "integer"},
}


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        (
            {"$ref": "#her"},
            ("/$ref", "there is no `$anchor` `her`", "an anchor is valid in its own file only"),
        ),
        (
            {"$ref": "anchored.json#her"},
            ("/$ref", "there is no `$anchor` `her`", "did you mean `here`?"),
        ),
        (
            {"items": {"$ref": "dynamic.json"}},
            (
                "/items/$ref",
                "`$dynamicAnchor` is not supported (in schemas/dynamic.json)",
                "use `$ref`, and `$anchor` or `$defs`",
            ),
        ),
        (
            {"items": {"$dynamicRef": "#node"}},
            (
                "/items/$dynamicRef",
                "`$dynamicRef` is not supported",
                "use `$ref`, and `$anchor` or `$defs`",
            ),
        ),
        (
            {"$ref": "#x", "$defs": {"a": {"$anchor": "x"}, "b": {"$anchor": "x"}}},
            (
                "/$defs/b/$anchor",
                "two schemas have the `$anchor` `x`",
                "give each a unique anchor",
            ),
        ),
        (
            {"$ref": "x", "$defs": {"a": {"$id": "x"}, "b": {"$id": "x"}}},
            (
                "/$defs/b/$id",
                "two schemas of one file have the `$id` `x`",
                "give each a unique `$id`",
            ),
        ),
    ],
    ids=str,
)
def test_an_address_that_has_no_one_meaning_is_refused_at_its_place(
    schema: Any, problem: tuple[str, str, str]
) -> None:
    found = resolve(schema, FILES.get, BASE)[1]

    assert [(each.at, each.message, each.hint, each.code) for each in found] == [
        (*problem, "SCH002")
    ]


def test_a_schema_file_may_be_true_or_false() -> None:
    files = {"schemas/any.json": True, "schemas/none.json": False}
    schema = {"properties": {"a": {"$ref": "any.json"}, "b": {"$ref": "none.json"}}}

    resolved, problems = resolve(schema, files.get, BASE)

    assert (problems, _valid(resolved, {"a": 1}, {"b": 1}, {})) == ((), [True, False, True])


def test_files_that_refer_to_each_other_end() -> None:
    files: dict[str, dict[str, Any]] = {
        "schemas/a.json": {"properties": {"b": {"$ref": "b.json"}}, "required": ["b"]},
        "schemas/b.json": {"properties": {"a": {"$ref": "a.json"}, "me": {"$ref": "b.json"}}},
    }

    resolved, problems = resolve({"$ref": "a.json"}, files.get, BASE)

    assert problems == ()
    assert _valid(resolved, {"b": {"a": {"b": {}}}}, {"b": {"a": {}}}) == [True, False]


def test_defaults_that_are_null_are_kept_and_data_is_not_followed() -> None:
    schema = {"$ref": "a.json", "default": None, "const": {"$ref": "b.json"}}

    resolved, problems = resolve(schema, {"schemas/a.json": {}}.get, BASE)

    assert problems == ()
    assert (resolved["default"], resolved["const"]) == (None, {"$ref": "b.json"})


@pytest.mark.parametrize(
    ("reference", "code", "message"),
    [
        ("https://evil.example/x.json", "SEC010", "a URL, not a path"),
        ("file:///etc/passwd", "SEC010", "a URL, not a path"),
        ("//evil.example/x", "SEC010", "a URL, not a path"),
        ("/etc/passwd", "SEC010", "an absolute path"),
        ("../x.json", "SEC010", "a path with `..`"),
        ("./a/../../x.json", "SEC010", "a path with `..`"),
        ("a\\b.json", "SEC010", "a path with a backslash: use forward slashes"),
    ],
)
def test_a_reference_that_leads_outside_is_never_read(
    reference: str, code: str, message: str
) -> None:
    asked: list[str] = []

    resolved, problems = resolve({"items": {"$ref": reference}}, _noting(asked), BASE)

    assert told(problems) == [(code, "/items/$ref", f"`{reference}`: {message}")]
    assert (resolved, asked) == ({"items": {}}, [])


def test_a_missing_file_is_told_at_the_reference() -> None:
    _, problems = resolve({"items": {"$ref": "x.json"}}, {}.get, BASE)

    assert told(problems) == [("SCH002", "/items/$ref", "there is no schema `x.json`")]


def test_what_is_wrong_in_a_file_is_told_at_the_reference_that_led_there() -> None:
    files = {"schemas/a.json": {"$ref": "b.json"}, "schemas/b.json": {"$ref": "/c.json"}}

    _, problems = resolve({"not": {"$ref": "a.json"}}, files.get, BASE)

    assert told(problems) == [
        ("SEC010", "/not/$ref", "`/c.json` (in schemas/b.json): an absolute path")
    ]


def test_a_chain_of_files_without_end_is_cut() -> None:
    def read(path: str) -> dict[str, Any]:
        number = int(path.removeprefix("schemas/").removesuffix(".json"))
        return {"$ref": f"{number + 1}.json"}

    resolved, problems = resolve({"$ref": "0.json"}, read, BASE)

    assert len(resolved["$defs"]) == MAX_FILES
    assert [problem.code for problem in problems] == ["SCH002"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{type: object, properties: {a: {type: [string, 'null']}}}", []),
        ("true", []),
        ("{not: {minLength: -1}}", [("1:19", "expected at least 0, got the number -1")]),
        ("{pattern: '('}", [("1:11", "the string `(` is not allowed: \"(\" is not a \"regex\"")]),
        ("{required: a}", [("1:12", "expected a list, got the string `a`")]),
        ("{$ref: '#/x'}", [("1:8", "`$ref` points to `/x`, which does not exist")]),
        (
            "{$ref: '#/x', $defs: {a b: {$ref: '#/$defs/a%20b'}}}",
            [("1:8", "`$ref` points to `/x`, which does not exist")],
        ),
        ("{$ref: 'http://127.0.0.1:9/x'}", None),
        ("3", [("1:1", "expected true or false or a mapping, got the number 3")]),
    ],
)  # fmt: skip
def test_a_schema_is_checked_to_be_one(source: str, expected: list[tuple[str, str]] | None) -> None:
    document = read_any("a", source.encode())

    problems = check_schema(document.value, document.place)

    if expected is None:
        assert [problem.code for problem in problems] == ["SCH002"]
    else:
        assert [(str(problem.at)[2:], problem.message) for problem in problems] == expected


def test_the_place_of_a_wrong_type_is_the_type() -> None:
    document = read_any("a", b"x: {type: object, properties: {a: {type: strnig}}}")

    problems = check_schema(document.value["x"], document.place, "/x")

    assert [str(problem.at) for problem in problems] == ["a:1:42"]


@pytest.mark.parametrize(
    ("base", "patch", "merged"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patches_do_what_rfc_7396_says(base: Any, patch: Any, merged: Any) -> None:
    assert merge_patch(base, patch) == merged


def test_merging_changes_neither_side() -> None:
    base, patch = {"a": {"b": 1}}, {"a": {"c": 2}}

    merge_patch(base, patch)

    assert (base, patch) == ({"a": {"b": 1}}, {"a": {"c": 2}})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("partials/a.md.j2", Confined("prompts/partials/a.md.j2")),
        ("./a.md.j2", Confined("prompts/support/a.md.j2")),
        ("././b//c", Confined("prompts/support/b/c")),
        (".hidden", Confined("prompts/.hidden")),
        ("a..b/c", Confined("prompts/a..b/c")),
        ("", Confined("", "the path names no file")),
        (".", Confined("", "the path names no file")),
        ("./", Confined("", "the path names no file")),
        ("..", Confined("", "the path names no file")),
        ("a/..", Confined("", "a path with `..`")),
        ("/a", Confined("", "an absolute path")),
        ("C:/a", Confined("", "a URL, not a path")),
        ("http://a/b", Confined("", "a URL, not a path")),
        ("a\\..\\b", Confined("", "a path with a backslash: use forward slashes")),
        ("a\0b", Confined("", "a path with a control character")),
        ("a\u202eb", Confined("", "a path with a control character")),
    ],
)
def test_a_path_stays_inside_or_is_refused(written: str, expected: Confined) -> None:
    assert confined(written, BASE, "prompts") == expected


def test_without_a_root_a_path_is_from_the_repository() -> None:
    assert confined("a/b", BASE) == Confined("a/b")
    assert confined("./a", "top.yaml") == Confined("a")


def _noting(asked: list[str]) -> Read:
    """A reader that finds nothing and keeps what it was asked for."""

    def read(path: str) -> None:
        asked.append(path)

    return read


def _valid(schema: Any, *values: Any) -> list[bool]:
    validator = jsonschema_rs.Draft202012Validator(schema)
    return [validator.is_valid(value) for value in values]
