"""TPL001 to TPL007: what is found, where, and what is left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from promptops.catalog.catalog import Catalog
from promptops.lint.engine import lint_prompt
from promptops.lint.examples import DAY, MemoryTree, files, findings
from promptops.lint.registry import built_in
from promptops.lint.subject import PromptFacts
from promptops.runtime.template import limits
from promptops.source.config import load

Lines = Callable[[str, str], list[str]]

INPUTS = """\
inputs:
  required: [a, items, d]
  properties:
    a: {type: string}
    n: {type: integer, default: 1}
    items: {type: array, items: {type: object}}
    d: {type: object, properties: {_id: {type: string}}}
messages:
"""
CASE = "tests:\n  - {name: one, inputs: {a: x, items: [], d: {_id: x}}}\n"


def hints(code: str, block: str) -> list[str | None]:
    return [finding.hint for finding in findings(built_in()[code], files(block))]


def in_message(content: str, case: str = CASE) -> str:
    """A prompt of one message, whose first line stands in line 11, at column 7."""
    body = "".join(f"      {line}\n" if line else "\n" for line in content.split("\n"))
    return f"{INPUTS}  - role: user\n    content: |\n{body}{case}"


def in_partial(partial: str, **others: str) -> str:
    """Two prompts that reach a partial two includes deep, so that it has a way to be told."""
    prompt = (
        "format: promptops/1\ninputs: {required: [a], properties: {a: {type: string}}}\n"
        "messages:\n  - {role: user, content: \"{{ a }}{% include 'p/one.j2' %}\"}\n"
    )
    more = "".join(f"--- prompts/p/{name}.j2\n{text}\n" for name, text in others.items())
    return (
        f"--- prompts/a.prompt.yaml\n{prompt}--- prompts/b.prompt.yaml\n{prompt}"
        "--- prompts/p/one.j2\nü {% include './two.j2' %}\n"
        f"--- prompts/p/two.j2\n{partial}\n{more}"
    )


WAY = ["prompts/p/one.j2:1:14", "prompts/a.prompt.yaml:4:46"]


def test_conditions_and_partials_are_parsed_and_a_partial_is_told_of_once(
    said: Lines,
) -> None:
    condition = f'{INPUTS}  - {{role: user, when: "a ==", content: x}}\n{CASE}'

    assert said("TPL001", condition) == ["9:27-29 unexpected end of template"]
    assert said("TPL001", in_partial("ü {{ a b }}")) == [
        "prompts/p/two.j2:1:8-9 expected `}}`, got `b`"
    ]


FILTERS = [
    (
        "a filter",
        "{{ a | trimm }}",
        ["11:14-19 there is no filter `trimm`"],
        ["did you mean `trim`?"],
    ),
    (
        "in a branch that is never taken",
        "{% if false %}{{ a | tojsno }}{% endif %}",
        ["11:28-34 there is no filter `tojsno`"],
        ["did you mean `tojson`?"],
    ),
    (
        "a test",
        "{{ 1 if a is not strung }}",
        ["11:24-30 there is no test `strung`"],
        ["did you mean `string`?"],
    ),
    (
        "one that Jinja has",
        "{{ a | safe }}",
        ["11:14-18 there is no filter `safe`"],
        ["a prompt is not escaped, so leave it out"],
    ),
    ("like nothing there is", "{{ a | qqqq }}", ["11:14-18 there is no filter `qqqq`"], [None]),
    (
        "a block",
        "{% filter uper %}x{% endfilter %}",
        ["11:17-21 there is no filter `uper`"],
        ["did you mean `upper`?"],
    ),
    ("those there are", "{{ a | json | trim }}{{ 1 if a is defined and n is odd }}", [], []),
]


@pytest.mark.parametrize(
    ("content", "expected", "hinted"), [row[1:] for row in FILTERS], ids=[row[0] for row in FILTERS]
)
def test_a_filter_or_a_test_that_does_not_exist_is_found_at_its_name(
    said: Lines,
    content: str,
    expected: list[str],
    hinted: list[str | None],
) -> None:
    assert said("TPL002", in_message(content)) == expected
    assert hints("TPL002", in_message(content)) == hinted


def test_a_misspelt_filter_is_mended_by_the_nearest_one() -> None:
    [found] = findings(built_in()["TPL002"], files(in_partial("{{ a | trimm }}")))

    assert (str(found.place), [str(r.place) for r in found.related]) == (
        "prompts/p/two.j2:1:8",
        WAY,
    )
    assert found.fix is not None
    assert [(str(e.place), e.text) for e in found.fix.edits] == [("prompts/p/two.j2:1:8", "trim")]


def test_a_file_named_two_includes_deep_is_told_of_in_the_partial_with_a_near_one() -> None:
    block = in_partial("{% include 'p/thre.j2' %}", three="x")

    [found] = findings(built_in()["TPL003"], files(block))

    assert (str(found.place), found.hint) == ("prompts/p/two.j2:1:13", "did you mean `p/three.j2`?")
    assert [str(related.place) for related in found.related] == WAY


def test_a_template_that_is_elsewhere_is_not_missing_but_left_out() -> None:
    block = {path: text.encode() for path, text in files(in_partial("{% include 'x' %}")).items()}
    config = load({})

    def told(elsewhere: dict[str, str]) -> list[str]:
        catalog = Catalog(MemoryTree(block), config, elsewhere.get)
        [loaded] = catalog.prompts(["prompts/a.prompt.yaml"])
        found = lint_prompt(PromptFacts(catalog, loaded, DAY), [built_in()["TPL003"]])
        return [finding.message for finding in found]

    assert told({}) == ["there is no template `x`"]
    assert told({"prompts/x": "untracked"}) == []


def test_a_clock_that_stops_a_case_makes_no_finding_about_the_template(
    all_said: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_CPU_S", 0)
    work = "{% set x = 'x' * 800_000 %}" * 30
    block = f'messages:\n  - role: user\n    content: "{work}"\ntests:\n  - {{name: one}}\n'

    codes = {line.split()[0] for line in all_said(block)}

    assert "internal-error" in codes
    assert "TPL005" not in codes


def test_a_method_has_a_filter_in_its_place() -> None:
    content = "{{ a.upper() }}{{ a.lost() }}"

    assert hints("TPL005", in_message(content)) == [
        "use `| upper`",
        "only macros, `range` and `namespace` can be called",
    ]


def test_a_refusal_names_the_case_and_the_way_to_the_partial() -> None:
    block = in_partial("{{ a * 2000000 }}").replace(
        "--- prompts/b.prompt.yaml",
        "tests:\n  - {name: long, inputs: {a: x}}\n--- prompts/b.prompt.yaml",
    )

    [found] = findings(built_in()["TPL005"], files(block))

    assert (str(found.place), found.message, found.case) == (
        "prompts/p/two.j2:1:4",
        "a result of `*` that is too large",
        "long",
    )
    assert [related.place.path for related in found.related] == [
        "prompts/p/one.j2",
        "prompts/a.prompt.yaml",
    ]


def test_a_condition_of_a_message_and_a_name_in_quotes_are_explained(
    said: Lines,
) -> None:
    block = f"{INPUTS}  - {{role: user, when: \"'a'\", content: x}}\n{CASE}"

    assert said("TPL007", block) == ["9:25-28 this `when` is always true"]
    assert hints("TPL007", block) == ["without quotes, `a` is the input"]


LOST = """\
--- prompts/ask.prompt.yaml
format: promptops/1
extends: bse.prompt.yaml
tools: [{ref: WRITTEN}]
messages:
  - {role: user, content: hi}
--- prompts/base.prompt.yaml
format: promptops/1
messages:
  - {role: user, content: hi}
--- schemas/tools/search.json
{"name": "search", "parameters": {"type": "object"}}
"""


@pytest.mark.parametrize(
    ("written", "hint", "edit"),
    [
        ("tools/serch.json", "did you mean `tools/search.json`?", "tools/search.json"),
        ("./tools/search.json", "did you mean `tools/search.json`?", "tools/search.json"),
        ("search.json", "did you mean `tools/search.json`?", "tools/search.json"),
        (
            "weather.json",
            "a path is relative to `schemas`, or begins with `./` to be relative to the file",
            None,
        ),
    ],
)
def test_a_tool_that_is_not_there_names_the_root_of_tools_or_the_nearest_one(
    written: str, hint: str, edit: str | None
) -> None:
    block = LOST.replace("WRITTEN", written).replace("extends: bse.prompt.yaml\n", "")

    assert [
        (each.message, each.hint, each.fix and each.fix.edits[0].text)
        for each in findings(built_in()["TPL003"], files(block))
    ] == [(f"there is no tool `{written}`", hint, edit)]


def test_a_base_that_is_not_there_names_the_nearest_one() -> None:
    found = findings(built_in()["TPL003"], files(LOST))

    assert [(str(each.place), each.message, each.hint) for each in found] == [
        (
            "prompts/ask.prompt.yaml:2:10",
            "there is no prompt file `bse.prompt.yaml`",
            "did you mean `base.prompt.yaml`?",
        )
    ]


def test_a_base_beside_the_file_is_guessed_as_it_is_written() -> None:
    blocks = {
        "prompts/support/base.prompt.yaml": "format: promptops/1\nmessages: []\n",
        "prompts/support/ask.prompt.yaml": "format: promptops/1\nextends: ./bse.prompt.yaml\n",
    }

    found = findings(built_in()["TPL003"], blocks)

    assert [(str(each.place), each.hint) for each in found] == [
        ("prompts/support/ask.prompt.yaml:2:10", "did you mean `./base.prompt.yaml`?")
    ]


ENUM = """\
inputs:
  required: [tone, flags, open]
  properties:
    tone: {enum: [final, draft]}
    flags: {type: object, required: [k], properties: {k: {enum: [one, 2]}}}
    open: {type: string, maxLength: 9}
    either: {anyOf: [{enum: [a]}, {type: string, maxLength: 9}]}
    maybe: {enum: [yes, null], default: null}
    plus: {type: boolean, default: false}
    count: {type: [integer, "null"], default: null}
messages:
  - role: user
    content: |
      CONTENT
"""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{% if tone == "finall" %}a{% endif %}',
         [('14:21-29 `tone` is never "finall"', 'did you mean "final"?')]),
        ('{% if tone != "finall" %}a{% endif %}',
         [('14:21-29 `tone` is never "finall"', 'did you mean "final"?')]),
        ("{% if 'drft' == tone and open %}a{% endif %}",
         [('14:13-19 `tone` is never "drft"', 'did you mean "draft"?')]),
        ('{% if tone in ["final", "x"] %}a{% endif %}',
         [('14:31-34 `tone` is never "x"', "its schema lists other values")]),
        ('{{ "a" if flags.k == "onee" }}',
         [('14:28-34 `flags.k` is never "onee"', 'did you mean "one"?')]),
        ("{% if flags['k'] == 3 %}a{% endif %}",
         [("14:27-28 `flags.k` is never 3", "its schema lists other values")]),
        ('{% if plus == "yes" %}a{% endif %}',
         [('14:21-26 `plus` is never "yes"', "its schema allows only true and false")]),
        ('{% if count == "3" %}a{% endif %}',
         [('14:22-25 `count` is never "3"', "its schema allows only null or numbers")]),
        ("{% if open == 3 %}a{% endif %}",
         [("14:21-22 `open` is never 3", "its schema allows only strings")]),
        # Neighbours.
        ("{% if plus == 1 or plus != true %}a{% endif %}", []),
        ("{% if count == none or count == 3.0 or open == none %}a{% endif %}", []),
        ('{% if tone == "final" %}a{% endif %}', []),
        ("{% if flags.k == 2 %}a{% endif %}", []),
        ('{% if open == "finall" %}a{% endif %}', []),
        ('{% if either == "finall" %}a{% endif %}', []),
        ('{% if maybe == none %}a{% endif %}', []),
        ('{% if tone | upper == "FINAL" %}a{% endif %}', []),
        ('{% if tone ~ "l" == "finall" %}a{% endif %}', []),
        ('{% set tone = "finall" %}{% if tone == "finall" %}a{% endif %}', []),
        ('{% for tone in [open] %}{% if tone == "finall" %}a{% endif %}{% endfor %}', []),
        ('{% macro m(tone) %}{% if tone == "x" %}a{% endif %}{% endmacro %}{{ m("x") }}', []),
    ],
)  # fmt: skip
def test_a_comparison_with_a_value_outside_the_schema_names_what_it_allows(
    content: str, expected: list[tuple[str, str]]
) -> None:
    found = findings(built_in()["TPL007"], files(ENUM.replace("CONTENT", content)))

    assert [
        (f"{each.place}-{each.place.end_column} {each.message}".partition(".yaml:")[2], each.hint)
        for each in found
        if "is never" in each.message
    ] == expected


def test_a_when_is_compared_with_the_enum_too() -> None:
    block = ENUM.replace("CONTENT", "a").replace(
        "    content", "    when: tone == 'finall'\n    content"
    )

    assert [
        (str(each.place), each.message, each.hint)
        for each in findings(built_in()["TPL007"], files(block))
    ] == [("prompts/ask.prompt.yaml:13:19", '`tone` is never "finall"', 'did you mean "final"?')]


def test_only_names_that_are_visible_at_a_place_are_suggested() -> None:
    block = """\
inputs:
  properties:
    items: {type: array, maxItems: 3, items: {type: string, maxLength: 9}}
messages:
  - role: system
    content: "{% set greeting = 'Hi' %}{{ greeting }}{{ greetin }}{{ item }}"
  - role: user
    content: "{{ greting }}{% for entry in items %}{{ entry }}{% endfor %}{{ entri }}"
"""

    found = [
        (each.message.split()[0], each.hint)
        for each in findings(built_in()["VAR001"], files(block))
    ]

    assert found == [
        ("`greetin`", "did you mean `greeting`?"),
        ("`item`", "did you mean `items`?"),
        ("`greting`", "declare it under `inputs`"),
        ("`entri`", "declare it under `inputs`"),
    ]
