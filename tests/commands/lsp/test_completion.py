"""Completion, at positions of files that are mostly half-typed."""

from __future__ import annotations

import pytest
from lsprotocol import types

from promptops.commands.lint.live import Live
from promptops.commands.lsp.completion import MOST_ITEMS
from tests.commands.lsp.at_mark import accepted, completed, completed_at, completed_list, labels
from tests.commands.lsp.conftest import DESK, PATH
from tests.commands.lsp.opened_files import UTF_16, opened

TICKET = "{{ ticket }}"
INPUTS = ["ticket", "tone", "orders"]
OTHERS = ["range", "namespace", "not"]


def desk_with(old: str, new: str) -> str:
    assert DESK.count(old) == 1
    return DESK.replace(old, new)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("{{ ¦", ["term", *INPUTS, *OTHERS]),
        ("{{ ti¦", ["term", *INPUTS, *OTHERS]),
        ("{% if ¦ %}", ["term", *INPUTS, *OTHERS]),
        ("{% for x in ¦ %}", ["term", *INPUTS, *OTHERS]),
        ("{% set x = ticket %}{{ ¦ }}", ["term", "x", *INPUTS, *OTHERS]),
        ("{% with y = orders %}{{ ¦ }}{% endwith %}", ["term", "y", *INPUTS, *OTHERS]),
        ("{% macro m(a, b=1) %}{{ ¦", ["term", "m", "a", "b", *INPUTS, *OTHERS]),
        ("{% for x in orders %}{{ ¦ }}", ["term", "x", "loop", *INPUTS, *OTHERS]),
        ("{% for x in orders %}{% endfor %}{{ ¦ }}", ["term", *INPUTS, *OTHERS]),
        ("{{ orders[0].¦ }}", ["id", "lines"]),
        ("{% for x in orders %}{{ x.¦ }}", ["id", "lines"]),
        ("{% for x in orders %}{% for y in x.lines %}{{ y.¦", ["sku"]),
        ("{% set x = orders %}{{ x[1].lines[0].¦", ["sku"]),
        ("{% import 'partials/terms.macros.j2' as t %}{{ t.¦", ["term"]),
        ("{% from 'partials/terms.macros.j2' import ¦", ["term"]),
        ("{% include 'partials/¦' %}", ["partials/terms.macros.j2", "partials/tone.md.j2"]),
        ("{{ ticket ¦", ["and", "or", "not", "in", "is", "if", "else"]),
        ("{% set ¦", []),
        ("{% for ¦", []),
        ("{{ 'a ¦", []),
        ("{{ ticket }} and ¦ more", []),
        ("a line of ¦prose", []),
        ("", []),
    ],
)
def test_names_are_offered_in_the_tags_of_a_template(
    desk: Live, typed: str, expected: list[str]
) -> None:
    text = desk_with(TICKET, typed or "¦")

    assert labels(desk, PATH, text) == expected


def test_filters_tests_and_statements_are_offered_where_they_can_be(desk: Live) -> None:
    filters = labels(desk, PATH, desk_with(TICKET, "{{ ticket | ¦ }}"))
    tests = labels(desk, PATH, desk_with(TICKET, "{{ ticket is not d¦"))
    statements = labels(desk, PATH, desk_with(TICKET, "{%- ¦"))

    assert {"upper", "join", "tojson"} <= set(filters)
    assert {"defined", "none", "divisibleby"} <= set(tests)
    assert statements[:4] == ["if", "elif", "else", "endif"]
    assert not {*filters, *tests} & {*INPUTS}


def test_an_input_is_offered_with_its_schema_and_replaces_the_whole_word(desk: Live) -> None:
    text = desk_with(TICKET, "{{ ti¦cket }}")

    first = completed(desk, PATH, text)[1]

    place = types.Range(
        start=types.Position(line=25, character=9), end=types.Position(line=25, character=15)
    )
    assert first == types.CompletionItem(
        label="ticket",
        kind=types.CompletionItemKind.Variable,
        detail="string, required, untrusted",
        documentation=types.MarkupContent(kind=types.MarkupKind.PlainText, value="The message."),
        sort_text="10001",
        filter_text="ticket",
        text_edit=types.TextEdit(range=place, new_text="ticket"),
    )


def test_the_item_of_a_for_each_is_offered_in_its_messages(desk: Live) -> None:
    assert labels(desk, PATH, desk_with("{{ one.id }}", "{{ ¦"))[:2] == ["one", "ticket"]
    assert labels(desk, PATH, desk_with("{{ one.id }}", "{{ one.¦")) == ["id", "lines"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("profile: fast", "¦", ["profile", "provider", "id", "params", "provider_options"]),
        ("profile: fast", "profile: ¦", ["fast", "old"]),
        ("role: system", "role: ¦", ["system", "developer", "user", "assistant", "tool"]),
        ("as: one", "¦", ["as"]),
        ("for_each: orders", "for_each: ¦", ["orders"]),
        ("required: [ticket]", "required: [¦]", INPUTS),
        ("{ticket: help, ", "{¦, ", ["ticket", "tone"]),
        ("{ticket: help, ", "{tone: ¦, ", ["warm", "formal"]),
        ("{id: A1}", "{¦}", ["id", "lines"]),
        ("./desk.cases.jsonl", "¦", ["./desk.cases.jsonl"]),
        ("line.schema.json", "¦", ["line.schema.json"]),
        ("budget: {input_tokens: 100}", "tools: [{ref: ¦}]", ["find.tool.json"]),
        ("budget: {input_tokens: 100}", "status: ¦", ["draft", "active", "deprecated"]),
        ("budget: {input_tokens: 100}", "extends: ¦", ["other.prompt.yaml"]),
        ("budget: {input_tokens: 100}", "replaced_by: ¦", ["other"]),
        ("{enum: [warm, formal], default: warm}", "{format: da¦}", ["date", "date-time"]),
        ("budget: {input_tokens: 100}", "evaluation: {probes: {must: [¦]}}", ["authority", "bias"]),
        ("format: promptops/1", "format: ¦", ["promptops/1"]),
        ("format: promptops/1", 'format: "¦"', ["promptops/1"]),
    ],
)
def test_keys_and_values_are_those_that_fit(
    desk: Live, old: str, new: str, expected: list[str]
) -> None:
    found = labels(desk, PATH, desk_with(old, new))

    assert found[: len(expected)] == expected


def test_keys_that_are_present_are_not_offered(desk: Live) -> None:
    found = labels(desk, PATH, desk_with("description: d.", "¦"))

    assert not {"format", "budget", "model", "inputs", "messages", "tests"} & set(found)
    assert {"title", "owners", "output", "evaluation"} <= set(found)


@pytest.mark.parametrize(
    ("old", "new", "label", "line"),
    [
        ("description: d.", "ti¦", "title", "title: ¦"),
        ("description: d.", "tit¦le: d.", "title", "title¦: d."),
        ("description: d.", "ev¦", "evaluation", "evaluation:¦"),
        ("format: promptops/1", "format:¦", "promptops/1", "format: promptops/1¦"),
        ("profile: fast", "profile: f¦ast", "old", "model: {profile: old¦}"),
        ("profile: fast", 'profile: "f¦ast"', "old", 'model: {profile: "old¦"}'),
        ("./desk.cases.jsonl", "¦", "./desk.cases.jsonl", "  - file: ./desk.cases.jsonl¦"),
        (
            '"partials/tone.md.j2"',
            '"partials/t¦one.md.j2"',
            "partials/terms.macros.j2",
            '      {% include "partials/terms.macros.j2¦" %}',
        ),
    ],
)
def test_an_accepted_offer_is_valid_where_it_stands(
    desk: Live, old: str, new: str, label: str, line: str
) -> None:
    assert accepted(desk, PATH, desk_with(old, new), label) == line


def test_an_assertion_offers_its_type_and_then_the_arguments_of_that_type(desk: Live) -> None:
    def offered(written: str) -> list[str]:
        return labels(desk, PATH, DESK + f"evaluation: {{assertions: [{written}]}}\n")

    assert offered("{¦}")[:2] == ["type", "value"]
    assert {"regex", "not-regex", "is-json"} <= set(offered("{type: ¦}"))
    assert "message-count" not in offered("{type: ¦}")
    assert offered("{type: word-count, ¦}")[:1] == ["value"]
    assert "arguments" not in offered("{type: word-count, ¦}")
    assert offered("{type: expr, value: ¦}")[:4] == ["value", "inputs", "expected", "output"]
    assert offered("{type: expr, value: inputs.¦}") == INPUTS
    assert offered("{type: expr, value: output | ¦}")[0] == "abs"


@pytest.mark.parametrize(
    ("comment", "label", "line"),
    [
        ("# pro¦", "promptops: ignore[", "# promptops: ignore[¦"),
        ("# promptops: ig¦", "ignore-file", "# promptops: ignore-file[¦"),
        ("# promptops: ignore[VAR001, MSG¦] x", "MSG002", "# promptops: ignore[VAR001, MSG002¦] x"),
    ],
)
def test_a_comment_offers_the_codes_of_rules(
    desk: Live, comment: str, label: str, line: str
) -> None:
    assert accepted(desk, PATH, f"{comment}\n{DESK}", label) == line


def test_a_partial_offers_the_inputs_of_the_prompts_that_include_it(desk: Live) -> None:
    path = "prompts/partials/tone.md.j2"

    assert labels(desk, path, "Be {{ ¦") == [*INPUTS, *OTHERS]
    assert labels(desk, path, "Be ¦") == []
    assert accepted(desk, path, "{# promptops: ignore[VAR¦] #}", "VAR001") == (
        "{# promptops: ignore[VAR001¦] #}"
    )


def test_a_case_file_offers_the_inputs_of_its_prompt(desk: Live) -> None:
    path = "prompts/desk.cases.jsonl"

    assert labels(desk, path, '{"name": "b", "inputs": {"¦"}}\n') == INPUTS
    assert labels(desk, path, '{}\n{"inputs": {"tone": "¦"}}\n') == ["warm", "formal"]
    assert accepted(desk, path, '{"name": "b", "inputs": {¦}}\n', "tone") == (
        '{"name": "b", "inputs": {"tone": ¦}}'
    )


def test_the_header_of_a_table_of_cases_offers_its_columns(desk: Live) -> None:
    path, prompt = "prompts/desk.cases.csv", desk_with("desk.cases.jsonl", "desk.cases.csv")
    columns = ["inputs.ticket", "inputs.tone", "inputs.orders:json"]
    words = ["name", "tags", "expected", "rendered", "output"]
    desk.put(PATH, prompt)

    found = [
        labels(desk, path, text)
        for text in ("¦", "name,¦", '"na¦me",inputs.tone', "name\n¦", "name\na¦,b")
    ]
    lines = [
        accepted(desk, path, text, "inputs.orders:json")
        for text in ("name,¦", "name,in¦puts,tags\nx,y,z\n", 'name,"in¦puts",tags')
    ]
    desk.put(PATH, None)

    assert found == [[*columns, *words], [*columns, *words[1:]], [*columns[::2], *words], [], []]
    assert lines == [
        "name,inputs.orders:json¦",
        "name,inputs.orders:json¦,tags",
        'name,"inputs.orders:json¦",tags',
    ]


def test_inputs_of_a_prompt_that_was_never_readable_are_offered(desk: Live) -> None:
    path = "prompts/new.prompt.yaml"
    inputs = "inputs:\n  properties:\n    a: {type: string}\n    b:\n      type: string\n"
    text = f"format: promptops/1\n{inputs}messages:\n  - role: user\n    content: |\n      {{{{ ¦"

    assert labels(desk, path, text)[:2] == ["a", "b"]


def test_a_file_that_no_prompt_uses_gets_no_offers(desk: Live) -> None:
    assert labels(desk, "README.md", "{{ ¦") == []
    assert labels(desk, "channels.yaml", "¦") == []


def test_columns_are_those_of_the_editor(desk: Live) -> None:
    text = desk_with("{{ ticket }}", "😀😀 {{ ticket }}")
    file = opened(desk, PATH, text, UTF_16)
    place = types.Position(line=25, character=6 + 4 + 4 + 2)

    edits = {item.label: item.text_edit for item in completed_at(file, place)}
    desk.put(PATH, None)

    start = types.Position(line=25, character=6 + 4 + 4)
    end = types.Position(line=25, character=6 + 4 + 4 + 6)
    assert edits["tone"] == types.TextEdit(range=types.Range(start=start, end=end), new_text="tone")


def test_of_very_many_files_those_are_offered_that_match(desk: Live) -> None:
    names = [f"prompts/many/{index:04}.md.j2" for index in range(MOST_ITEMS + 1)]
    for name in names:
        desk.put(name, "x")

    found = completed_list(desk, PATH, desk_with("partials/tone.md.j2", "many/100¦"))

    for name in names:
        desk.put(name, None)
    assert found.is_incomplete
    assert [item.label for item in found.items] == ["many/1000.md.j2"]
