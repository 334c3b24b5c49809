"""Numbers of things and lists with an end, in words."""

from __future__ import annotations

import pytest

from promptops.plurals import and_more, counted, plural, series, some, some_lines


@pytest.mark.parametrize(
    ("number", "noun", "words"),
    [
        (0, "file", "0 files"),
        (1, "file", "1 file"),
        (2, "branch", "2 branches"),
        (1, "branch", "1 branch"),
        (3, "pass", "3 passes"),
        (3, "family", "3 families"),
        (3, "day", "3 days"),
        (1_200, "case", "1,200 cases"),
    ],
)
def test_a_counted_noun_has_the_form_that_its_number_requires(
    number: int, noun: str, words: str
) -> None:
    assert counted(number, noun) == words


def test_a_plural_can_stand_without_its_number() -> None:
    assert [plural(1, "message"), plural(2, "message")] == ["message", "messages"]


def test_no_more_are_left_out_than_there_are() -> None:
    assert [and_more(-1), and_more(0), and_more(2), and_more(1, "file")] == [
        "",
        "",
        "and 2 more",
        "and 1 more file",
    ]


def test_a_list_ends_with_the_number_of_what_is_left_out() -> None:
    assert some(["a", "b"], 2) == "a, b"
    assert some(["a", "b", "c"], 2, "prompt") == "a, b and 1 more prompt"
    assert some("abc", 1, name=str.upper) == "A and 2 more"
    assert some([], 2) == ""


def test_lines_end_with_the_number_of_what_is_left_out() -> None:
    assert some_lines(["a", "b", "c"], 1) == ["a", "and 2 more"]
    assert some_lines(["a"], 1) == ["a"]


def test_a_series_ends_with_its_word() -> None:
    assert series(["a"], "or", 3) == "a"
    assert series(["a", "b", "c"], "or", 3) == "a, b or c"
    assert series(["a", "b", "c", "d"], "and", 2, str.upper) == "A, B and 2 more"
