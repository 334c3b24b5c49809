"""Each operator: from a text or a prompt to its mutants."""

import re

import pytest

from promptops.commands.mutate import operators
from promptops.commands.mutate.operators import reversals, template_text, text_edits
from promptops.commands.mutate.tested_prompt import TemplateText
from promptops.diff import sentences
from promptops.model.mutant import OPERATORS
from promptops.model.place import plain_text
from tests.commands.mutate.mutated import ASK, HEAD, mutated


def _mutants(operator, source):
    prepared = template_text(plain_text("p", source))
    found = text_edits(prepared, [operator])
    return [f"{source[: edit.start]}|{edit.after}|{source[edit.end :]}" for _, edit in found]


@pytest.mark.parametrize(
    ("operator", "source", "mutants"),
    [
        ("sentence", "Be brief. Be kind.\n", ["|| Be kind.\n", "Be brief. ||\n"]),
        ("sentence", "Ask e.g. the user. Stop", ["|| Stop"]),
        ("sentence", "A line that is long enough to be wrapped goes\non here.\n", ["||\n"]),
        ("sentence", "Answer in {{ x }}, please.\n", ["||\n"]),
        ("sentence", "# A heading here\nBe brief\n", ["# A heading here\n||\n"]),
        ("sentence", "<rules of game>\nBe brief\n</rules>\n", ["<rules of game>\n||\n</rules>\n"]),
        ("sentence", "One rule; two rules.", ["||"]),
        (
            "sentence",
            "- Be brief\n- Be kind. Be calm.\n",
            ["- Be brief\n- || Be calm.\n", "- Be brief\n- Be kind. ||\n"],
        ),
        ("sentence", "x\n{{ a }} {{ b }}\n", []),
        ("sentence", "{% if x %}Be very brief{% else %}Say it all{% endif %}", None),
        ("sentence", "{% raw %}Say {{ it }}.{% endraw %}", ["{% raw %}||{% endraw %}"]),
        ("sentence", "{# Be brief. #}\n", []),
        ("sentence", "Shown:\n```\nBe brief.\n```\nBe kind.", ["Shown:\n```\nBe brief.\n```\n||"]),
        ("sentence", "您好请简短回答。", ["||"]),
        ("item", "Do:\n- one\n- two\n", ["Do:\n||- two\n", "Do:\n- one\n||"]),
        ("item", "1. long item\n   goes on\n2) b c", ["||2) b c", "1. long item\n   goes on\n||"]),
        ("item", "- a b\n  - nested one\n", ["||  - nested one\n", "- a b\n||"]),
        ("item", "- {{ x }}: {{ y }}\n", []),
        ("item", "{% for x in y %}\n- name {{ x }}\n{% endfor %}", None),
        ("obligation", "You must go.", ["You |may| go."]),
        ("obligation", "NEVER go. Never.", ["|SOMETIMES| go. Never.", "NEVER go. |Sometimes|."]),
        ("obligation", "Do not go, don't.", ["|Do| go, don't.", "Do not go, |do|."]),
        ("obligation", "Use at most two.", ["Use |at least| two."]),
        ("obligation", "It is not so.", ["It is ||so."]),
        ("obligation", "Sag nicht nein, nie.", ["Sag ||nein, nie.", "Sag nicht nein, |manchmal|."]),
        ("obligation", "Ne dis jamais tout.", ["Ne dis |parfois| tout."]),
        ("obligation", "read-only, a_must, not_x(", []),
        ("obligation", "{{ must }} {% if not x %}{% endif %}", []),
        ("value", "a {{ x }} b {{ y | upper }}", ["a || b {{ y | upper }}", "a {{ x }} b ||"]),
        ("condition", "{% if a > 1 %}x{% endif %}", ["{% if |not (a > 1)| %}x{% endif %}"]),
        (
            "condition",
            "{% if a %}x{% elif b %}y{% endif %}",
            [
                "{% if |not (a)| %}x{% elif b %}y{% endif %}",
                "{% if a %}x{% elif |not (b)| %}y{% endif %}",
            ],
        ),
        ("condition", "{{ a if b else c }}", ["{{ a if |not (b)| else c }}"]),
        ("loop", "{% for a in b | sort %}x{% endfor %}", ["{% for a in |[]| %}x{% endfor %}"]),
        ("include", 'a\n{%- include "x" -%}\nb', ["a\n||\nb"]),
        ("example", "a\n<example>\nx\n</example>\nb", ["a\n||b"]),
        ("example", "a\n```json\n{}\n```\nb", ["a\n||b"]),
    ],
)
def test_the_mutants_of_a_text(operator, source, mutants):
    if mutants is None:  # each branch and line by itself
        mutants = [
            f"{source[: part.start()]}||{source[part.end() :]}"
            for part in re.finditer(r"Be very brief|Say it all|- name \{\{ x \}\}\n", source)
        ]

    assert _mutants(operator, source) == mutants


def test_a_when_is_negated_and_nothing_else():
    text = TemplateText(text=plain_text("p", "must and not x"), is_expression=True)

    found = [(name, edit.after) for name, edit in text_edits(text, OPERATORS)]

    assert found == [("condition", "not (must and not x)")]


def test_every_phrase_that_obliges_or_forbids_has_a_reversal():
    """`no` alone is left out: it seldom forbids, and has no opposite of its own."""
    known = {words for found in reversals().values() for words, _ in found}
    kinds = ("demand", "ban", "deny", "mild", "shun", "most", "least", "not")
    phrases = (
        tuple(phrase.split())
        for kind in kinds
        for phrase in sentences._data()["phrases"][kind].split(",")
    )

    assert [" ".join(phrase) for phrase in phrases if phrase not in known] == []


def test_no_reversal_leaves_a_phrase_unchanged():
    found = [(words, after) for each in reversals().values() for words, after in each]

    assert [words for words, after in found if " ".join(words) == after] == []
    assert len(found) > 200


def test_the_mutants_of_messages_schemas_and_tools(repo):
    repo.write(
        {
            ASK: HEAD
            + """\
inputs:
  required: [q]
  properties: {q: {type: string}, old: {type: array}, each: {type: array}}
output:
  format: json
  schema:
    type: object
    required: [a]
    properties:
      a: {enum: [x, y]}
      b: {type: array, maxItems: 2, items: {type: string, pattern: "^a", minLength: 0}}
tools:
  - {name: find, parameters: {type: object, required: [id], properties: {id: {type: string}}}}
messages:
  - {role: system, content: Hello}
  - {role: user, content: Q}
  - {role: assistant, content: A}
  - {history: old}
  - {for_each: each, as: one, messages: [{role: user, content: "{{ one }}"}]}
  - {role: user, content: "{{ q }}"}
tests:
  - name: one
    inputs: {q: hi, each: [x], old: [{role: user, content: hm}]}
    rendered: [{type: contains, value: hi}]
"""
        }
    )

    found = mutated(repo, operators=["loop", "message", "example", "schema", "tool"])

    # `minLength: 0` refuses nothing, so its absence changes nothing.
    tool = (
        "{name: find, parameters: {type: object, required: [id], properties: {id: {type: string}}}}"
    )
    assert [(each.operator, each.change, each.before) for each in found.mutants] == [
        ("schema", "drop `required: a` of the output", "a"),
        ("schema", 'drop `enum: ["x", "y"]` of the output', "enum"),
        ("schema", "drop `maxItems: 2` of the output", "maxItems"),
        ("schema", 'drop `pattern: "^a"` of the output', "pattern"),
        ("tool", "drop the tool `find`", tool),
        ("tool", "make `id` of the tool `find` optional", "id"),
        ("message", "drop the system message", "{role: system, content: Hello}"),
        (
            "example",
            "drop an example of 2 messages",
            "{role: user, content: Q}\n  - {role: assistant, content: A}",
        ),
        ("message", "drop the history", "{history: old}"),
        (
            "loop",
            "empty the loop over `each`",
            '{for_each: each, as: one, messages: [{role: user, content: "{{ one }}"}]}',
        ),
        ("message", "drop the user message", '{role: user, content: "{{ q }}"}'),
    ]
    assert found.rows[0].equivalent == 0


def test_each_operator_has_a_function_of_its_name():
    for name in OPERATORS:
        assert getattr(operators, f"{name}_edits").__doc__
