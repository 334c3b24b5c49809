"""VAR001, VAR002, VAR006, VAR011, VAR012: what is found, where, and what is left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from promptops.lint.examples import files, findings
from promptops.lint.registry import built_in
from promptops.model.place import plain_text
from promptops.runtime.template.program import render_text
from promptops.runtime.template.scope import Run, TemplateFailure

Lines = Callable[[str, str], list[str]]

NO_CASE = "tests: []\n"
PEOPLE = """\
inputs:
  required: [people, box]
  properties:
    people:
      type: array
      items: {$ref: "#/$defs/person"}
    box: {anyOf: [{$ref: "#/$defs/person"}, {type: "null"}]}
  $defs:
    person:
      type: object
      additionalProperties: false
      required: [name]
      properties:
        name: {type: string}
        nick: {type: string}
        tone: {type: string, default: warm}
        home: {type: object, properties: {city: {type: string}}}
"""


def in_message(content: str, inputs: str = PEOPLE) -> str:
    """A prompt of one message, whose first line stands in line 21 after PEOPLE, at column 7."""
    body = "".join(f"      {line}\n" for line in content.split("\n"))
    return f"{inputs}messages:\n  - role: user\n    content: |\n{body}{NO_CASE}"


UNDEFINED = [
    (
        "a folded block with a character outside ASCII before it",
        f"messages:\n  - role: user\n    content: >\n      Über\n      {{{{ tikcet }}}}\n{NO_CASE}",
        ["5:10-16 `tikcet` is not an input"],
    ),
    (
        "conditions of a message and of a part",
        "messages:\n  - role: user\n    when: foo == 1\n    content:\n"
        f"      - {{text: a, when: bar is defined and baz}}\n{NO_CASE}",
        ["3:11-14 `foo` is not an input", "5:44-47 `baz` is not an input"],
    ),
    (
        "a macro's body",
        in_message("{% macro m(a) %}{{ a }}{{ lost }}{% endmacro %}{{ m(1) }}"),
        ["21:33-37 `lost` is not an input"],
    ),
    (
        "the list of for_each, once, and what its messages read besides",
        "messages:\n  - for_each: examples\n    as: example\n    messages:\n"
        f'      - {{role: user, content: "{{{{ example.q }}}} {{{{ lost }}}}"}}\n{NO_CASE}',
        ["2:15-23 `examples` is not an input", "5:51-55 `lost` is not an input"],
    ),
    (
        "a conversation and an image that are no inputs",
        "messages:\n  - {history: turns}\n  - role: user\n    content:\n"
        f"      - image: {{input: photo}}\n{NO_CASE}",
        ["2:15-20 `turns` is not an input", "5:24-29 `photo` is not an input"],
    ),
    (
        "for_each over an input",
        in_message("{{ box.name }}").replace(
            "messages:\n",
            "messages:\n  - for_each: people\n    as: person\n    messages:\n"
            '      - {role: user, content: "{{ person.name }}"}\n',
            1,
        ),
        [],
    ),
    (
        "names that the template defines",
        in_message(
            "{% set a = 1 %}{{ a }}{% for p in people %}{{ p.name }}{{ loop.index }}{% endfor %}"
        ),
        [],
    ),
]


@pytest.mark.parametrize(
    ("block", "expected"), [row[1:] for row in UNDEFINED], ids=[r[0] for r in UNDEFINED]
)
def test_a_name_that_nothing_defines_is_found(said: Lines, block: str, expected: list[str]) -> None:
    assert said("VAR001", block) == expected


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


UNUSED = [
    (
        "an input that nothing reads",
        in_message("{{ people[0].name }}"),
        ["7:5-8 `box` is not used in any message"],
    ),
    (
        "one that is only asked for",
        in_message("{{ people[0].name }}{% if box is defined %}x{% endif %}"),
        [],
    ),
    (
        "one that only a set reads",
        in_message("{% set p = people %}{{ box.name }}"),
        ["4:5-11 `people` is not used in any message"],
    ),
    (
        "one that a set's name brings in",
        in_message("{% set p = people %}{{ p[0].name }}{{ box.name }}"),
        [],
    ),
    (
        "one that an uncalled macro reads",
        in_message("{% macro m() %}{{ box.name }}{% endmacro %}{{ people[0].name }}"),
        ["7:5-8 `box` is not used in any message"],
    ),
    ("a template that can't be parsed", in_message("{{ people. }}"), []),
    ("an include that is not there", in_message('{% include "lost.j2" %}'), []),
    (
        "an assertion",
        in_message("{{ people[0].name }}").replace(
            "tests: []",
            "tests:\n  - name: one\n    inputs: {people: [{name: x}], box: null}\n"
            "    rendered: [{type: python, value: box is None}]",
        ),
        [],
    ),
    (
        "for_each, a conversation, an image and a condition",
        "inputs:\n  required: [a, b, c, d]\n  properties:\n    a: {type: array}\n"
        "    b: {type: array}\n    c: {type: string}\n    d: {type: boolean}\n"
        "messages:\n  - for_each: a\n    as: x\n    messages:\n"
        "      - {role: user, content: hi}\n  - {history: b}\n"
        f"  - role: user\n    when: d\n    content:\n      - image: {{input: c}}\n{NO_CASE}",
        [],
    ),
]


@pytest.mark.parametrize(
    ("block", "expected"), [row[1:] for row in UNUSED], ids=[r[0] for r in UNUSED]
)
def test_an_input_that_reaches_no_message_is_found_at_its_key(
    said: Lines, block: str, expected: list[str]
) -> None:
    assert said("VAR002", block) == expected


def test_a_variant_may_leave_unused_what_it_inherits(said: Lines) -> None:
    block = (
        "--- prompts/a.prompt.yaml\nformat: promptops/1\ninputs:\n  properties:\n"
        "    tone: {type: string, default: warm}\nmessages:\n"
        '  - {role: user, content: "Write in a {{ tone }} tone."}\n'
        "--- prompts/b.prompt.yaml\nformat: promptops/1\nextends: a.prompt.yaml\n"
        "inputs:\n  properties:\n    size: {type: integer, default: 3}\n"
        "messages:\n  - {role: user, content: Write.}\n"
    )

    assert said("VAR002", block) == [
        "prompts/b.prompt.yaml:5:5-9 `size` is not used in any message"
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
SHADOWS = [
    ("a set", "{% set words = [1] %}", ["14:14-19 a `set` hides the input `words`"]),
    (
        "a loop",
        "{% for row in rows %}{% endfor %}",
        ["14:14-17 a loop's variable hides the input `row`"],
    ),
    (
        "an argument",
        "{% macro m(flag) %}{% endmacro %}",
        ["14:18-22 a macro's argument hides the input `flag`"],
    ),
    ("a with", "{% with any = 1 %}{% endwith %}", ["14:15-18 a `with` hides the input `any`"]),
    ("a macro", "{% macro row() %}{% endmacro %}", ["14:16-19 a macro hides the input `row`"]),
    ("a value made of itself", "{% set maybe = maybe | default('-', true) %}", []),
    ("other names", "{% set x = row %}{% for r in rows %}{% endfor %}", []),
]


@pytest.mark.parametrize(
    ("content", "expected"), [row[1:] for row in SHADOWS], ids=[r[0] for r in SHADOWS]
)
def test_a_name_that_hides_an_input_is_found_where_it_is_defined(
    said: Lines, content: str, expected: list[str]
) -> None:
    assert said("VAR006", in_message(content, VALUES)) == expected


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


PLACEHOLDERS = [
    (
        "of Python",
        "ü {count} and {word}",
        ["14:9-16 `{count}` is not a placeholder here and is sent unchanged"],
    ),
    (
        "of a shell, nearly the name",
        "${COUNT}",
        ["14:7-15 `${COUNT}` is not a placeholder here and is sent unchanged"],
    ),
    (
        "between tags",
        "{% if flag %}%(count)s{% endif %}",
        ["14:20-29 `%(count)s` is not a placeholder here and is sent unchanged"],
    ),
    ("Jinja's own, and other braces", '{{ count }} {"count": 1} {other} ${{ count }}', []),
]


@pytest.mark.parametrize(
    ("content", "expected"), [row[1:] for row in PLACEHOLDERS], ids=[r[0] for r in PLACEHOLDERS]
)
def test_a_placeholder_of_another_language_is_found_in_the_text_of_a_template(
    said: Lines, content: str, expected: list[str]
) -> None:
    assert said("VAR012", in_message(content, VALUES)) == expected


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


def test_a_macro_parameter_caller_without_a_default_is_refused(said: Lines) -> None:
    template = "{% macro m(caller) %}{{ caller() }}{% endmacro %}never called"

    assert said("TPL005", in_message(template)) == [
        "21:18-24 the parameter `caller` has no default: write `caller=none`, or remove it"
    ]
