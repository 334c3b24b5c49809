"""Files of recordings: what is read, what is told, and that the bytes stay the same."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.model.answer import Answer, Recording, Usage
from promptops.model.finding import Related
from promptops.model.place import Place
from promptops.repo import blobs
from promptops.source.recordings import (
    MAX_BYTES,
    MAX_PROBLEMS,
    ReadRecordings,
    read_recordings,
    recordings_bytes,
)
from promptops.source.shape import schema
from tests.hanging import ends_soon

A, B = "a" * 64, "b" * 64
LINE: dict[str, Any] = {
    "case": "refund",
    "finish_reason": "stop",
    "fingerprint": None,
    "format": 1,
    "model": "m-1",
    "output": "Grüße,\n«x»",
    "repeat": 0,
    "request": A,
    "usage": {"cached": 1, "input": 20, "output": 5},
}
RECORDING = Recording(
    request=A,
    repeat=0,
    case="refund",
    answer=Answer(
        text="Grüße,\n«x»", model="m-1", usage=Usage(input=20, output=5, cached=1), latency_s=None
    ),
)


def line(**changed: Any) -> bytes:
    """A line with other values; `left out` leaves a key out."""
    value = {key: each for key, each in {**LINE, **changed}.items() if each != "left out"}
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def told(found: ReadRecordings) -> list[tuple[str, str, str]]:
    return [
        (problem.code, f"{at.line}:{at.column}-{at.end_line}:{at.end_column}", problem.message)
        for problem in found.problems
        for at in [problem.at]
        if isinstance(at, Place)
    ]


def test_a_recording_is_one_canonical_line_without_a_date() -> None:
    answer = Answer(
        text="",
        tool_calls=({"name": "find", "arguments": {"n": 1.0, "a": "é"}},),
        finish_reason="tool_calls",
        model="m-1",
        fingerprint="fp_1",
        usage=Usage(input=20, output=5),
        latency_s=1.5,
    )

    written = recordings_bytes([Recording(request=A, repeat=2, case="x", answer=answer, judge="j")])

    assert written.decode() == (
        '{"case":"x","fingerprint":"fp_1","finish_reason":"tool_calls","format":1,"judge":"j",'
        '"latency_s":1.5,'
        '"model":"m-1","output":"","repeat":2,"request":"' + A + '",'
        '"tool_calls":[{"arguments":{"a":"é","n":1},"name":"find"}],'
        '"usage":{"cached":0,"input":20,"output":5}}\n'
    )


def test_a_line_is_read_as_what_it_was_written_from() -> None:
    assert read_recordings("r.jsonl", line()) == ReadRecordings(
        recordings=(RECORDING,), places=(Place("r.jsonl", 1, 1, 1, 2),)
    )


def test_lines_are_sorted_by_case_judge_repeat_and_request() -> None:
    wanted = [("a", "", 0, A), ("a", "", 0, B), ("a", "", 10, A), ("a", "j", 2, A), ("b", "", 1, A)]
    recordings = [
        Recording(case=case, judge=judge, repeat=repeat, request=request, answer=Answer(text="x"))
        for case, judge, repeat, request in reversed(wanted)
    ]

    found = read_recordings("r.jsonl", recordings_bytes(recordings)).recordings

    assert [(each.case, each.judge, each.repeat, each.request) for each in found] == wanted


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
counts = st.integers(0, 2**53 - 1)
json_data = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
answers = st.builds(
    Answer,
    text=texts,
    tool_calls=st.lists(
        st.fixed_dictionaries({"name": texts, "arguments": json_data}), max_size=2
    ).map(tuple),
    finish_reason=texts.filter(bool),
    model=texts,
    fingerprint=st.none() | texts,
    usage=st.builds(Usage, input=counts, output=counts, cached=counts),
)
recordings = st.builds(
    Recording,
    request=st.text("0123456789abcdef", min_size=64, max_size=64),
    repeat=st.integers(0, 1_000_000),
    case=texts,
    judge=texts,
    answer=answers,
)


@given(
    st.lists(recordings, unique_by=lambda each: (each.request, each.repeat, each.judge), max_size=4)
)
def test_what_is_written_reads_as_the_same_bytes(made: list[Recording]) -> None:
    written = recordings_bytes(made)

    found = read_recordings("r.jsonl", written)

    assert found.problems == ()
    assert recordings_bytes(found.recordings) == written
    assert recordings_bytes(reversed(made)) == written


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_no_bytes_make_the_reader_raise(data: bytes) -> None:
    found = read_recordings("r.jsonl", data + b"\n" + line())

    assert RECORDING in found.recordings


@pytest.mark.parametrize(
    ("row", "at", "code", "message"),
    [
        (b"{x", "x", "SCH001", "not JSON: expecting property name enclosed in double quotes"),
        (b"x\0", "x", "SCH001", "not JSON: expecting value"),
        (b'"a\0"', "\0", "SCH001", "not JSON: invalid control character"),
        (b'{"output": "\xc3\xbc\xff"}', "\ufffd", "SCH001", "the line is not UTF-8"),
        (b'{"case": NaN}', "{", "SCH001", "JSON has no `NaN`"),
        (b'"\\ud800"', "\\", "SCH001", "half of a surrogate pair"),
        (b"[" * 100_000, "[", "SCH001", "a value too large to read"),
        (b"[" * 60 + b"]" * 60, "[", "SCH001", "nested deeper than 50 levels"),
        (b"[]", "[]", "SCH002", "expected a mapping, got an empty list"),
        (
            line(format=2, later=1),
            "2",
            "SCH002",
            "format 2 is newer than this promptops, which reads 1",
        ),
        (line(format=0), "0", "SCH002", "expected `1`, got the number 0"),
        (line(usage="left out"), '"case"', "SCH002", "`usage` is missing"),
        (line(latency=1), '"latency"', "SCH002", "unknown key `latency`"),
        (line(repeat=-7), "-7", "SCH002", "expected at least 0, got the number -7"),
        (line(repeat="7"), '"7"', "SCH002", "expected a whole number, got the string `7`"),
        (line(judge=""), '""', "SCH002", "expected a non-empty string, got an empty string"),
        (
            line(request="A1"),
            '"A1"',
            "SCH002",
            "the string `A1` does not fit the pattern `^[0-9a-f]{64}$`",
        ),
        (
            line(tool_calls=[{"name": 77, "arguments": {}}]),
            "77",
            "SCH002",
            "expected a string, got the number 77",
        ),
        (
            line(tool_calls=[0] * 1001),
            line(tool_calls=[0] * 1001).decode().strip(),
            "SCH002",
            "over 1,000 tool calls",
        ),
        (
            b'{"case": "a", "case" : "b"}',
            '"case" ',
            "SCH003",
            "duplicate key `case` in one object",
        ),
    ],
)
def test_a_line_that_is_wrong_is_told_at_its_place_and_hides_no_other(
    row: bytes, at: str, code: str, message: str
) -> None:
    found = read_recordings("r.jsonl", line() + row.strip() + b"\n" + line(request=B))

    column = row.decode(errors="replace").index(at) + 1
    place = f"2:{column}-2:{column + len(at.strip())}"
    assert told(found) == [(code, place, message)]
    assert found.problems[0].hint
    assert [each.request for each in found.recordings] == [A, B]
    assert [place.line for place in found.places] == [1, 3]


def test_an_answer_that_stands_twice_counts_once() -> None:
    second = line(output="other", case="other")

    found = read_recordings("r.jsonl", line() + second)

    assert found.recordings == (RECORDING,)
    assert told(found) == [
        (
            "SCH003",
            f"2:1-2:{len(second)}",
            "the answer to this request and repeat is recorded twice; the first one counts",
        )
    ]
    first = Place("r.jsonl", 1, 1, 1, len(line().decode()))
    assert found.problems[0].related == (Related(first, "the first one"),)


@pytest.mark.parametrize("changed", [{"repeat": 1}, {"request": B}, {"judge": "judges/tone"}])
def test_another_repeat_request_or_judge_is_another_answer(changed: dict[str, Any]) -> None:
    found = read_recordings("r.jsonl", line() + line(**changed))

    assert (len(found.recordings), found.problems) == (2, ())


def test_a_merge_conflict_is_told_once_and_both_sides_are_read() -> None:
    rows = [
        b"<<<<<<< HEAD\n",
        line(),
        b"||||||| 1234567\n",
        line(request="c" * 64),
        b"=======\n",
        line(output="other"),
        line(request=B),
        b">>>>>>> topic\n",
        b"=======\n",
    ]

    found = read_recordings("r.jsonl", b"".join(rows))

    assert [each.request[0] for each in found.recordings] == ["a", "c", "b"]
    assert told(found) == [
        ("SCH011", "1:1-1:13", "a conflict marker of an unresolved merge"),
        ("SCH011", "9:1-9:8", "a conflict marker of an unresolved merge"),
    ]


def test_a_byte_order_mark_is_told_and_line_ends_of_windows_are_read() -> None:
    data = b"\xef\xbb\xbf" + line().replace(b"\n", b"\r\n") + b"\r\n"

    found = read_recordings("r.jsonl", data)

    assert found.recordings == (RECORDING,)
    assert told(found) == [("SCH001", "1:1-1:1", "the file begins with a byte order mark")]


def test_a_line_of_a_megabyte_is_an_answer_like_any() -> None:
    text = "long " * 200_000

    (found,) = read_recordings("r.jsonl", line(output=text)).recordings

    assert found.answer.text == text


def test_a_file_is_read_as_far_as_gits_objects_are() -> None:
    found = read_recordings("r.jsonl", line() + b" " * MAX_BYTES)

    assert blobs.MAX_BYTES == MAX_BYTES
    assert (found.recordings, told(found)) == (
        (),
        [("SCH001", "1:1-1:1", "the file is larger than 2 MB")],
    )


def test_reading_ends_after_so_many_mistakes_and_says_so() -> None:
    found = read_recordings("r.jsonl", b"x\n" * 500 + line())

    assert len(found.problems) == MAX_PROBLEMS + 1
    assert told(found)[-1] == (
        "SCH001",
        "101:1-101:1",
        "over 100 mistakes: the rest of the file is not read",
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param(b"{" + b",".join(b'"k%d":1' % i for i in range(180_000)) + b"}", id="keys"),
        pytest.param(b"{" + b",".join(b'"k":1' for _ in range(40_000)) + b"}", id="one key"),
        pytest.param(line(tool_calls=[{}] * 400_000), id="tool calls"),
        pytest.param(line(usage=[1] * 600_000), id="usage"),
        pytest.param(b"{}\n" * 600_000, id="empty objects"),
        pytest.param(b"\n" * 2_000_000, id="empty lines"),
        pytest.param(b'{"a":' * 300_000, id="deep"),
        pytest.param(b"\0" * 2_000_000, id="NUL"),
        pytest.param(b"<<<<<<<\n" * 250_000, id="conflicts"),
        pytest.param(line(format=10**4000), id="a format of 4,000 digits"),
    ],
)
def test_no_file_takes_longer_than_two_seconds_or_says_more_than_anyone_reads(
    hostile: bytes,
) -> None:
    with ends_soon():
        found = read_recordings("r.jsonl", hostile)

    assert len(found.problems) < 2 * MAX_PROBLEMS


def test_the_schema_describes_each_key_of_a_line() -> None:
    shipped = schema("recording.schema.json")
    jsonschema.Draft202012Validator.check_schema(shipped)
    keys = [
        (key, value.get("description", ""))
        for part in (shipped, *shipped["$defs"].values())
        for key, value in part.get("properties", {}).items()
    ]

    assert [key for key, description in keys if not description.endswith((".", "`."))] == []
    assert {key for key, _ in keys} == {
        *LINE,
        *("judge", "latency_s", "tool_calls", "name", "arguments", "input", "output", "cached"),
    }
