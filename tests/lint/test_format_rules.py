"""SCH001 to SCH008 and SCH010: places, near misses, and fixes that read the same."""

from __future__ import annotations

import pytest

from promptops.catalog.catalog import Catalog
from promptops.lint.engine import lint_one
from promptops.lint.examples import DAY, MemoryTree, files, findings
from promptops.lint.registry import built_in
from promptops.lint.rules.template_not_literal_block import spliced
from promptops.model.config import Config
from promptops.model.finding import Finding
from promptops.source.document import read

ASK = "prompts/ask.prompt.yaml"


def found(code: str, block: str) -> list[str]:
    return [_line(finding) for finding in findings(built_in()[code], files(block))]


def _line(finding: Finding) -> str:
    place = finding.place
    file = "" if place.path == ASK else f"{place.path}:"
    return f"{file}{place.line}:{place.column} {finding.message}"


def fixed(code: str, block: str) -> list[tuple[str, bool]]:
    """Each file with a fix made, and whether it is a safe one."""
    given = files(block)
    return [
        (spliced(given[finding.place.path], edit), finding.fix.safe)
        for finding in findings(built_in()[code], given)
        if finding.fix is not None
        for edit in finding.fix.edits
    ]


SAY = "messages:\n  - {role: user, content: Say hello.}\n"


def test_a_partial_that_is_not_utf_8_is_found_where_it_breaks() -> None:
    contents = {
        ASK: b"format: promptops/1\nmessages:\n"
        b"  - role: user\n    content: '{% include \"a.md.j2\" %}'\n",
        "prompts/a.md.j2": b"Gr\xfc\xdfe\n",
    }
    catalog = Catalog(MemoryTree(contents), Config())

    result = lint_one(catalog, catalog.loaded(ASK), [built_in()["SCH001"]], DAY)

    assert [(str(f.place), f.message) for f in result.findings] == [
        ("prompts/a.md.j2:1:3", "the file is not UTF-8")
    ]
    assert [str(r.place) for r in result.findings[0].related] == [f"{ASK}:4:26"]


def test_a_misspelt_key_is_mended_by_an_unsafe_fix() -> None:
    ((text, safe),) = fixed("SCH002", "desription: x\n")

    assert (text.splitlines()[0], safe) == ("description: x", False)


def test_the_fix_of_an_implicit_type_quotes_it_and_nothing_else() -> None:
    ((text, safe),) = fixed("SCH004", "tags: [ok, NO]  # two\n")

    assert (text.splitlines()[0], safe) == ('tags: [ok, "NO"]  # two', True)


REWRITTEN = [
    ("content: >\n      a\n      b\n\n      c\n", "content: |\n      a b\n      c\n"),
    ('content: "a\\nb"\n', "content: |-\n      a\n      b\n"),
    ('content: "a\\n\\n\\n"\n', "content: |\n      a\n"),
    ('content: "  a\\n\\tb\\n"\n', "content: |2\n        a\n      \tb\n"),
    ('content: "\\n a"\n', "content: |2-\n\n       a\n"),
    ('content: "it\'s \\"so\\""\n', "content: 'it''s \"so\"'\n"),
    (
        "content: >+\n      a\n      b\n\n\n    name: x\n",
        "content: |\n      a b\n\n\n    name: x\n",
    ),
]


@pytest.mark.parametrize(("before", "after"), REWRITTEN)
def test_the_fix_writes_the_same_text_as_a_block(before: str, after: str) -> None:
    head = "messages:\n  - role: user\n    "

    ((text, safe),) = fixed("SCH006", head + before)

    assert (text[: len(head + after)], safe) == (head + after, True)
    assert _content(text).rstrip("\n") == _content(head + before).rstrip("\n")


def _content(text: str) -> str:
    content: str = read(ASK, text.encode()).value["messages"][0]["content"]
    return content


@pytest.mark.parametrize(
    "message",
    [
        '  - {role: user, content: "a\\nb"}\n',
        '  - role: user\n    content: "a\\nb"  # why\n',
        '  - role: user\n    content: "a\\r\\nb"\n',
        '  - role: user\n    content: "a\\u0007\\n"\n',
    ],
    ids=["in brackets", "a comment", "a carriage return", "a control character"],
)
def test_what_no_block_can_say_is_found_without_a_fix(message: str) -> None:
    block = f"messages:\n{message}"

    assert (len(found("SCH006", block)), fixed("SCH006", block)) == (1, [])


CONFIGURED = (
    "--- promptops.toml\n[lint]\nrequired-metadata = {}\n"
    "--- prompts/ask.prompt.yaml\nformat: promptops/1\n{}{}"
)


def test_a_variant_has_the_metadata_of_what_it_extends() -> None:
    block = CONFIGURED.format('["owners"]', "owners: [a]\n", SAY)
    block += "--- prompts/ask.de.prompt.yaml\nformat: promptops/1\nextends: ./ask.prompt.yaml\n"

    assert found("SCH007", block) == []


FORMATS = [
    ("format: promptops/0\n", ["1:9 `promptops/0` is an older format"], []),
    ("format: promptops/2\n", ["1:9 `promptops/2` is a newer format"], []),
    ("format: promptops/1\n", [], []),
    ("format: prompts/1\n", [], ["1:9 expected `promptops/1`, got the string `prompts/1`"]),
]


@pytest.mark.parametrize(("block", "expected", "otherwise"), FORMATS)
def test_a_file_of_another_format_is_told_once(
    block: str, expected: list[str], otherwise: list[str]
) -> None:
    assert (found("SCH008", block), found("SCH002", block)) == (expected, otherwise)


def test_only_a_file_that_fits_the_current_format_is_marked_anew() -> None:
    ((text, safe),) = fixed("SCH008", "format: promptops/0\n")

    assert (text.splitlines()[0], safe) == ("format: promptops/1", True)
    assert fixed("SCH008", "format: promptops/0\nwhat: 1\n") == []


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("messages: [{role: user, content: Hi}] # one", []),
        ("messages:\n  - role: user #one\n    content: Hi  # two\n", []),
        ("messages:\n  - role: user\n    content: |  # block\n      Hi # there\n", []),
        ('messages:\n  - role: user\n    content: "Hi" #5\n', []),
        ("messages:\n  - role: user\n    content: Hi #5\n", ["3:17-19"]),
        ("messages:\n  - role: user\n    content: Hi # 5\n", ["3:17-20"]),
        ("messages:\n  - role: user\n    when: true #5\n    content: Hi\n", []),
        ("messages:\n  - role: user\n    when: q #5\n    content: Hi\n", ["3:13-15"]),
        ("description: Sorts  #5 things", ["1:21-30"]),
        ("description: Sorts  # 5 things", []),
        ("description: Sorts # promptops: ignore[STY001] why", []),
        ("tags:\n  - c #sharp\n  - d # note\n", ["2:7-13"]),
        (
            "inputs:\n  properties:\n    q:\n      type: string # note\n"
            "      description: Of #fff\n      default: a #b\n",
            ["5:23-27", "6:18-20"],
        ),
        ("inputs:\n  properties:\n    q:\n      type: integer\n      default: 5 #b\n", []),
        (
            "tests:\n  - name: one #1\n    inputs:\n      q: a #b\n    rendered:\n"
            "      - type: contains # note\n        value: Hi # x\n"
            "      - type: max-tokens\n        value: 5 # x\n",
            ["2:15-17", "4:12-14", "7:19-22"],
        ),
    ],
)
def test_text_that_yaml_takes_for_a_comment_is_an_error_and_a_comment_is_not(said, block, expected):
    places = [line.partition(" ")[0] for line in said("SCH012", block + "\n")]

    assert places == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (("<<<<<<< HEAD", "Be brief.", "=======", "Be exact."), ["4:7-19"]),
        (("Be brief.", "=======", "Be exact.", ">>>>>>> main"), ["5:7-14"]),
        (("<<<<<<< HEAD", "a", "=======", "b", ">>>>>>> main"), ["4:7-19"]),
        (("Git writes:", "  <<<<<<< HEAD"), []),
        (("A heading", "======="), []),
    ],
    ids=["beginning", "end", "whole", "on purpose", "heading"],
)
def test_a_conflict_in_a_block_that_an_editor_indented_is_found(said, text, expected) -> None:
    lines = "".join(f"      {line}\n" for line in text)
    block = f"messages:\n  - role: user\n    content: |\n{lines}"

    found = [line.partition(" ")[0] for line in said("SCH011", block)]

    assert found == expected
