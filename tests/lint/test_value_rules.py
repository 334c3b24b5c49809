"""VAR003, VAR004, VAR005: what is found, where, and what is left alone."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import pytest

from promptops.lint.examples import PROMPT_PATH, files, findings
from promptops.lint.registry import built_in
from promptops.model.place import plain_text
from promptops.runtime.template.filters import allowed_tests
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


UNKNOWN = [
    (
        "a typo behind a reference",
        "{% for p in people %}{{ p.nmae }}{% endfor %}",
        ["21:33-37 `nmae` is not a key of `people[]`"],
    ),
    ("a subscript", "{{ box['nmae'] }}", ["21:15-19 `nmae` is not a key of `box`"]),
    (
        "another name for it",
        "{% set b = box %}\n{{ b.nmae }}",
        ["22:12-16 `nmae` is not a key of `box`"],
    ),
    (
        "below a text",
        "{{ box.name.first }}",
        ["21:19-24 `box.name` is a string and has no `first`"],
    ),
    ("below a list", "{{ people.name }}", ["21:17-21 `people` is a list and has no `name`"]),
    (
        "asked for in the prompt itself",
        "{% if box.nmae is defined %}x{% endif %}",
        ["21:17-21 `nmae` is not a key of `box`"],
    ),
    (
        "a typo where other keys may be",
        "{{ box.home.citi }}",
        ["21:19-23 `citi` is not a key of `box.home`"],
    ),
    ("another key where other keys may be", "{{ box.home.street }}", []),
    (
        "what a reference names",
        "{{ people[0].name }}{{ (people | first).name }}{{ people | length }}",
        [],
    ),
    ("what no input is", "{{ lost.nmae }}", []),
]


@pytest.mark.parametrize(
    ("content", "expected"), [row[1:] for row in UNKNOWN], ids=[r[0] for r in UNKNOWN]
)
def test_a_key_that_the_schema_rules_out_is_found_at_the_key(
    said: Lines, content: str, expected: list[str]
) -> None:
    assert said("VAR003", in_message(content)) == expected


def test_a_misspelt_key_is_mended_by_the_nearest_one() -> None:
    [found] = findings(built_in()["VAR003"], files(in_message("{{ box.nmae }}")))

    assert found.hint == "did you mean `name`?"
    assert found.fix is not None
    assert [(str(e.place), e.text) for e in found.fix.edits] == [(str(found.place), "name")]
    assert not found.fix.safe


def test_a_partial_may_ask_for_a_key_that_only_some_prompts_have(
    said: Lines,
) -> None:
    include = '{% include "p.j2" %}'
    prompt = in_message(include).replace("tests: []\n", "")
    partial = "{% if box.extra is defined %}{{ box.extra }}{% endif %}{{ box.lost }}\n"
    block = f"--- prompts/a.prompt.yaml\nformat: promptops/1\n{prompt}--- prompts/p.j2\n{partial}"

    assert said("VAR003", block) == ["prompts/p.j2:1:63-67 `lost` is not a key of `box`"]


OPTIONAL = """\
inputs:
  required: [pet]
  properties:
    note: {type: string}
    size: {type: integer, default: 3}
    ref: {$ref: "#/$defs/filled"}
    pet:
      oneOf:
        - {required: [kind, bark], properties: {kind: {const: dog}, bark: {type: string}}}
        - {required: [kind], properties: {kind: {const: cat}, purr: {type: string}}}
    inner: {type: object, default: {}, properties: {depth: {default: 1}, width: {type: integer}}}
    some: {type: array, items: {allOf: [{required: [a]}], properties: {a: {}, b: {}}}}
  $defs:
    filled: {type: string, default: x}
"""
MAYBE = [
    ("an optional input", "{{ note }}", ["18:10-14 `note` may be missing"]),
    ("in a filter", "{{ note | upper }}", ["18:10-14 `note` may be missing"]),
    ("a test by truth", "{% if note %}x{% endif %}", ["18:13-17 `note` may be missing"]),
    ("with a default, here and behind a reference", "{{ size }}{{ ref }}", []),
    (
        "asked for, or with a default",
        "{% if note is defined %}{{ note }}{% endif %}{{ note | default('') }}",
        [],
    ),
    ("asked for in an `and`", "{{ 'x' if note is defined and note }}", []),
    (
        "below an input with a default",
        "{{ inner.depth }}{{ inner.width }}",
        ["18:33-38 `inner.width` may be missing"],
    ),
    ("what an alternative requires", "{% if pet.kind == 'dog' %}{{ pet.bark }}{% endif %}", []),
    ("what an alternative leaves out", "{{ pet.purr }}", ["18:14-18 `pet.purr` may be missing"]),
    (
        "a list that may be missing",
        "{% for s in some %}{{ s.a }}{% endfor %}",
        ["18:19-23 `some` may be missing"],
    ),
    (
        "what allOf requires",
        "{% if some is defined %}{% for s in some %}{{ s.a }}{{ s.b }}{% endfor %}{% endif %}",
        ["18:64-65 `some[].b` may be missing"],
    ),
    ("an element by number", "{% if some is defined and some %}{{ some[0].a }}{% endif %}", []),
    ("what no input is", "{{ lost }}", []),
]


@pytest.mark.parametrize(
    ("content", "expected"), [row[1:] for row in MAYBE], ids=[r[0] for r in MAYBE]
)
def test_a_value_that_may_be_missing_is_found_where_it_is_read(
    said: Lines, content: str, expected: list[str]
) -> None:
    assert said("VAR004", in_message(content, OPTIONAL)) == expected


def test_a_condition_guards_a_message_only_if_it_asks_whether_a_value_is_defined(
    said: Lines,
) -> None:
    turn = '  - {{role: user, when: "{}", content: "{{{{ note }}}}"}}\n'
    conditions = ("note is defined", "note is defined and size > 1", "note", "size > 1", "not note")
    block = f"{OPTIONAL}messages:\n" + "".join(map(turn.format, conditions)) + NO_CASE

    found = [place.partition(" ")[0] for place in said("VAR004", block)]

    # Lines 16 and 17 are guarded; 18 and 20 fail in their condition and in their text.
    assert found == ["18:25-29", "18:45-49", "19:49-53", "20:29-33", "20:49-53"]


def test_a_condition_on_a_message_guards_its_parts(said: Lines) -> None:
    block = (
        f"{OPTIONAL}messages:\n  - role: user\n    when: note is defined\n    content:\n"
        '      - {text: "{{ note }}", when: "note != 3"}\n'
        "  - role: user\n    content:\n"
        f'      - {{text: "{{{{ note }}}}", when: note is defined}}\n{NO_CASE}'
    )

    assert said("VAR004", block) == []


def test_an_item_of_for_each_is_there_and_its_keys_may_not_be(
    said: Lines,
) -> None:
    block = (
        f"{OPTIONAL}messages:\n  - for_each: some\n    as: s\n    messages:\n"
        '      - {role: user, content: "{{ s.a }}{{ s.b }}"}\n'
        '      - {role: user, when: s.b is defined, content: "{{ s.b }}"}\n' + NO_CASE
    )

    assert said("VAR004", block) == ["19:46-47 `some[].b` may be missing"]


@pytest.mark.parametrize(
    ("content", "mended"),
    [("{{ note }}", " | default"), ("{{ note | upper }}", None), ("{{ note ~ 1 }}", None)],
)
def test_a_default_is_offered_where_the_value_is_all_that_is_printed(
    content: str, mended: str | None
) -> None:
    [found] = findings(built_in()["VAR004"], files(in_message(content, OPTIONAL)))

    edits = [(str(e.place), e.text) for e in found.fix.edits] if found.fix else []
    assert edits == ([(f"{PROMPT_PATH}:18:14", mended)] if mended else [])
    assert found.hint == "give it a `default`, or test `note is defined` first"


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
PYTHON = "is printed in Python syntax:"
LEAKS = [
    ("a boolean", "{{ flag }}", [f"14:10-14 `flag` {PYTHON} `True` or `False`"]),
    (
        "a list",
        "{{ words }}{{ rows }}",
        [f"14:10-15 `words` {PYTHON} `['x']`", f"14:21-25 `rows` {PYTHON} `['x']`"],
    ),
    (
        "an object, in a text made of several",
        "{{ 'a' ~ row }}",
        [f"14:16-19 `row` {PYTHON} `{{'k': 1}}`"],
    ),
    ("a value of an enum", "{{ row.ok }}", [f"14:10-16 `row.ok` {PYTHON} `True` or `False`"]),
    ("null", "{{ maybe }}", ["14:10-15 `maybe` may be null, which is printed as `None`"]),
    (
        "null in the branch where it is null",
        "{% if maybe %}a{% else %}{{ maybe }}{% endif %}",
        ["14:35-40 `maybe` may be null, which is printed as `None`"],
    ),
    (
        "null, asked for",
        "{% if maybe %}{{ maybe }}{% endif %}{{ maybe if maybe is not none else '-' }}",
        [],
    ),
    (
        "null, in the other branch",
        "{% if maybe is none %}-{% elif count %}{{ maybe }}{% else %}{{ maybe }}{% endif %}",
        [],
    ),
    (
        "null, compared",
        "{% if maybe == 'x' %}{{ maybe }}{% endif %}{% if maybe != none %}{{ maybe }}{% endif %}",
        [],
    ),
    ("null, asked in an `and`", "{% if count and maybe %}{{ maybe }}{% endif %}", []),
    (
        "null, asked in an `or`",
        "{% if count or maybe %}{{ maybe }}{% endif %}",
        ["14:33-38 `maybe` may be null, which is printed as `None`"],
    ),
    (
        "null, handed to a macro",
        "{% macro m(v) %}{{ v }}{% endmacro %}{% if maybe %}{{ m(maybe) }}{% endif %}",
        [],
    ),
    (
        "numbers, texts, and what is not known",
        "{{ count }}{{ words[0] }}{{ any }}{{ any.x }}{{ rows[0].x }}",
        [],
    ),
    ("filtered", "{{ flag | json }}{{ words | join(', ') }}{{ maybe | default('-', true) }}", []),
    ("not printed", "{% for w in words %}{{ w }}{% endfor %}{% if flag %}x{% endif %}", []),
]


@pytest.mark.parametrize(
    ("content", "expected"), [row[1:] for row in LEAKS], ids=[r[0] for r in LEAKS]
)
def test_a_value_that_would_be_printed_as_python_writes_it_is_found(
    said: Lines, content: str, expected: list[str]
) -> None:
    assert said("VAR005", in_message(content, VALUES)) == expected


SAMPLES = {
    "string": ["a", "B", ""],
    "number": [0, 1, 2, 2.5],
    "boolean": [True, False],
    "null": [None],
    "array": [["a"], []],
    "object": [{"k": 1}, {}],
}
ARGUMENTS = {
    **dict.fromkeys(("divisibleby", "lt", "lessthan"), "(1)"),
    **dict.fromkeys(("le", "gt", "greaterthan"), "(0)"),
    "divisibleby": "(2)",
    "ge": "('A')",
    **dict.fromkeys(("eq", "equalto", "ne"), "(1)"),
    "in": "(['a', none])",
}
COMPARISONS = ["x == 'a'", "x != none", "x in ['a', 1]", "x < 1", "x >= 'A'", "x | length", "x"]
IN_WORDS = {"lower", "upper"}
"""What these test is the value as Jinja prints it, of which VAR005 knows nothing."""


@pytest.mark.parametrize("name", sorted(filter(str.isidentifier, allowed_tests())))
@pytest.mark.parametrize("negation", ["", "not "])
def test_a_leak_is_found_exactly_where_a_test_lets_such_a_value_through(
    said: Lines, name: str, negation: str
) -> None:
    test = f"x is {negation}{name}{ARGUMENTS.get(name, '')}"

    leaks = {kinds: leaks_of(test, kinds, said) for kinds in combinations(SAMPLES, 2)}

    wrong = {kinds: leak for kinds, leak in leaks.items() if leak[0] != leak[1]}
    assert not wrong or name in IN_WORDS, wrong


@pytest.mark.parametrize("test", [*COMPARISONS, *(f"not ({each})" for each in COMPARISONS)])
def test_a_leak_is_found_exactly_where_a_comparison_lets_such_a_value_through(
    said: Lines, test: str
) -> None:
    leaks = {kinds: leaks_of(test, kinds, said) for kinds in combinations(SAMPLES, 2)}

    assert {kinds: leak for kinds, leak in leaks.items() if leak[0] != leak[1]} == {}


def leaks_of(test: str, kinds: tuple[str, ...], said: Lines) -> tuple[bool, bool]:
    """Whether VAR005 reports a print behind a test, and whether a value comes there that it means.

    The same print stands behind an `elif`, an inline `if`, and a loop's `if`: all must agree.
    """
    schema = f"inputs: {{required: [x], properties: {{x: {{type: [{', '.join(kinds)}]}}}}}}\n"
    found = {
        bool(said("VAR005", in_message(content, schema.replace("null", '"null"'))))
        for content in (
            f"{{% if {test} %}}{{{{ x }}}}{{% endif %}}",
            f"{{% if 0 %}}-{{% elif {test} %}}{{{{ x }}}}{{% endif %}}",
            f"{{{{ x if {test} else '-' }}}}",
        )
    }
    (reported,) = found
    values = [value for kind in kinds for value in SAMPLES[kind]]
    return reported, any(prints_python(f"{{% if {test} %}}yes{{% endif %}}", v) for v in values)


def prints_python(template: str, value: object) -> bool:
    if type(value) in (str, int, float):
        return False
    try:
        return bool(
            render_text(plain_text("p.j2", template), {"x": value}, Run(lambda _p, _n: None))
        )
    except TemplateFailure:
        return False


@pytest.mark.parametrize(
    "content",
    [
        "{% if box.name is defined %}x{% else %}{{ box.legacy }}{% endif %}",
        "{% if box.name is undefined %}{{ box.legacy.id }}{% endif %}",
        "{{ box.name if box.name is defined else box.legacy }}",
        "{% for p in people %}{% if p.name is defined %}x{% else %}{{ p.old }}{% endif %}"
        "{% endfor %}",
        "{% if box.name is mapping %}{{ box.name.first }}{% endif %}",
        "{% if people is string %}-{% elif people is sequence %}-{% else %}{{ people.name }}"
        "{% endif %}",
        "{% if people is undefined %}{{ box.nick }}{% endif %}",
        "{{ box.name is mapping and box.name.first }}",
    ],
)
def test_what_no_caller_can_reach_is_not_reported(said: Lines, content: str) -> None:
    inputs = PEOPLE.replace(', {type: "null"}', "")

    assert said("VAR003", in_message(content, inputs)) == []
    assert said("VAR004", in_message(content, inputs)) == []


@pytest.mark.parametrize(
    "content",
    [
        "{% if box.nick is defined %}x{% else %}{{ box.legacy }}{% endif %}",
        "{% if box.name is defined %}{{ box.legacy }}{% endif %}",
        "{% if box.legacy is defined %}x{% else %}{{ box.legacy.id }}{% endif %}",
        "{% set box = people[0] %}{% if box.nick is undefined %}{{ box.legacy }}{% endif %}",
        "{% set people = 1 %}{% if people is undefined %}{{ box.legacy }}{% endif %}",
    ],
)
def test_what_some_caller_reaches_is_reported(said: Lines, content: str) -> None:
    assert len(said("VAR003", in_message(content))) >= 1


def test_a_condition_on_a_message_rules_out_null(said: Lines) -> None:
    turn = '  - {{role: user, when: "{}", content: "{{{{ maybe }}}}"}}\n'
    block = f"{VALUES}messages:\n" + "".join(map(turn.format, ("maybe", "count"))) + NO_CASE

    assert said("VAR005", block) == ["13:46-51 `maybe` may be null, which is printed as `None`"]


@pytest.mark.parametrize(
    ("types", "asked"), [("string", "{% if a %}"), ("integer", "{% if a is not none %}")]
)
def test_a_number_that_may_be_null_is_asked_for_so_that_nought_is_printed(
    types: str, asked: str
) -> None:
    block = (
        f'inputs: {{required: [a], properties: {{a: {{type: [{types}, "null"], maxLength: 9}}}}}}\n'
        'messages:\n  - {role: user, content: "{{ a }}"}\n'
    )

    (leak,) = findings(built_in()["VAR005"], files(block))

    assert leak.hint == f"put it into `{asked}`"


_DEFAULTS = """\
inputs:
  required: [key]
  properties:
    key: {type: string, maxLength: 3}
    tone: {enum: [a, b], default: c}
    size:
      type: object
      required: [unit]
      properties:
        unit: {type: string, maxLength: 3}
        width: {type: integer, default: wide}
    rows:
      type: array
      maxItems: 3
      items:
        type: object
        properties:
          "5": {type: string, maxLength: 5, default: 4}
    owner:
      type: object
      default: {name: 3}
      properties:
        name: {type: string, maxLength: 3}
    short: {$ref: "#/$defs/short"}
    fits: {type: string, maxLength: 3, default: abc}
  $defs:
    short: {type: string, maxLength: 1, default: abc}
tests:
  - name: one
    inputs: {key: a, tone: a}
    rendered: [{type: contains, value: hello}]
  - name: two
    inputs: {key: a}
    rendered: [{type: contains, value: hello}]
"""


def test_a_default_that_its_schema_refuses_is_reported_at_the_default(found):
    refused = "the default is invalid:"

    assert found("VAR013", _DEFAULTS) == [
        f"{refused} `tone` must be one of `a`, `b` ask.prompt.yaml:5:35-36",
        f"{refused} `size.width` must be a whole number, not text ask.prompt.yaml:11:41-45",
        f"{refused} `rows.0.5` must be text, not a number ask.prompt.yaml:18:54-55",
        f"{refused} `owner.name` must be text, not a number ask.prompt.yaml:21:16-25",
        f"{refused} `short` must have at most 1 character, not 3 ask.prompt.yaml:24:12-35",
    ]
    assert found("TST002", _DEFAULTS) == []


def test_a_default_of_the_base_is_reported_at_the_constraint_that_a_variant_changes():
    base = (
        "--- prompts/ask.prompt.yaml\nformat: promptops/1\ninputs:\n  properties:\n"
        "    tone: {type: string, enum: [a, b], default: a}\n"
        "messages:\n  - {role: user, content: '{{ tone }}'}\n"
    )
    variant = (
        "--- prompts/ask.de.prompt.yaml\nformat: promptops/1\nextends: ask.prompt.yaml\n"
        "inputs:\n  properties:\n    tone: {maxLength: 9, enum: [b, c]}\n"
    )

    (finding,) = findings(built_in()["VAR013"], files(base + variant))

    assert str(finding.place) == "prompts/ask.de.prompt.yaml:5:32"
    assert [(str(each.place), each.message) for each in finding.related] == [
        ("prompts/ask.prompt.yaml:4:49", "the default")
    ]


def test_the_default_of_a_variant_is_reported_in_the_variant(found):
    base = (
        "--- prompts/ask.prompt.yaml\nformat: promptops/1\ninputs:\n  properties:\n"
        "    tone: {enum: [a, b], default: a}\nmessages:\n  - {role: user, content: '{{ tone }}'}\n"
        "tests:\n  - {name: one, rendered: [{type: contains, value: a}]}\n"
    )
    variant = (
        "--- prompts/ask.de.prompt.yaml\nformat: promptops/1\nextends: ask.prompt.yaml\n"
        "inputs:\n  properties:\n    tone: {default: c}\n"
    )

    refused = "the default is invalid: `tone` must be one of `a`, `b`"
    assert found("VAR013", base + variant) == [f"{refused} ask.de.prompt.yaml:5:21-22"]
    assert found("TST002", base + variant) == []
