"""Case files: JSON lines, tables, YAML."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.model.place import Place
from promptops.source.cases import MAX_FIELD, CaseFile, read_cases
from promptops.source.document import MAX_BYTES
from promptops.source.json_lines import read_json
from tests.tiers import examples


def told(found: CaseFile) -> list[tuple[str, str, str]]:
    return [
        (problem.code, f"{at.line}:{at.column}-{at.end_line}:{at.end_column}", problem.message)
        for problem in found.problems
        for at in [problem.at]
        if isinstance(at, Place)
    ]


def span(place: Place) -> str:
    return f"{place.line}:{place.column}-{place.end_line}:{place.end_column}"


LINES = b"""\
{"name": "a", "inputs": {"ticket": "x\\n\\ud83d\\ude00y", "n": [1, {"k": null}]}}

{"name": "b", "tags": ["t"]}
"""


def test_json_lines_are_cases() -> None:
    found = read_cases("c.jsonl", LINES)

    assert found.problems == ()
    assert found.values == (
        {"name": "a", "inputs": {"ticket": "x\n😀y", "n": [1, {"k": None}]}},
        {"name": "b", "tags": ["t"]},
    )


@pytest.mark.parametrize(
    ("pointer", "value", "key"),
    [
        ("/0", "1:1-1:79", "1:1-1:79"),
        ("/0/inputs/ticket", "1:36-1:54", "1:26-1:34"),
        ("/0/inputs/n/1/k", "1:71-1:75", "1:66-1:69"),
        ("/0/inputs/n/0", "1:62-1:63", "1:62-1:63"),
        ("/1/tags/0", "3:24-3:27", "3:24-3:27"),
        ("/1/nowhere", "3:1-3:29", "3:1-3:29"),
        ("/7", "1:1-1:79", "1:1-1:79"),
    ],
)
def test_pointers_lead_into_json_lines(pointer: str, value: str, key: str) -> None:
    found = read_cases("c.jsonl", LINES)

    assert (span(found.place(pointer)), span(found.place(pointer, True))) == (value, key)


def test_the_characters_of_a_json_text_have_places() -> None:
    text = read_cases("c.jsonl", LINES).template("/0/inputs/ticket")

    assert [(char, text.locate(index)) for index, char in enumerate(text.value)] == [
        ("x", (1, 37)),
        ("\n", (1, 38)),
        ("😀", (1, 40)),
        ("y", (1, 52)),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'{"name": }', ("SCH001", "1:10-1:11", "not JSON: expecting value")),
        (b'{"name" "a"}', ("SCH001", "1:9-1:10", "not JSON: expecting ':' delimiter")),
        (b'{"name": NaN}', ("SCH001", "1:1-1:2", "JSON has no `NaN`")),
        (b'{"name": -Infinity}', ("SCH001", "1:1-1:2", "JSON has no `-Infinity`")),
        (b'{"name": "\\ud83d"}', ("SCH001", "1:11-1:12", "half of a surrogate pair")),
        (b'{"name": ' + b"9" * 5000 + b"}", ("SCH001", "1:1-1:2", "a value too large to read")),
        (b"[" * 100_000, ("SCH001", "1:1-1:2", "a value too large to read")),
        (b"[" * 60 + b"]" * 60, ("SCH001", "1:1-1:2", "nested deeper than 50 levels")),
        (
            b'{"name":"a","x-":1,"x-":2}',
            ("SCH003", "1:20-1:24", "duplicate key `x-` in one object"),
        ),
        (
            b'{"name": "a", "inputs": {"x": [{"k": 1, "k": 2}]}}',
            ("SCH003", "1:41-1:44", "duplicate key `k` in one object"),
        ),
        (b"1", ("SCH002", "1:1-1:2", "expected a mapping, got the number 1")),
        (b'{"inputs": {}}', ("SCH002", "1:2-1:10", "`name` is missing")),
        (
            b'{"name": "a", "rendered": [{"type": "contians"}]}',
            ("SCH002", "1:37-1:47", "the string `contians` is not a known value"),
        ),
    ],
)  # fmt: skip
def test_a_bad_line_is_told_and_the_others_are_read(
    line: bytes, expected: tuple[str, str, str]
) -> None:
    found = read_cases("c.jsonl", line + b'\n{"name": "good"}\n')

    assert told(found) == [expected]
    assert found.values[-1] == {"name": "good"}
    assert span(found.place(f"/{len(found.values) - 1}/name")) == "2:10-2:16"


TABLE = b"""\
name,inputs.text,tags,inputs.n:json,rendered,expected
first,"He said ""hi"",
twice",a; b,[1],"[{""type"": ""message-count"", ""value"": 2}]",bug

second,plain,,,,
"""


def test_a_table_is_cases() -> None:
    found = read_cases("c.csv", TABLE)

    assert found.problems == ()
    assert found.values == (
        {
            "name": "first",
            "inputs": {"text": 'He said "hi",\ntwice', "n": [1]},
            "tags": ["a", "b"],
            "rendered": [{"type": "message-count", "value": 2}],
            "expected": "bug",
        },
        {"name": "second", "inputs": {"text": "plain"}},
    )


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/0", "2:1-2:23"),
        ("/0/inputs/text", "2:7-3:7"),
        ("/0/rendered/0/type", "3:17-3:64"),
        ("/0/inputs/nowhere", "2:1-2:23"),
        ("/1/name", "5:1-5:7"),
    ],
)
def test_pointers_lead_to_fields(pointer: str, value: str) -> None:
    assert span(read_cases("c.csv", TABLE).place(pointer)) == value


def test_the_key_of_a_field_is_its_column() -> None:
    assert span(read_cases("c.csv", TABLE).place("/1/inputs/text", True)) == "1:6-1:17"


def test_the_characters_of_a_field_have_places() -> None:
    text = read_cases("c.csv", TABLE).template("/0/inputs/text")

    assert [text.locate(text.value.index(word)) for word in ("He", "hi", '",', "twice")] == [
        (2, 8),
        (2, 18),
        (2, 20),
        (3, 1),
    ]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (b"", [("SCH001", "1:1-1:1", "the file is empty")]),
        (b'name\n"a\n', [("SCH001", "2:1-2:2", "a quote that is never closed")]),
        (b'name\n"a"b\n', [("SCH001", "2:4-2:5", "text after the closing quote")]),
        (b"name,x\na,b\n", [("SCH002", "1:6-1:7", "unknown column `x`")]),
        (b"name,name\na,b\n", [("SCH003", "1:6-1:10", "`name` is two columns")]),
        (b"name,tags\na\n", [("SCH002", "2:1-2:2", "1 field in a table of 2 columns")]),
        (b"name,rendered\na,[\n", [("SCH001", "2:3-2:4", "this is not JSON")]),
        (b"name,inputs.x:json\na,NaN\n", [("SCH001", "2:3-2:6", "this is not JSON")]),
        (b"name,output\na," + b"[" * 100_000, [("SCH001", "2:3-2:100003", "this is not JSON")]),
        (b"name," * 201 + b"\n", [("SCH002", "1:1-1:5", "over 200 columns")]),
        (b"name,tags\n,a\n", [("SCH002", "2:1-2:3", "`name` is missing")]),
        (b"name\n" + b"x" * (MAX_FIELD + 1), [("SCH001", "2:1-2:2", "a field of over 128 KB")]),
        (b"name\n" + b"x" * MAX_BYTES, [("SCH001", "1:1-1:1", "the file is larger than 1 MB")]),
    ],
    ids=lambda _: "",
)  # fmt: skip
def test_a_bad_table_is_told(table: bytes, expected: list[tuple[str, str, str]]) -> None:
    assert told(read_cases("c.csv", table)) == expected


@pytest.mark.parametrize("name", ["c.csv", "c.jsonl", "c.yaml"])
def test_a_case_file_that_is_too_large_is_to_be_split(name: str) -> None:
    (problem,) = read_cases(name, b" " * (MAX_BYTES + 1)).problems

    assert (problem.message, problem.hint) == (
        "the file is larger than 1 MB",
        "split it into several case files, and name each under `tests`",
    )


def test_a_misspelt_column_is_guessed() -> None:
    found = read_cases("c.csv", b"nmae,text\na,b\n")

    assert [problem.hint for problem in found.problems[:2]] == [
        "did you mean `name`?",
        "did you mean `inputs.text`?",
    ]


@pytest.mark.parametrize(
    ("column", "hint"),
    [
        ("input.text", "did you mean `inputs.text`?"),
        ("inputs.items:jsn", "did you mean `inputs.items:json`?"),
        ("items:json", "did you mean `inputs.items:json`?"),
        ("name;inputs.text", "separate the columns with commas"),
        ("the text", "did you mean `inputs.text`?"),
        ("9th", "an input is the column `inputs.NAME`, or `inputs.NAME:json`"),
    ],
)
def test_the_hint_for_a_column_is_one_that_can_be_pasted(column: str, hint: str) -> None:
    found = read_cases("c.csv", f"{column},name\n,a\n".encode())

    assert found.problems[0].hint == hint


def test_yaml_is_a_list_of_cases() -> None:
    found = read_cases("c.yaml", b"- name: a\n  inputs: {x: NO}\n- nmae: b\n")

    assert found.values == ({"name": "a", "inputs": {"x": "NO"}}, {"nmae": "b"})
    assert told(found) == [("SCH002", "3:3-3:7", "unknown key `nmae`")]
    assert span(found.place("/0/inputs/x")) == "2:15-2:17"


@pytest.mark.parametrize(
    ("path", "data", "expected"),
    [
        ("c.yaml", b"name: a\n", [("SCH002", "1:1-1:8", "the file is not a list of cases")]),
        ("c.yml", b"[", [("SCH001", "1:2-1:2", "a value is missing here")]),
        (
            "c.txt",
            b"a",
            [("SCH001", "1:1-1:1", "name the case file `*.jsonl`, `*.csv` or `*.yaml`")],
        ),
        ("c.jsonl", b"\xff", [("SCH001", "1:1-1:2", "the file is not UTF-8")]),
    ],
)
def test_a_file_that_holds_no_cases_is_told(
    path: str, data: bytes, expected: list[tuple[str, str, str]]
) -> None:
    found = read_cases(path, data)

    assert (told(found), found.values) == (expected, ())


@settings(max_examples=examples(200), deadline=None)
@given(
    text=st.text(st.sampled_from("ab\"'\\,\n{}[]:1 né😀\u2028"), max_size=40),
    path=st.sampled_from(["c.csv", "c.jsonl", "c.yaml"]),
    head=st.sampled_from(["", "name,inputs.a\n", '{"name": "a"}\n', "- name: a\n  inputs: "]),
)
def test_nothing_makes_the_reader_of_cases_raise(text: str, path: str, head: str) -> None:
    found = read_cases(path, (head + text).encode())

    for pointer, kind, value in found.scalars():
        located = found.template(pointer, key=kind == "key")
        assert located.value == value
        assert located.locate(len(value)) >= (1, 1)


def test_a_json_file_is_a_document() -> None:
    document = read_json("s.json", b'{\n\t"type": "object",\n\t"x": {"type": 1}\n}\n')

    assert document.problems == ()
    assert document.value == {"type": "object", "x": {"type": 1}}
    assert span(document.place("/x/type")) == "3:16-3:17"


@pytest.mark.parametrize("data", [b"", b"{", b'{"a": 1} x', b"\xff", b"[" * 100_000])
def test_a_bad_json_file_is_told(data: bytes) -> None:
    document = read_json("s.json", data)

    assert document.value is None
    assert [problem.code for problem in document.problems] == ["SCH001"]


def test_duplicate_keys_of_a_json_file_are_told_and_it_is_read() -> None:
    document = read_json("s.json", b'{"a": 1,\n "a": 2}')

    assert document.value == {"a": 1}
    assert [str(problem.at) for problem in document.problems] == ["s.json:2:2"]


def test_a_byte_order_mark_of_excel_in_a_table_is_accepted() -> None:
    table = b"name,inputs.t\r\na,x\r\n"

    found = read_cases("a.csv", b"\xef\xbb\xbf" + table)

    assert (found.problems, found.values) == ((), read_cases("a.csv", table).values)
    assert found.values == ({"name": "a", "inputs": {"t": "x"}},)


def test_a_byte_order_mark_in_json_lines_is_refused() -> None:
    found = read_cases("a.jsonl", b'\xef\xbb\xbf{"name": "a"}\n')

    assert [each.message for each in found.problems] == ["the file begins with a byte order mark"]
