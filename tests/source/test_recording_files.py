"""The names of the files that hold the recordings of a prompt, and what is read from several."""

from __future__ import annotations

import pytest

from promptops.model.finding import Related
from promptops.model.place import Place
from promptops.source import recordings as source
from promptops.source.recording_files import (
    MAX_FILES,
    by_first,
    first_of,
    is_misnamed,
    numbered,
    with_first,
)
from promptops.source.recordings import read_files, recordings_bytes
from tests.testing.recordings.made import recording

FIRST = "prompts/ask.recordings.jsonl"
SECOND = "prompts/ask.recordings.part02.jsonl"
THIRD = "prompts/ask.recordings.part03.jsonl"
A, B, C = recording("a"), recording("b"), recording("c")


def test_sorted_by_name_the_files_of_a_prompt_are_in_order() -> None:
    files = [numbered(FIRST, number) for number in range(1, MAX_FILES + 1)]

    assert files[:3] == [FIRST, SECOND, THIRD]
    assert files == sorted(files)
    assert {first_of(each) for each in files} == {FIRST}


@pytest.mark.parametrize(
    ("path", "first", "misnamed"),
    [
        (FIRST, FIRST, False),
        (SECOND, FIRST, False),
        ("ask.recordings.part99.jsonl", "ask.recordings.jsonl", False),
        ("ask.recordings.part2.jsonl", None, True),
        ("ask.recordings.part01.jsonl", None, True),
        ("ask.recordings.part00.jsonl", None, True),
        ("ask.recordings.part100.jsonl", None, True),
        ("ask.recordings.part٠٢.jsonl", None, True),
        ("ask.recordings.part02.jsonl\n", None, False),
        ("ask.recordings.part02.json", None, False),
        ("ask.recordings.part02/cases.jsonl", None, False),
        ("ask.part02.jsonl", None, False),
        # A prompt may be called like a file of recordings of another one.
        (
            "ask.recordings.part02.recordings.jsonl",
            "ask.recordings.part02.recordings.jsonl",
            False,
        ),
        (
            "ask.recordings.part02.recordings.part03.jsonl",
            "ask.recordings.part02.recordings.jsonl",
            False,
        ),
    ],
)
def test_a_path_is_a_file_of_the_recordings_of_one_prompt_or_of_none(
    path: str, first: str | None, misnamed: bool
) -> None:
    assert (first_of(path), is_misnamed(path)) == (first, misnamed)


def test_a_missing_file_in_the_middle_hides_no_other() -> None:
    assert by_first([THIRD, "prompts/ask.prompt.yaml", FIRST]) == {FIRST: (FIRST, THIRD)}
    assert with_first(["x", THIRD]) == {"x", THIRD, FIRST}


def test_several_files_are_read_as_one_with_the_place_of_each_answer() -> None:
    files = {FIRST: recordings_bytes([A, C]), THIRD: b"\n" + recordings_bytes([B])}

    found = read_files(files)

    assert found.problems == ()
    assert list(zip(found.recordings, found.places, strict=True)) == [
        (A, Place(FIRST, 1, 1, 1, 2)),
        (C, Place(FIRST, 2, 1, 2, 2)),
        (B, Place(THIRD, 2, 1, 2, 2)),
    ]


@pytest.mark.parametrize("text", ["answer to a", "another answer"])
def test_one_request_answered_in_two_files_is_an_error_that_names_both_places(text: str) -> None:
    second = recordings_bytes([recording("a", text)])

    found = read_files({FIRST: recordings_bytes([C, A]), SECOND: recordings_bytes([B]) + second})

    assert found.recordings == (A, C, B)
    (problem,) = found.problems
    assert (problem.code, problem.message, problem.at, problem.related) == (
        "SCH003",
        "the answer to this request and repeat is recorded twice; the first one counts",
        Place(SECOND, 2, 1, 2, len(second)),
        (Related(Place(FIRST, 1, 1, 1, len(recordings_bytes([A]))), "the first one"),),
    )


def test_mistakes_in_one_file_hide_no_answer_of_the_next() -> None:
    found = read_files({FIRST: b"x\n" * 500, SECOND: recordings_bytes([A])})

    assert found.recordings == (A,)
    assert str(found.problems[-1].at) == f"{FIRST}:101:1"


def test_an_open_conflict_in_one_file_is_not_one_in_the_next() -> None:
    line = recordings_bytes([A])

    found = read_files({FIRST: b"<<<<<<< HEAD\n" + line, SECOND: line})

    assert [(str(each.at), each.code) for each in found.problems] == [
        (f"{FIRST}:1:1", "SCH011"),
        (f"{SECOND}:1:1", "SCH003"),
    ]


def test_files_beyond_the_limit_of_all_are_reported_and_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    size = len(recordings_bytes([A]))
    monkeypatch.setattr(source, "MAX_TOTAL_BYTES", 2 * size)

    found = read_files(
        {path: recordings_bytes([e]) for path, e in zip("123", (A, B, C), strict=True)}
    )

    assert found.recordings == (A, B)
    assert [(str(each.at), each.message) for each in found.problems] == [
        (
            "3:1:1",
            "this file was not read: with it, the recordings of the prompt exceed 0 MB",
        )
    ]
