"""The program of a text in a bundle: the same tree as the text, and nothing else is accepted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from promptops.model.place import plain_text
from promptops.runtime.template import nodes
from promptops.runtime.template.parsed_program import (
    MAX_PROGRAM_CHARS,
    condition_of,
    program_of,
    program_of_condition,
    tree_of,
)
from promptops.runtime.template.template import MAX_DEPTH, MAX_NODES, TemplateError, parse
from promptops.runtime.template.text_rendering import Run, TemplateFailure, evaluate, render_text

CONSTRUCTS = (
    "a{{ n | default('x', true) }}{% if a.b[0] == 1 and not c is defined(1) %}b{% elif d %}c"
    "{% else %}d{% endif %}{% for k, v in m if v recursive %}{{ loop(v) }}{% else %}e{% endfor %}"
    "{% from 'p' import q as r, s %}{% import 'p' as t with context %}{% include ['u', 'v'] "
    "ignore missing %}{% macro w(x, y=1.0) %}{{ caller() }}{% endmacro %}{% call(z) w(1, *a, k=2, "
    "**b) %}f{% endcall %}{% filter upper | trim %}g{% endfilter %}{% set h | lower %}i{% endset %}"
    "{% set ns.j = -1 + +2 ** 3 // 4 %}{% with l = [1, (2,), {'o': none}] %}{{ l[::2] ~ 'é' }}"
    "{% endwith %}{% block aa scoped required %}{% endblock %}{{ 'x' if y }}{{ 1 < 2 != 3 or 4 }}"
)


def test_every_construct_is_the_same_tree_again() -> None:
    program = program_of(CONSTRUCTS)
    assert program is not None

    tree = tree_of(program)

    assert tree.is_like(parse(CONSTRUCTS).tree)
    used = {type(node) for node in (tree, *tree.find_all(nodes.Node))}
    known = set(nodes.BY_CODE.values()) - {nodes.Extends}
    assert used == known


def test_offsets_and_names_without_a_value_are_kept() -> None:
    source = "{{ a }}{% for x in xs %}{% set y = x %}{% else %}{% set z = 1 %}{% endfor %}"
    program = program_of(source)

    assert program is not None
    assert json.loads(program) == [
        "template",
        1,
        [
            ["out", 3, [["name", 3, "a"]]],
            [
                *("for", 10, ["name", 14, "x", True], ["name", 19, "xs"]),
                [["set", 27, ["name", 31, "y", True], ["name", 35, "x"]]],
                [["set", 52, ["name", 56, "z", True], ["const", 60, 1]]],
                *(None, False, ["y"], ["z"]),
            ],
        ],
    ]


@pytest.mark.parametrize("source", ["{% if %}", "{{ 1e999 }}", "{{ '\\ud800' }}"])
def test_a_text_that_json_can_t_hold_has_no_program(source: str) -> None:
    assert program_of(source) is None


def test_a_condition_is_its_expression() -> None:
    assert program_of_condition("a and b") == '["and",0,["name",0,"a"],["name",6,"b"]]'
    assert program_of_condition("a and") is None


def nested(depth: int) -> Any:
    value: Any = ["name", 0, "a"]
    for _ in range(depth):
        value = ["not", 0, value]
    return value


OUT = ["template", 0, [["out", 0, ["hi"]]]]
REFUSED = [
    ("", "it is not JSON"),
    ("[" * 100_000, "it is not JSON"),
    ("9" * 5_000, "it is not JSON"),
    ('["const",0,NaN]', "NaN is not a number"),
    (None, "an operation is missing"),
    ([], "an operation is missing"),
    ({"template": 0}, "an operation is missing"),
    ("hi", "an operation is missing"),
    ([["template"], 0, []], "an operation is missing"),
    (["templates", 0, []], "the operation 'templates' is unknown; install a newer promptops"),
    (["out", 0, []], "`out` in a place for template"),
    (["template", 0, [["name", 0, "a"]]], "`name` in a place for statement"),
    (["template", 0, ["hi"]], "an operation is missing"),
    (["template", 0, [["out", 0, [OUT]]]], "`template` in a place for expression"),
    (["template", 0], "`template` has 1 fields"),
    ([*OUT, [], 1], "`template` has 4 fields"),
    (["template", "0", []], "a field is not a int"),
    (["template", True, []], "a field is not a int"),
    (["template", -1, []], "an offset outside of the text"),
    (["template", 10**9, []], "an offset outside of the text"),
    (["template", 0, {}], "a field is not a list"),
    (["template", 0, [], "x"], "a field is not a list"),
    (["template", 0, [], [1]], "a field is not a str"),
    (["template", 0, [["out", 0, [["name", 0, 1]]]]], "a field is not a str"),
    (["template", 0, [["out", 0, [["const", 0, [1]]]]]], "a constant is a string"),
    (["template", 0, [["out", 0, [["binary", 0, "@", "a", "b"]]]]], "there is no operator '@'"),
    (["template", 0, [["out", 0, [["compare", 0, "a", [["operand", 0, "is", "b"]]]]]]], "there is"),
    (["template", 0, [["from", 0, "p", [["a", 1]]]]], "an imported name is not a name"),
    (["template", 0, [["from", 0, "p", [["a"]]]]], "an imported name is not a name"),
    (["template", 0, [["callblock", 0, ["name", 0, "a"], [], [], []]]], "`name` in a place for"),
    (["template", 0, [["macro", 0, "m", ["a"], [], []]]], "an operation is missing"),
    (["template", 0, [["set", 0, None, "a"]]], "an operation is missing"),
    (["template", 0, [["out", 0, [nested(MAX_DEPTH)]]]], "it is too large"),
    (["template", 0, [["out", 0, ["a"] * MAX_NODES]]], "it is too large"),
    (["template", 0, [["out", 0, ["a" * MAX_PROGRAM_CHARS]]]], "it is too large"),
]


@pytest.mark.parametrize(("program", "problem"), REFUSED)
def test_anything_else_is_refused_with_its_reason(program: Any, problem: str) -> None:
    written = program if isinstance(program, str) and program != "hi" else json.dumps(program)

    with pytest.raises(TemplateError) as caught:
        tree_of(written)

    start = "the bundle has no valid program of this text: "
    assert (caught.value.message.startswith(start + problem), caught.value.code) == (True, "TPL005")


ODD = [
    ["out", 0, [["filter", 0, None, "upper"]]],
    ["out", 0, [["filter", 0, "a", "no_such_filter"]]],
    ["out", 0, [["test", 0, "a", "no_such_test"]]],
    ["out", 0, [["attr", 0, "a", "__class__"]]],
    ["out", 0, [["call", 0, ["attr", 0, "a", "format"]]]],
    ["out", 0, [["name", 0, "__builtins__"]]],
    ["out", 0, [["slice", 0, None, None, None]]],
    ["out", 0, [["nsattr", 0, "a", "b"]]],
    ["set", 0, ["const", 0, 1], "a"],
    ["set", 0, ["nsattr", 0, "a", "b"], "c"],
    ["setblock", 0, ["name", 0, "x"], ["filter", 0, "a", "upper"], []],
    ["filterblock", 0, [], ["filter", 0, None, "nope"]],
    ["for", 0, ["const", 0, 1], ["list", 0, ["a"]], []],
    ["for", 0, ["name", 0, "loop"], ["list", 0, ["a"]], []],
    ["macro", 0, "m", [["name", 0, "a"], ["name", 0, "a"]], [], []],
    ["macro", 0, "m", [], ["a", "b"], []],
    ["with", 0, [["name", 0, "a"]], [], []],
    ["with", 0, [], ["a"], []],
    ["extends", 0, ["name", 0, "a"]],
    ["include", 0, ["name", 0, "a"]],
    ["block", 0, "a", [], False, True],
    ["out", 0, [["const", 0, 10**4000]]],
    ["out", 0, [["dict", 0, [["pair", 0, ["list", 0, []], "a"]]]]],
]


@pytest.mark.parametrize("statement", ODD, ids=json.dumps)
def test_a_program_that_no_text_has_fails_like_a_template(statement: Any) -> None:
    """What the parser refuses may stand in a program; it can do no more than a template."""
    twice = ["template", 0, [statement, ["extends", 0, ["const", 0, "p"]]]]
    for program in (["template", 0, [statement]], twice):
        text = plain_text("p", "{{ a }}", json.dumps(program))
        try:
            found = render_text(text, {"b": 1}, Run(lambda path, name: None))
        except TemplateFailure:
            continue
        assert "object at" not in found


def test_a_condition_of_a_bundle_is_evaluated_from_its_program() -> None:
    text = plain_text("p", "a", '["name",0,"b"]')

    assert evaluate(text, {"a": False, "b": True}, Run(lambda path, name: None))
    assert isinstance(condition_of('["name",0,"b"]'), nodes.Name)
