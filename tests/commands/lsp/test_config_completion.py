"""Completion in the configuration file, which is mostly half typed."""

from __future__ import annotations

import random

import pytest
from lsprotocol import types

from promptops.analysis.models import providers
from promptops.commands.lint.live import Live
from promptops.commands.lsp.completion import MOST_CONFIG_CHARACTERS, toml_cursor_at
from promptops.records import replace
from tests.commands.lsp.at_mark import MARK, completed_at, labels, line_after, position_of
from tests.commands.lsp.conftest import CONFIG
from tests.commands.lsp.opened_files import opened
from tests.hanging import ends_soon

PATH = "promptops.toml"
PROVIDERS = sorted(providers())
TABLES = ["lint", "test", "release", "diff", "check", "compare"]


def offered(live: Live, marked: str) -> list[types.CompletionItem]:
    """The offers at the mark; the configuration of the repository stays what it is."""
    file = replace(opened(live, PATH), text=marked.replace(MARK, ""))
    return completed_at(file, position_of(marked))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("¦", ["prompts", "schemas", "models", *TABLES]),
        ('[lint]\nselect = ["SEC"]\n¦', ["ignore", "extend-select", "required-metadata"]),
        ('[lint]\n¦\nselect = ["SEC"]\n', ["ignore", "extend-select", "required-metadata"]),
        ("[models.new]\n¦", ["provider", "id", "base_url", "api_key_env"]),
        ("[models]\nnew = {¦", ["provider", "id", "base_url", "api_key_env"]),
        ('[models]\nnew = {id = "x", ¦', ["provider", "base_url", "api_key_env"]),
        ("[models.new]\nparams.¦", ["temperature", "top_p", "max_output_tokens"]),
        ("[[lint.rules]]\ncode = 'X001'\n[[lint.rules]]\n¦", ["code", "name", "kind", "message"]),
        ("[lint]\nfail-on = ¦", ["error", "warning", "info"]),
        ("[lint]\nfail-on = [\n  '¦", []),
        ("[lint]\nselect = [\n'SEC\nfail-on = ¦", ["error", "warning", "info"]),
        ('[check]\nfail-on = ["risk", "¦', ["breaking", "risk"]),
        ("[check]\nmutation = ¦", ["true", "false"]),
        ("[lint]\nselect = [¦", ["ALL"]),
        ("[lint]\nrequired-metadata = [¦", ["format"]),
        ("[models.new]\nprovider = ¦", PROVIDERS),
        ("[models.new]\nid = '¦'", []),
        ("[models.new]\nid = '¦'\nprovider = 'mistral'\n", ["codestral-2501"]),
        ("[models.fast]\nprovider='x'\nid='y'\n[test]\nembeddings = ¦", ["fast"]),
        ("[¦", ["models", "lint"]),
        ("[[¦]]", ["lint.rules", "lint.waivers", "diff.waivers", "score.alerts"]),
        ("[lint] ¦", []),
        ("# ¦", []),
        ('prompts = ["prompts"] ¦', []),
        ("prompts = [¦", []),
    ],
)
def test_what_fits_at_a_position_is_offered(desk: Live, text: str, expected: list[str]) -> None:
    found = [item.label for item in offered(desk, text)]

    assert found[: len(expected) or 1] == expected


@pytest.mark.parametrize(
    ("text", "label", "line"),
    [
        ("prom¦", "prompts", "prompts = ¦"),
        ("prom¦pts = []", "prompts", "prompts¦ = []"),
        ("¦", "lint", "[lint]¦"),
        ("¦\nprompts = []", "lint", "lint.¦"),
        ("li¦\n\n[test]\n", "lint", "[lint]¦"),
        ("¦", "models", "[models.¦"),
        ("[li¦", "lint", "[lint]¦"),
        ("[li¦nt]", "lint", "[lint¦]"),
        ("[¦]", "lint.rules", "[[lint.rules]¦]"),
        ("[[lint¦]]", "lint.rules", "[[lint.rules¦]]"),
        ("[[lint¦", "lint.rules", "[[lint.rules]]¦"),
        ("[lint]\nfail-on =¦", "error", 'fail-on = "error"¦'),
        ("[lint]\nfail-on = w¦arn", "error", 'fail-on = "error"¦'),
        ("[lint]\nfail-on = 'w¦arn'", "error", "fail-on = 'error¦'"),
        ("[lint]\nselect = ¦", "VAR001", 'select = ["VAR001"]¦'),
        ('[lint]\nselect = ["A", "V¦"]', "VAR001", 'select = ["A", "VAR001¦"]'),
        ("[lint.severity]\n¦", "VAR001", "VAR001 = ¦"),
        ("[lint]\nseverity = {V¦}", "VAR001", "severity = {VAR001 = ¦}"),
        ("[check]\nmutation = ¦", "true", "mutation = true¦"),
    ],
)
def test_an_accepted_offer_is_valid_where_it_stands(
    desk: Live, text: str, label: str, line: str
) -> None:
    assert line_after(offered(desk, text), text, label) == line


def test_an_offer_has_the_description_of_the_schema(desk: Live) -> None:
    first = offered(desk, f"{CONFIG}[diff]\nwhite¦")[0]

    assert (first.label, first.detail) == ("whitespace", "string")
    assert first.documentation == types.MarkupContent(
        kind=types.MarkupKind.PlainText,
        value="Required bump for a change of whitespace: minor (default) or patch.",
    )


def test_custom_rules_are_offered_like_built_in_ones(desk: Live) -> None:
    rule = '[[lint.rules]]\ncode = "X001"\nname = "no-foo"\nkind = "existence"\n'
    rule += 'tokens = ["foo"]\nmessage = "no"\n'

    assert "X001" in labels(desk, PATH, f'{rule}[lint.severity]\nX¦ = "error"\n')


def test_no_text_makes_a_position_unreadable() -> None:
    marks = "[]{}\"'=.,# \na\\"
    draw = random.Random(1)
    for _ in range(1_000):
        text = "".join(draw.choices(marks, k=draw.randrange(40)))
        lines = text.split("\n")
        line = draw.randrange(len(lines)) + 1

        cursor = toml_cursor_at(text, line, draw.randrange(45) + 1)

        begin = sum(map(len, lines[: line - 1])) + line - 1
        assert begin <= cursor.start <= cursor.offset <= cursor.end <= begin + len(lines[line - 1])


def test_a_hostile_file_is_not_followed_to_its_depth(desk: Live) -> None:
    nested = "a = " + "[" * 60_000

    assert toml_cursor_at(nested, 1, len(nested) + 1).pointer == "/a" + "/0" * 20
    assert offered(desk, "#" * MOST_CONFIG_CHARACTERS + "\n¦") == []


@pytest.mark.parametrize("typed", ["[", "[" + " " * 60_000 + "]", " " * 60_000 + "!"])
def test_a_long_line_is_read_once(typed: str) -> None:
    with ends_soon():
        toml_cursor_at(typed, 1, len(typed) + 1)


def test_the_tables_of_a_file_with_many_are_found_in_moments(desk: Live) -> None:
    text = "".join(f"[models.a{number}]\n" for number in range(3_800))

    with ends_soon():
        found = offered(desk, f"{text}[¦")

    assert "models.a0.params" in {each.label for each in found}
