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


def test_an_active_prompt_without_a_case_is_named_at_its_first_line() -> None:
    block = """--- prompts/none.prompt.yaml
# a comment
format: promptops/1
messages:
  - {role: user, content: a}
--- prompts/variant.prompt.yaml
format: promptops/1
extends: tested.prompt.yaml
--- prompts/tested.prompt.yaml
format: promptops/1
messages:
  - {role: user, content: a}
tests:
  - name: x
--- prompts/deprecated.prompt.yaml
format: promptops/1
status: deprecated
messages:
  - {role: user, content: a}
--- prompts/listed.prompt.yaml
format: promptops/1
messages:
  - {role: user, content: a}
tests:
  - file: missing.jsonl
"""

    assert said("TST001", block) == [
        "prompts/none.prompt.yaml:2:1 an active prompt has no test case"
    ]


def test_an_empty_list_of_cases_is_named_at_its_key() -> None:
    assert said("TST001", "tests: []\n") == [
        "prompts/ask.prompt.yaml:1:1 an active prompt has no test case"
    ]


def test_wrong_inputs_are_placed_in_the_case_that_says_them() -> None:
    block = """--- prompts/ask.prompt.yaml
format: promptops/1
inputs:
  required: [tone]
  properties:
    tone: {enum: [friendly, formal]}
    docs:
      type: array
      default: []
      items: {type: object, required: [id], properties: {id: {type: string}}}
messages:
  - {role: user, content: "{{ tone }}"}
tests:
  - name: none at all
  - name: empty
    inputs: {}
  - name: wrong
    inputs: {tone: x, tome: 1, docs: [{id: 3}, {}]}
  - name: empty
    inputs: {tone: formal}
  - file: c.jsonl
  - file: c.csv
--- prompts/c.jsonl
{"name": "a"}
{"name": "wrong", "inputs": {"tone": "x"}}
--- prompts/c.csv
name,inputs.tone
c,é
"""

    assert said("TST002", block) == [
        "prompts/ask.prompt.yaml:13:11 `tone` is missing in the case `none at all`",
        "prompts/ask.prompt.yaml:15:13 `tone` is missing in the case `empty`",
        "prompts/ask.prompt.yaml:17:20 `tone` must be one of `friendly`, `formal`"
        " in the case `wrong`",
        "prompts/ask.prompt.yaml:17:23 `tome` is not an input in the case `wrong`",
        "prompts/ask.prompt.yaml:17:44 `docs.0.id` must be a string, not a number"
        " in the case `wrong`",
        "prompts/ask.prompt.yaml:17:48 `docs.1.id` is missing in the case `wrong`",
        "prompts/ask.prompt.yaml:18:11 two cases have the name `empty`",
        "prompts/c.csv:2:3 `tone` must be one of `friendly`, `formal` in the case `c`",
        "prompts/c.jsonl:1:10 `tone` is missing in the case `a`",
        "prompts/c.jsonl:2:10 two cases have the name `wrong`",
        "prompts/c.jsonl:2:38 `tone` must be one of `friendly`, `formal` in the case `wrong`",
    ]


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
ASK = "prompts/ask.prompt.yaml:11:"


def covering(body: str, inputs: tuple[str, ...]) -> str:
    cases = "".join(f"  - name: c{i}\n    inputs: {each}\n" for i, each in enumerate(inputs))
    return COVERING.replace("BODY", body).replace("CASES", cases)


@pytest.mark.parametrize(
    ("body", "inputs", "expected"),
    [
        ("é {% if a %}x{% endif %}", ("{}",), [f"{ASK}15 `a` is false in every case"]),
        ("{% if a %}x{% endif %}", ("{a: true}",), [f"{ASK}13 `a` is true in every case"]),
        ("{% if a %}x{% endif %}", ("{a: true}", "{}"), []),
        (
            "{% if a %}x{% else %}y{% endif %}",
            ("{a: true}",),
            [f"{ASK}21 no case covers the `else` of this `if`"],
        ),
        (
            "{% if a %}{% if b %}{% else %}{% endif %}{% elif b %}z{% else %}y{% endif %}",
            ("{a: true}", "{a: true, b: true}"),
            [
                f"{ASK}56 `b` is false in every case",
                f"{ASK}64 no case covers the `else` of this `if`",
            ],
        ),
        (
            "{% if a %}x{% elif b %}z{% endif %}",
            ("{a: true}", "{b: true}"),
            [f"{ASK}13 `a` or a condition of its `elif` is true in every case"],
        ),
        (
            "{% for x in xs %}{{ x }}{% else %}n{% endfor %}",
            ("{}",),
            [f"{ASK}19 `xs` is empty in every case"],
        ),
        (
            "{% for x in xs %}{{ x }}{% else %}n{% endfor %}",
            ("{xs: [a]}",),
            [f"{ASK}34 no case covers the `else` of this loop"],
        ),
        (
            "{% for x in xs | sort %}{{ x }}{% endfor %}",
            ("{xs: [a]}",),
            [f"{ASK}19 `xs | sort` has an item in every case"],
        ),
        ("{% for x in full %}{{ x }}{% endfor %}", ("{}",), []),
        (
            "{% for x in full if x == 'z' %}{{ x }}{% endfor %}",
            ("{}",),
            [f"{ASK}19 `full if x == 'z'` is empty in every case"],
        ),
        ("{% for x in [1, 2] %}{{ x }}{% endfor %}", ("{}",), []),
        ("{% include 'p.j2' %}", ("{}",), ["prompts/q.j2:1:8 `b` is false in every case"]),
        (
            "{% if a %}{% if b %}x{% endif %}{% include 'p.j2' %}{% endif %}",
            ("{}",),
            [f"{ASK}13 `a` is false in every case"],
        ),
        (
            "{% import 'm.j2' as m %}{{ m.one(a) }}",
            ("{}",),
            ["prompts/m.j2:1:25 `v` is false in every case"],
        ),
        (
            "{% from 'm.j2' import one as uno %}{{ uno(a) }}",
            ("{}",),
            ["prompts/m.j2:1:25 `v` is false in every case"],
        ),
        ("{% if true %}x{% endif %}{% if false %}{% if a %}{% endif %}{% endif %}", ("{}",), []),
        ("{% if a %}x{% endif %}", (), []),
        ("{% if a %}x{% endif %}", ("{unknown: 1}", "{}"), []),
    ],
)
def test_a_branch_that_no_case_takes_is_placed_at_what_decides_it(
    body: str, inputs: tuple[str, ...], expected: list[str]
) -> None:
    block = covering(body, inputs).replace("tests:\n---", "tests: []\n---")

    assert said("TST003", block) == expected


def test_a_branch_of_a_partial_tells_the_includes_on_the_way() -> None:
    (finding,) = found("TST003", covering("{% include 'p.j2' %}", ("{}",)))

    assert [str(each.place) for each in finding.related] == [
        "prompts/p.j2:1:12",
        "prompts/ask.prompt.yaml:11:18",
    ]


def test_a_when_has_two_ways() -> None:
    block = """inputs:
  properties:
    a: {type: boolean, default: false}
    xs: {type: array, default: [], items: {type: string}}
messages:
  - {role: user, content: hello}
  - {role: user, when: a, content: "{% if xs %}x{% endif %}"}
  - role: user
    content:
      - {text: a, when: not a}
  - for_each: xs
    as: x
    messages:
      - {role: user, when: 'x == "b"', content: "{{ x }}"}
tests:
  - name: one
    inputs: {xs: [b, c]}
"""

    assert said("TST003", block) == [
        "prompts/ask.prompt.yaml:7:24 `a` is false in every case",
        "prompts/ask.prompt.yaml:10:25 `not a` is true in every case",
    ]


def test_a_case_without_assertions_is_placed_at_its_name() -> None:
    block = """--- prompts/ask.prompt.yaml
format: promptops/1
messages:
  - {role: user, content: a}
tests:
  - name: é
  - file: c.jsonl
  - name: z
    output: [{type: contains, value: a}]
--- prompts/c.jsonl
{"name": "y"}
"""

    assert said("TST005", block) == [
        "prompts/ask.prompt.yaml:5:11 the case `é` has no assertion",
        "prompts/c.jsonl:1:10 the case `y` has no assertion",
    ]


def test_assertions_for_every_case_count() -> None:
    block = """tests:
  - name: x
evaluation:
  assertions: [{type: contains, value: a}]
"""

    assert said("TST005", block) == []


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


EVALUATION = """\
--- prompts/ask.prompt.yaml
format: promptops/1
messages:
  - {role: user, content: Hello.}
evaluation:
  EVALUATION
tests:
  - name: one
    output:
      - {type: llm-rubric, value: It is polite.}
      - {type: max-chars, value: 9, score: brevity}
--- prompts/judges/tone.prompt.yaml
format: promptops/1
messages:
  - {role: user, content: Is it kind?}
"""


@pytest.mark.parametrize(
    ("evaluation", "expected"),
    [
        ("judge: judges/tine", ["5:10 there is no prompt `judges/tine` to use as the judge"]),
        ("judge: {profile: fsat}", ["5:20 there is no model `fsat`"]),
        ("score: breviti", ["5:10 no assertion counts in the score `breviti`"]),
        ("judge: judges/tone", []),
        ("score: brevity", []),
    ],
)
def test_a_judge_or_score_that_does_not_exist_is_an_error_in_lint(
    evaluation: str, expected: list[str]
) -> None:
    block = EVALUATION.replace("EVALUATION", evaluation)

    assert said("TST009", block) == [f"prompts/ask.prompt.yaml:{each}" for each in expected]


def test_a_score_is_not_checked_where_an_assertion_of_a_plugin_may_count_in_it() -> None:
    block = EVALUATION.replace("EVALUATION", "score: own").replace("max-chars", "acme.own")

    assert said("TST009", block) == []


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


def test_names_are_not_judged_where_the_prompt_may_have_more_than_it_lists() -> None:
    block = (
        NAMES.replace("maxLength: 100}}", "maxLength: 100}}\n  additionalProperties: true")
        .replace(
            "- {name: find, description: Finds an order., parameters: {type: object}}",
            "- {ref: no.json}",
        )
        .replace("RENDERED", "other")
    )

    assert said("TST009", block) == []


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
