"""SCH001 to SCH008 and SCH010: places, near misses, and fixes that read the same."""

from __future__ import annotations

import pytest

from promptops.catalog.catalog import Catalog
from promptops.lint.examples import DAY, MemoryTree, files, findings
from promptops.lint.pipeline import lint_one
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

READING = [
    ("SCH001", "title: a\n\ttags: []\n", ["2:1 a tab instead of spaces"]),
    (
        "SCH001",
        f"{SAY}title: !!python/name:os.system x\n",
        ["3:8 the tag `!!python/name:os.system`"],
    ),
    (
        "SCH001",
        "--- prompts/ask.prompt.yaml\nformat: promptops/1\nmessages:\n"
        "  - role: user\n    content: '{% include \"a.md.j2\" %}'\n"
        '--- prompts/a.md.j2\nHi. {% include "b.md.j2" %}\n'
        "--- prompts/b.md.j2\n\ufeffHi.\n",
        ["prompts/b.md.j2:1:1 the file begins with a byte order mark"],
    ),
    (
        "SCH001",
        "--- prompts/ask.prompt.yaml\nformat: promptops/1\ntools: [{ref: look.json}]\n"
        "inputs:\n  properties:\n    a: {$ref: a.json}\n    b: {$ref: list.json}\n"
        f"output: {{format: json, schema: {{$ref: out.json}}}}\n{SAY}"
        '--- schemas/look.json\n{"name": "look",\n}\n'
        '--- schemas/a.json\n{"type": "string",\n "maxLength": 9,,\n}\n'
        '--- schemas/out.json\n{"type": "object" "title": "a"}\n'
        "--- schemas/list.json\n[1]\n",
        [
            "schemas/a.json:2:17 expecting property name enclosed in double quotes",
            "schemas/look.json:1:16 illegal trailing comma before end of object",
            "schemas/out.json:1:19 expecting ',' delimiter",
        ],
    ),
    (
        "SCH002",
        "--- prompts/ask.prompt.yaml\nformat: promptops/1\ntools: [{ref: look.json}]\n"
        f"inputs:\n  properties:\n    a: {{$ref: a.json}}\n{SAY}"
        "--- schemas/look.json\n[1]\n--- schemas/a.json\n[1]\n",
        [
            "2:15 `look.json` is not a tool: expected a JSON object with `name` and `parameters`",
            "5:15 `a.json` is not a schema: expected a JSON object, nested at most 50 deep",
        ],
    ),
    ("SCH002", "desription: x\n", ["1:1 unknown key `desription`"]),
    ("SCH002", "x-mine: 1\n", []),
    ("SCH003", "title: é\ntitle: b\n", ["2:1 duplicate key `title` in one mapping"]),
    (
        "SCH003",
        "--- prompts/ask.prompt.yaml\nformat: promptops/1\n"
        f"{SAY}tests:\n  - file: ./ask.cases.jsonl\n"
        '--- prompts/ask.cases.jsonl\n{"name": "a", "name": "b"}\n',
        ["prompts/ask.cases.jsonl:1:15 duplicate key `name` in one object"],
    ),
    ("SCH010", "owners: &a [x]\n", ["1:9 the anchor `&a`"]),
    ("SCH010", 'title: "a & b *c"\n', []),
]


@pytest.mark.parametrize(("code", "block", "expected"), READING)
def test_what_a_reader_refuses_is_found_at_its_place(
    code: str, block: str, expected: list[str]
) -> None:
    assert found(code, block) == expected


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


IMPLICIT = [
    ("title: 010\n", []),  # no text to us either, which SCH002 tells
    ("title: 12:30:45\n", ["1:8 YAML readers can read unquoted `12:30:45` as a number of base 60"]),
    ("title: 2026-11-24\n", ["1:8 YAML readers can read unquoted `2026-11-24` as a date"]),
    ("tags: [é, NO]\n", ["1:11 YAML readers can read unquoted `NO` as a boolean"]),
    ("tags: ['NO', \"1.10\", y, nothing, 1.2.3, v1]\n", []),
    ("metadata: {country: NO, version: 1.10}\n", []),
    ("model: {provider: openai, id: gpt-5, params: {temperature: 0.2, seed: 010}}\n", []),
    (
        "inputs:\n  properties:\n    a: {type: string, default: 1.10, description: off}\n",
        [
            "3:32 YAML readers can read unquoted `1.10` as a number",
            "3:51 YAML readers can read unquoted `off` as a boolean",
        ],
    ),
    (
        "inputs:\n  properties:\n    a: {enum: [de, no]}\n    b: {enum: [1.10, 2]}\n",
        ["3:20 YAML readers can read unquoted `no` as a boolean"],
    ),
    (
        "inputs:\n  properties:\n    description: {type: number, default: 1.10}\n"
        "    a: {type: object, default: {description: NO}}\n",
        [],
    ),
    (
        "output:\n  format: json\n  schema: {type: object, properties: {"
        "a: {type: string, enum: [010]}}}\n",
        ["3:64 YAML readers can read unquoted `010` as a number of base 8, or 10"],
    ),
    (
        "inputs:\n  properties: {a: {type: string}, n: {type: number}}\n"
        "tests:\n  - name: é\n    inputs: {a: NO, n: 010}\n"
        "    rendered: [{type: contains, value: NO}, {type: equals, value: NO}]\n",
        [
            "5:17 YAML readers can read unquoted `NO` as a boolean",
            "6:40 YAML readers can read unquoted `NO` as a boolean",
        ],
    ),
    (
        "--- prompts/ask.prompt.yaml\nformat: promptops/1\n"
        "inputs:\n  properties: {a: {type: string}}\n"
        f"{SAY}tests:\n  - file: ./a.yaml\n  - file: ./a.csv\n  - file: ./a.jsonl\n"
        "--- prompts/a.yaml\n- name: one\n  inputs: {a: NO}\n- name: no\n  inputs: {a: 1.10}\n"
        "- name: two\n  inputs:\n    a: |\n      010\n"
        "--- prompts/a.csv\nname,inputs.a\nthree,010\n"
        '--- prompts/a.jsonl\n{"name": "four", "inputs": {"a": 5}}\n',
        ["prompts/a.yaml:2:15 YAML readers can read unquoted `NO` as a boolean"],
    ),
]


@pytest.mark.parametrize(("block", "expected"), IMPLICIT)
def test_text_that_other_readers_take_for_something_else_is_found(
    block: str, expected: list[str]
) -> None:
    assert found("SCH004", block) == expected


def test_the_fix_of_an_implicit_type_quotes_it_and_nothing_else() -> None:
    ((text, safe),) = fixed("SCH004", "tags: [ok, NO]  # two\n")

    assert (text.splitlines()[0], safe) == ('tags: [ok, "NO"]  # two', True)


WHEN = "inputs:\n  properties: {a: {type: string}}\n"

LITERAL = [
    ("messages:\n  - {role: user, content: 'it''s one line'}\n", []),
    ('title: "a\\nb"\ndescription: >\n  folded\n', []),
    ("messages:\n  - role: user\n    content: |-\n      a\\nb\n", []),
    (
        "messages:\n  - role: user\n    content: >-\n      a\n      b\n",
        ["3:14 a template in a `>` block, which joins lines"],
    ),
    (
        'messages:\n  - {role: user, content: "é\\u00e9"}\n',
        ["2:27 a template with escapes"],
    ),
    (
        "messages:\n  - role: user\n    content: 'a\n      b'\n",
        ["3:14 a template quoted over several lines, which are joined"],
    ),
    (
        "messages:\n  - role: user\n    content: a\n      b\n",
        ["3:14 a template unquoted over several lines, which are joined"],
    ),
    (
        f'{WHEN}messages:\n  - role: user\n    when: "a == \\"x\\""\n    content:\n'
        '      - text: "a\\tb"\n        when: "a"\n',
        ["5:11 a template with escapes", "7:15 a template with escapes"],
    ),
    (
        "inputs:\n  properties: {a: {type: array}}\nmessages:\n  - for_each: a\n    as: b\n"
        '    messages:\n      - role: user\n        content: "a\\nb"\n',
        ["8:18 a template with escapes"],
    ),
]


@pytest.mark.parametrize(("block", "expected"), LITERAL)
def test_a_template_that_does_not_read_as_written_is_found(block: str, expected: list[str]) -> None:
    assert found("SCH006", block) == expected


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

METADATA = [
    ('["description"]', "", ["1:1 `description` is missing"]),
    (
        '["description"]',
        'description: ""\n',
        ["2:14 `description` is empty"],
    ),
    (
        '["owners", "tags"]',
        "owners: [a]\ntags: []\n",
        ["3:7 `tags` is empty"],
    ),
    ('["risk"]', "metadata: {risk: 0}\n", []),
    (
        '["metadata.risk"]',
        "metadata: {}\n",
        ["1:1 `metadata.risk` is missing"],
    ),
    ('["status"]', "", ["1:1 `status` is missing"]),
    ("[]", "", []),
]


@pytest.mark.parametrize(("required", "head", "expected"), METADATA)
def test_metadata_that_the_configuration_asks_for_is_missed(
    required: str, head: str, expected: list[str]
) -> None:
    assert found("SCH007", CONFIGURED.format(required, head, SAY)) == expected


def test_a_variant_has_the_metadata_of_what_it_extends() -> None:
    block = CONFIGURED.format('["owners"]', "owners: [a]\n", SAY)
    block += "--- prompts/ask.de.prompt.yaml\nformat: promptops/1\nextends: ./ask.prompt.yaml\n"

    assert found("SCH007", block) == []


FORMATS = [
    ("format: promptops/0\n", ["1:9 `promptops/0` is an older format"], []),
    ("format: promptops/2\n", ["1:9 `promptops/2` is a newer format"], []),
    ("format: promptops/1\n", [], []),
    ("format: prompts/1\n", [], ["1:9 expected `promptops/1`, got the text `prompts/1`"]),
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


def test_text_that_is_cut_in_a_case_file_is_an_error_there(found):
    block = (
        "--- prompts/ask.prompt.yaml\nformat: promptops/1\nmessages:\n"
        "  - {role: user, content: Hi}\ntests:\n  - file: ask.cases.yaml\n"
        "--- prompts/ask.cases.yaml\n- name: two #2\n  rendered:\n"
        "    - type: contains\n      value: issue #5\n"
    )

    message = "is a YAML comment and not part of the text"
    assert found("SCH012", block) == [
        f"` #2` {message} ask.cases.yaml:1:13-15",
        f"` #5` {message} ask.cases.yaml:4:20-22",
    ]


def test_a_misspelt_keyword_is_found_in_every_schema_that_a_prompt_has() -> None:
    block = (
        "inputs:\n"
        "  properties:\n"
        "    minLegnth: {type: string, default: '', x-alias: [least]}\n"
        "    rows: {tpye: array, default: [], itmes: {enmu: [a]}}\n"
        "output: {format: json, schema: {anyOf: [{typ: object}], additonalProperties: false}}\n"
        "tools:\n"
        "  - {name: find, description: Finds., parameters: {type: object, propertys: {}}}\n" + SAY
    )

    assert found("SCH013", block) == [
        "3:44 `x-alias` is not a keyword of JSON Schema and is ignored",
        "4:12 `tpye` is not a keyword of JSON Schema and is ignored",
        "4:38 `itmes` is not a keyword of JSON Schema and is ignored",
        "5:42 `typ` is not a keyword of JSON Schema and is ignored",
        "5:57 `additonalProperties` is not a keyword of JSON Schema and is ignored",
        "7:66 `propertys` is not a keyword of JSON Schema and is ignored",
    ]


@pytest.mark.parametrize(
    "key",
    ["example", "definition", "note", "count", "nullable", "markdownDescription", "x-order", "id"],
)
def test_an_annotation_of_another_tool_is_no_misspelt_keyword(key: str) -> None:
    block = f"inputs:\n  properties:\n    ticket: {{type: string, default: '', {key}: some}}\n"

    assert found("SCH013", block + SAY) == []
