"""VAR003, VAR004, VAR005: what is found, where, and what is left alone."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import pytest

from promptops.lint.examples import PROMPT_PATH, files, findings
from promptops.lint.registry import built_in
from promptops.model.place import plain_text
from promptops.runtime.template.environment import allowed_tests
from promptops.runtime.template.text_rendering import Run, TemplateFailure, render_text
from tests.lint.people import NO_CASE, PEOPLE, in_message

Lines = Callable[[str, str], list[str]]


def test_a_misspelt_key_is_mended_by_the_nearest_one() -> None:
    [found] = findings(built_in()["VAR003"], files(in_message("{{ box.nmae }}")))

    assert found.hint == "did you mean `name`?"
    assert found.fix is not None
    assert [(str(e.place), e.text) for e in found.fix.edits] == [(str(found.place), "name")]
    assert not found.fix.safe


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


def test_a_condition_guards_a_message_only_if_it_asks_whether_a_value_is_defined(
    said: Lines,
) -> None:
    turn = '  - {{role: user, when: "{}", content: "{{{{ note }}}}"}}\n'
    conditions = ("note is defined", "note is defined and size > 1", "note", "size > 1", "not note")
    block = f"{OPTIONAL}messages:\n" + "".join(map(turn.format, conditions)) + NO_CASE

    found = [place.partition(" ")[0] for place in said("VAR004", block)]

    # Lines 16 and 17 are guarded; 18 and 20 fail in their condition and in their text.
    assert found == ["18:25-29", "18:45-49", "19:49-53", "20:29-33", "20:49-53"]


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
        f"{refused} `size.width` must be a whole number, not a string ask.prompt.yaml:11:41-45",
        f"{refused} `rows.0.5` must be a string, not a number ask.prompt.yaml:18:54-55",
        f"{refused} `owner.name` must be a string, not a number ask.prompt.yaml:21:16-25",
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
