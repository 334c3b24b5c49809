"""TST001, TST002, TST003 and TST005, with exact places."""

from __future__ import annotations

import pytest

from promptops.lint.examples import files, findings
from promptops.lint.registry import built_in
from promptops.model.finding import Finding


def found(code: str, block: str) -> list[Finding]:
    return findings(built_in()[code], files(block))


def said(code: str, block: str) -> list[str]:
    return [f"{each.place} {each.message}" for each in found(code, block)]


def test_the_other_case_of_a_name_is_related() -> None:
    block = "tests:\n  - name: one\n  - name: one\n"

    (finding,) = found("TST002", block)

    assert [(str(each.place), each.message) for each in finding.related] == [
        ("prompts/ask.prompt.yaml:2:11", "the other one")
    ]


RENDERING = """--- prompts/ask.prompt.yaml
format: promptops/1
inputs:
  properties:
    open: {type: object, default: {}}
    closed: {type: object, default: {}, properties: {a: {type: string}}}
    optional: {type: string}
messages:
  - role: user
    content: |
      é BODY
tests:
  - name: one
--- prompts/p.j2
{% include 'q.j2' %}
--- prompts/q.j2
é {{ 1 / 0 }}
"""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{{ open.key }}", ["prompts/ask.prompt.yaml:10:17 this object has no `key`"]),
        (
            "{{ open + 1 }}",
            ["prompts/ask.prompt.yaml:10:12 `+` does not work on an object and a number"],
        ),
        (
            "{% for i in 3 %}{% endfor %}",
            ["prompts/ask.prompt.yaml:10:21 a number has no items"],
        ),
        ("{% include 'p.j2' %}", ["prompts/q.j2:1:6 division by zero"]),
        # Said by VAR001, VAR003 and VAR004.
        ("{{ unknown }}", []),
        ("{{ optional }}", []),
        ("{{ closed.a }}", []),
        # Said by TPL001, TPL002, TPL003, TPL004, TPL005 and SEC010.
        ("{% if %}", []),
        ("{{ open | nofilter }}", []),
        ("{{ open is notest }}", []),
        ("{% include 'none.j2' %}", []),
        ("{% include open %}", []),
        ("{{ open._key }}", []),
        ("{{ 'a'.upper() }}", []),
        ("{{ range(10 ** 9) }}", []),
        ("{% include '../a' %}", []),
    ],
)
def test_a_case_that_does_not_render_is_an_error_unless_another_rule_says_so(
    body: str, expected: list[str]
) -> None:
    messages = [
        each.replace("the case `one` does not render: ", "")
        for each in said("TST002", RENDERING.replace("BODY", body))
    ]

    assert messages == expected


def test_a_failure_in_a_partial_tells_the_includes_on_the_way() -> None:
    (finding,) = found("TST002", RENDERING.replace("BODY", "{% include 'p.j2' %}"))

    assert finding.case == "one"
    assert [str(each.place) for each in finding.related] == [
        "prompts/p.j2:1:12",
        "prompts/ask.prompt.yaml:10:20",
    ]


COVERING = """--- prompts/ask.prompt.yaml
format: promptops/1
inputs:
  properties:
    a: {type: boolean, default: false}
    b: {type: boolean, default: false}
    xs: {type: array, default: [], items: {type: string}}
    full: {type: array, minItems: 1, default: [q], items: {type: string}}
messages:
  - role: user
    content: |
      BODY
tests:
CASES--- prompts/p.j2
{% include "q.j2" %}
--- prompts/q.j2
é{% if b %}B{% endif %}
--- prompts/m.j2
{% macro one(v) %}{% if v %}1{% endif %}{% endmacro %}
{% macro two(v) %}{% if v %}1{% endif %}{% endmacro %}
"""


def covering(body: str, inputs: tuple[str, ...]) -> str:
    cases = "".join(f"  - name: c{i}\n    inputs: {each}\n" for i, each in enumerate(inputs))
    return COVERING.replace("BODY", body).replace("CASES", cases)


def test_a_branch_of_a_partial_tells_the_includes_on_the_way() -> None:
    (finding,) = found("TST003", covering("{% include 'p.j2' %}", ("{}",)))

    assert [str(each.place) for each in finding.related] == [
        "prompts/p.j2:1:12",
        "prompts/ask.prompt.yaml:11:18",
    ]


NAMES = """--- prompts/ask.prompt.yaml
format: promptops/1
inputs:
  required: [question]
  properties: {question: {type: string, maxLength: 100}}
tools:
  - {name: find, description: Finds an order., parameters: {type: object}}
messages:
  - {role: user, content: "{{ question }}"}
evaluation:
  assertions:
    - {type: grounded, value: QUESTION}
tests:
  - name: one
    inputs: {question: why}
    rendered:
      - {type: expr, value: 'messages[0].content == inputs.RENDERED'}
    output:
      - {type: tool-call, name: TOOL}
      - {type: not-tool-calls, value: [find, {name: SECOND}]}
      - {type: any, value: [{type: expr, value: 'text == inputs["SUBSCRIPT"]'}]}
"""
RIGHT = {
    "QUESTION": "question",
    "RENDERED": "question",
    "TOOL": "find",
    "SECOND": "find",
    "SUBSCRIPT": "question",
}


@pytest.mark.parametrize(
    ("name", "written", "expected"),
    [
        ("QUESTION", "qestion", "11:31 the prompt has no input `qestion`"),
        ("RENDERED", "questoin", "16:60 the prompt has no input `questoin`"),
        ("TOOL", "fnid", "18:33 the prompt has no tool `fnid`"),
        ("SECOND", "lose", "19:46 the prompt has no tool `lose`"),
        ("SUBSCRIPT", "q", "20:66 the prompt has no input `q`"),
    ],
)
def test_an_assertion_that_names_what_the_prompt_does_not_have_is_an_error_at_the_name(
    name: str, written: str, expected: str
) -> None:
    block = NAMES
    for placeholder, right in {**RIGHT, name: written}.items():
        block = block.replace(placeholder, right)

    assert said("TST009", block) == [f"prompts/ask.prompt.yaml:{expected}"]


@pytest.mark.parametrize(
    ("margin", "expected"),
    [
        (
            "margin: 0.03",
            ["prompts/ask.prompt.yaml:10:11 `margin` is in percentage points: 0.03 is 0.03 points"],
        ),
        (
            "contract_margin: 0.1",
            [
                "prompts/ask.prompt.yaml:10:20 `contract_margin` is in percentage points: 0.1 is"
                " 0.1 points"
            ],
        ),
        ("margin: 0.5", []),
        ("contract_margin: 5", []),
    ],
)
def test_a_margin_that_was_written_as_a_share_is_an_error(margin: str, expected: list[str]) -> None:
    block = NAMES.replace("evaluation:\n", f"evaluation:\n  {margin}\n")
    for placeholder, right in RIGHT.items():
        block = block.replace(placeholder, right)

    assert said("TST009", block) == expected


ARGUMENTS = """\
tools:
  - {name: find, description: Finds an order., parameters: PARAMETERS}
messages:
  - {role: user, content: Hello}
tests:
  - name: one
    output:
      - {type: not-tool-call, name: find, arguments: {ARGUMENT: 7}}
      - {type: tool-calls, value: [{name: find, arguments: {ARGUMENT: 7}}]}
"""
CLOSED = "{type: object, additionalProperties: false, properties: {order: {type: integer}}}"
OPEN = "{type: object, properties: {order: {type: integer}}}"


@pytest.mark.parametrize(
    ("parameters", "argument", "hint"),
    [
        (CLOSED, "oder", "did you mean `order`?"),
        (CLOSED, "x", "its arguments: order"),
        (OPEN, "oder", "did you mean `order`?"),
        (OPEN, "x", None),
        (CLOSED, "order", None),
        ("{type: object}", "oder", None),
        ("{type: object, additionalProperties: false}", "x", "the tool has no arguments"),
    ],
)
def test_an_argument_that_the_tool_does_not_have_is_an_error_at_its_key(
    parameters: str, argument: str, hint: str | None
) -> None:
    block = ARGUMENTS.replace("PARAMETERS", parameters).replace("ARGUMENT", argument)

    found = findings(built_in()["TST009"], files(block))

    message = f"the tool `find` has no argument `{argument}`"
    places = ["prompts/ask.prompt.yaml:8:55", "prompts/ask.prompt.yaml:9:61"]
    assert [(str(each.place), each.message, each.hint) for each in found] == [
        (place, message, hint) for place in places if hint is not None
    ]


DELIMITERS = """\
inputs:
  properties: {ticket: {type: string, maxLength: 9, default: "<a>"}}
messages:
  - role: user
    content: |
      <ticket>
      {{ ticket }}
      </ticket>
      {% if ticket %}<if>{% endif %}{% for each in ticket %}<for>{% endfor %}
      Sort it.
  - {role: system, when: ticket, content: "<when>"}
tests:
  - name: one
    rendered:
      - ASSERTION
"""


@pytest.mark.parametrize(
    ("assertion", "refused"),
    [
        ("{type: contains, role: user, value: <ticket>}", True),
        ("{type: contains, value: </ticket>}", True),
        ("{type: contains, role: system, value: <ticket>}", False),
        ("{type: contains, value: <if>}", False),
        ("{type: contains, value: <for>}", False),
        ("{type: contains, value: <when>}", False),
        ("{type: contains, value: <a>}", False),
        ("{type: contains, value: Sort it}", False),
        ("{type: contains, path: /messages/0/content, value: <ticket>}", False),
        ("{type: not-contains, value: <ticket>}", False),
    ],
)
def test_a_delimiter_that_is_in_every_request_can_not_be_missing(
    assertion: str, refused: bool
) -> None:
    message = "`{}` is in every request, whatever the inputs: this assertion can't fail"
    value = assertion.rpartition("value: ")[2].rstrip("}")

    said = [each.message for each in found("TST009", DELIMITERS.replace("ASSERTION", assertion))]

    assert said == ([message.format(value)] if refused else [])


def test_a_rendered_assertion_that_does_not_hold_is_an_error_in_lint() -> None:
    block = """--- prompts/ask.prompt.yaml
format: promptops/1
messages:
  - {role: user, content: Say hello.}
tests:
  - name: one
    rendered:
      - {type: contains, value: hello}
      - {type: contains, value: goodbye}
      - {type: contains, value: goodbye, score: tone}
      - {type: contains, path: /messages/7, value: hello}
      - {type: acme.kind}
"""

    assert [(str(each.place), each.message, each.hint) for each in found("TST012", block)] == [
        (
            "prompts/ask.prompt.yaml:8:9",
            "`contains` does not hold in the case `one`",
            "expected `goodbye` in the request, got `Say hello.`",
        ),
        (
            "prompts/ask.prompt.yaml:10:32",
            "`contains` can't be judged in the case `one`",
            "there is no `7` at /messages, a list of 1 item",
        ),
    ]


VARIANTS = """\
--- prompts/base.prompt.yaml
format: promptops/1
inputs:
  properties:
    tone: {enum: [a, b], default: a}
    formal: {type: boolean, default: false}
messages:
  - role: user
    content: |
      {% if formal %}
      Be formal.
      {% endif %}
      {% if tone == "c" %}
      Hello.
      {% endif %}
tests:
  - {name: one, rendered: [{type: not-contains, value: x}]}
  - {name: two, inputs: {formal: true}, rendered: [{type: contains, value: formal}]}
--- prompts/v.prompt.yaml
format: promptops/1
extends: base.prompt.yaml
tests:
  - {name: one, rendered: [{type: not-contains, value: x}]}
--- prompts/w.prompt.yaml
format: promptops/1
extends: base.prompt.yaml
tests:
  - {name: one, rendered: [{type: not-contains, value: x}]}
"""


def test_a_branch_that_a_variant_does_not_cover_names_the_variant_and_no_impossible_case() -> None:
    assert [
        (str(each.place), each.message, each.hint, [str(note.place) for note in each.related])
        for each in findings(built_in()["TST003"], files(VARIANTS))
    ] == [
        (
            "prompts/base.prompt.yaml:9:13",
            f"`formal` is false in every case, in the variant `{name}`",
            "add a case in which it is true",
            [f"prompts/{name}.prompt.yaml:2:10"],
        )
        for name in ("v", "w")
    ]


IMPOSSIBLE = """\
--- prompts/ask.prompt.yaml
format: promptops/1
inputs:
  required: [tone]
  properties:
    tone: {enum: [final, draft]}
messages:
  - role: user
    content: |
      CONTENT
tests:
  - {name: one, inputs: {tone: final}, rendered: [{type: contains, value: x}]}
--- prompts/a.md.j2
x {% if tone == "WRITTEN" %}a{% endif %}
"""


@pytest.mark.parametrize(
    ("content", "written", "hint"),
    [
        ("{% include 'a.md.j2' %}", "finall", '`tone` is never "finall": did you mean "final"?'),
        ("{% include 'a.md.j2' %}", "x", '`tone` is never "x": its schema lists other values'),
        ("{% include 'a.md.j2' %}", "draft", "add a case in which it is true"),
        (
            "{% set tone = tone ~ 'l' %}{% include 'a.md.j2' %}",
            "drafft",
            "add a case in which it is true",
        ),
    ],
)
def test_a_branch_of_a_partial_that_no_case_can_cover_names_the_impossible_value(
    content: str, written: str, hint: str
) -> None:
    block = IMPOSSIBLE.replace("CONTENT", content).replace("WRITTEN", written)

    assert [
        (str(each.place), each.hint) for each in findings(built_in()["TST003"], files(block))
    ] == [("prompts/a.md.j2:1:9", hint)]


POSSIBLE = """\
--- prompts/ask.prompt.yaml
format: promptops/1
inputs:
  required: [a]
  properties:
    a: SCHEMA
    b: {type: boolean, default: false}
    c: {type: string}
messages:
  - role: user
    content: |
      x {% if CONDITION %}a{% endif %}
tests:
  - {name: one, inputs: {a: VALUE}, rendered: [{type: contains, value: x}]}
"""
NUMBER = "{type: number, minimum: 0, exclusiveMaximum: 5}"


@pytest.mark.parametrize(
    ("schema", "value", "condition", "asked"),
    [
        ("{type: string}", "t", "a is none", ""),
        ("{type: [string, 'null']}", "t", "a is none", "true"),
        ("{type: string}", "t", "a is string", ""),
        ("{type: string}", "t", "a is mapping or a is number", ""),
        ("{type: string}", "t", "not (a is boolean) and b", "true"),
        ("{type: string}", "t", "c is string", "true"),
        ("{}", "t", "a is none", "true"),
        (NUMBER, "1", "a < 0", ""),
        (NUMBER, "1", "a <= 0", "true"),
        (NUMBER, "1", "a >= 5", ""),
        (NUMBER, "1", "5 <= a", ""),
        (NUMBER, "1", "a < 5", ""),
        (NUMBER, "1", "4.9 < a", "true"),
        (NUMBER, "1", "a == 7", ""),
        (NUMBER, "1", "a in [7, 3]", "true"),
        (NUMBER, "1", "a not in [7, 8]", ""),
        (NUMBER, "1", "a in [7, 8] or a > 4", "true"),
        ("{type: integer, minimum: 1}", "1", "a", ""),
        ("{type: integer, minimum: 0}", "1", "a", "false"),
        ("{type: string, minLength: 1}", "t", "a", ""),
        ("{type: array, minItems: 1}", "[t]", "not a", ""),
        ("{enum: [p, q]}", "p", "a in ['p', 'q']", ""),
        ("{enum: [p, q]}", "p", "a != 'q'", "false"),
        ("{enum: [p, q]}", "p", "b and a == 'q'", "true"),
        ("{enum: [p]}", "p", "a == 'p'", ""),
    ],
)
def test_only_a_branch_that_the_schema_allows_needs_a_case(
    schema: str, value: str, condition: str, asked: str
) -> None:
    block = POSSIBLE.replace("SCHEMA", schema).replace("VALUE", value)

    hints = [
        each.hint
        for each in findings(built_in()["TST003"], files(block.replace("CONDITION", condition)))
    ]

    assert hints == ([f"add a case in which it is {asked}"] if asked else [])
