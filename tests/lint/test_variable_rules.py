"""VAR001, VAR002, VAR006, VAR011, VAR012: what is found, where, and what is left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from promptops.lint.examples import files, findings
from promptops.lint.registry import built_in
from promptops.model.place import plain_text
from promptops.runtime.template.text_rendering import Run, TemplateFailure, render_text
from tests.lint.people import in_message

Lines = Callable[[str, str], list[str]]


def test_an_undefined_name_two_includes_deep_is_placed_in_the_partial_with_the_way_to_it() -> None:
    block = (
        "--- prompts/a.prompt.yaml\nformat: promptops/1\nmessages:\n  - role: user\n"
        '    content: |\n      Ünï {% include "p/one.j2" %}\n'
        '--- prompts/p/one.j2\n\n{% include "p/two.j2" %}\n--- prompts/p/two.j2\näöü {{ lost }}\n'
    )

    found = findings(built_in()["VAR001"], files(block))

    assert [(str(f.place), [str(r.place) for r in f.related]) for f in found] == [
        ("prompts/p/two.j2:1:8", ["prompts/p/one.j2:2:12", "prompts/a.prompt.yaml:5:22"])
    ]


VALUES = """\
inputs:
  required: [flag, words, rows, row, maybe, count, any]
  properties:
    flag: {type: boolean}
    words: {type: array, items: {type: string}}
    rows: {type: array, items: {type: object}}
    row: {type: object, properties: {ok: {enum: [true, "x"]}}}
    maybe: {type: [string, "null"]}
    count: {type: integer}
    any: {}
"""


def test_the_item_of_for_each_hides_an_input_and_a_macro_of_a_partial_hides_none() -> None:
    block = (
        f"--- prompts/a.prompt.yaml\nformat: promptops/1\n{VALUES}"
        "messages:\n  - for_each: rows\n    as: row\n    messages:\n"
        """      - {role: user, content: '{% from "m.j2" import m %}{{ m(1) }}'}\n"""
        "--- prompts/m.j2\n{% macro m(flag) %}{{ flag }}{% endmacro %}\n"
    )

    [found] = findings(built_in()["VAR006"], files(block))

    assert (str(found.place), found.message, [str(r.place) for r in found.related]) == (
        "prompts/a.prompt.yaml:14:9",
        "the item of `for_each` hides the input `row`",
        ["prompts/a.prompt.yaml:8:5"],
    )


@pytest.mark.parametrize(
    ("written", "expected", "mended"),
    [
        (
            "additionalProperties: true",
            ["2:25-29 undeclared inputs are accepted without an error"],
            ["false"],
        ),
        (
            "additionalProperties: {type: string}",
            ["2:25-39 undeclared inputs are accepted without an error"],
            [],
        ),
        ("additionalProperties: false", [], []),
        ("unevaluatedProperties: false\n  additionalProperties: true", [], []),
        ("properties: {}", [], []),
    ],
)
def test_inputs_that_are_open_are_found_where_they_are_opened(
    said: Lines, written: str, expected: list[str], mended: list[str]
) -> None:
    block = f"inputs:\n  {written}\n"

    fixes = [f.fix for f in findings(built_in()["VAR011"], files(block)) if f.fix is not None]

    assert said("VAR011", block) == expected
    assert [edit.text for fix in fixes for edit in fix.edits] == mended


def test_a_placeholder_in_a_case_is_the_callers_text_and_one_in_a_partial_is_told_once() -> None:
    block = (
        "--- prompts/a.prompt.yaml\nformat: promptops/1\n"
        "inputs: {required: [count], properties: {count: {type: string}}}\n"
        "messages:\n  - {role: user, content: \"{{ count }}{% include 'p.j2' %}\"}\n"
        "tests:\n  - {name: one, inputs: {count: 'a {count}'}}\n--- prompts/p.j2\nä {count}\n"
    )

    [found] = findings(built_in()["VAR012"], files(block))

    assert (str(found.place), found.hint) == ("prompts/p.j2:1:3", "write `{{ count }}`")
    assert found.fix is not None
    assert [edit.text for edit in found.fix.edits] == ["{{ count }}"]


NAMES_OF_SCOPES = [
    "{% macro m(caller=none) %}{{ caller() if caller else '-' }}{% endmacro %}{{ m() }}",
    "{% macro m(caller=none) %}{{ caller() }}{% endmacro %}{% call m() %}x{% endcall %}",
    "{% macro m() %}{{ caller() if caller is defined }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}",
    "{% macro m(a, caller=a) %}{{ caller }}{% endmacro %}{{ m() }}",
    "{% for p in people %}{% block b scoped %}{{ loop.index }}{% endblock %}{% endfor %}",
    "{% for p in people %}{% block b %}{{ loop.index }}{% endblock %}{% endfor %}",
    "{% for p in people %}{% block b scoped %}{% block c %}{{ p.name }}{{ loop.index }}"
    "{% endblock %}{% endblock %}{% endfor %}",
    "{% macro m() %}{{ box.name }}{% endmacro %}{{ m() }}{% set box = people[0] %}",
    "{% macro m() %}{{ box.name }}{% endmacro %}{% set box = people[0] %}{{ m() }}",
    "{% macro m() %}{{ box.name }}{% endmacro %}{{ m() }}{% if box %}{% set box = 1 %}{% endif %}",
    "{% for p in people %}{{ box.name }}{% endfor %}{% set box = people[0] %}",
    "{{ box.name }}{% for p in people %}{{ box.name }}{% endfor %}{% set box = people[0] %}",
    "{% set box %}{{ box.name }}{% endset %}{{ box }}",
]


@pytest.mark.parametrize("template", NAMES_OF_SCOPES)
def test_a_name_is_undefined_in_lint_exactly_where_rendering_finds_it_undefined(
    said: Lines, template: str
) -> None:
    data = {"people": [{"name": "Ada"}], "box": {"name": "Bea"}}
    try:
        render_text(plain_text("p.j2", template), data, Run(lambda _path, _name: None))
        fails = False
    except TemplateFailure:
        fails = True

    found = said("VAR001", in_message(template))

    assert len(found) == fails, found


def test_the_hint_for_an_input_below_the_name_of_all_inputs_is_the_input() -> None:
    block = (
        "inputs: {properties: {name: {type: string}}}\n"
        "messages:\n  - {role: user, content: '{{ vars.name }} {{ name.length }} {{ vars.x }}'}\n"
    )

    hints = {code: [f.hint for f in findings(built_in()[code], files(block))] for code in CODES}

    assert hints == {
        "VAR001": ["write `name`: inputs are names themselves", "declare it under `inputs`"],
        "VAR003": ["use `| length`"],
    }


CODES = ("VAR001", "VAR003")
