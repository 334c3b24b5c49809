"""STY001 and STY003, with exact places."""

from __future__ import annotations

from promptops.lint.examples import files, findings
from promptops.lint.registry import built_in


def test_a_marker_is_found_where_it_is_written_and_not_in_values_or_comments() -> None:
    block = """--- prompts/ask.prompt.yaml
format: promptops/1
inputs: {properties: {a: {type: string, default: "TODO: x"}}}
messages:
  - role: user
    content: |
      é TODO: x
      {# TODO: y #}
      {{ a }}
      {% if a == "no case" %}{% include "p.j2" %}{% endif %}
tests:
  - name: one
--- prompts/p.j2
é [INSERT the rules]
"""

    found = findings(built_in()["STY001"], files(block))

    assert [(str(each.place), each.message) for each in found] == [
        ("prompts/ask.prompt.yaml:6:9", "`TODO` was left in the text"),
        ("prompts/p.j2:1:3", "`[INSERT the rules]` was never filled in"),
    ]


def test_a_word_typed_twice_is_found_and_the_second_one_taken_out() -> None:
    block = """messages:
  - role: user
    content: |
      é answer with the the name of it.
      Answer with the
      the name of it.
"""

    found = findings(built_in()["STY003"], files(block))

    assert [
        (str(each.place), each.place.end_line, each.place.end_column, each.fix.edits[0].text)
        for each in found
        if each.fix is not None
    ] == [
        ("prompts/ask.prompt.yaml:4:21", 4, 28, "the"),
        ("prompts/ask.prompt.yaml:5:19", 6, 10, "the"),
    ]
    assert [each.message for each in found] == ["`the` is repeated"] * 2


def test_a_word_that_stands_on_both_sides_of_an_include_has_no_fix() -> None:
    block = """--- prompts/ask.prompt.yaml
format: promptops/1
messages:
  - role: user
    content: |
      Answer with the {% include "p.j2" %}
tests:
  - name: one
--- prompts/p.j2
the name of it
"""

    found = findings(built_in()["STY003"], files(block))

    assert [(str(each.place), each.fix) for each in found] == [
        ("prompts/ask.prompt.yaml:5:19", None)
    ]


def test_what_values_and_loops_repeat_is_left_alone() -> None:
    block = """inputs: {properties: {a: {type: string, default: the x}}}
messages:
  - role: user
    content: |
      Answer the {{ a }} of it. {% for i in [1, 2] %}word {% endfor %}and more.
"""

    assert findings(built_in()["STY003"], files(block)) == []
