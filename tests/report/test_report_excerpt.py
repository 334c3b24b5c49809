import pytest

from promptops.model.place import Place
from promptops.report.finding_text import Excerpt, excerpt


def on_line(column: int, end_column: int) -> Place:
    return Place("a", 7, column, 7, end_column)


@pytest.mark.parametrize(
    ("line", "place", "shown", "carets"),
    [
        ("abcdef", on_line(1, 3), "abcdef", "^^"),
        ("abcdef", on_line(3, 5), "abcdef", "  ^^"),
        ("abcdef", on_line(3, 3), "abcdef", "  ^"),
        ("abcdef", on_line(7, 8), "abcdef", "      ^"),
        ("abcdef", on_line(90, 99), "abcdef", "      ^"),
        ("abcdef", on_line(5, 99), "abcdef", "    ^^"),
        ("abcdef", on_line(5, 2), "abcdef", "    ^"),
        ("abcdef", Place("a", 7, 3, 9, 1), "abcdef", "  ^^^^"),
        ("abcdef\r\n", Place("a", 7, 3, 9, 1), "abcdef", "  ^^^^"),
        ("\tab", on_line(2, 3), "\\tab", "  ^"),
        ("\tab", on_line(1, 2), "\\tab", "^^"),
        ("a\u200bb", on_line(2, 3), "a\\u200bb", " ^^^^^^"),
        ("a\u202eb", on_line(3, 4), "a\\u202eb", "       ^"),
        ("a\U000e0041b", on_line(3, 4), "a\\U000e0041b", "           ^"),
        ("a\xa0b", on_line(2, 3), "a\\xa0b", " ^^^^"),
        ("a\x1b[0m", on_line(3, 4), "a\\x1b[0m", "     ^"),
        ("a\x00b", on_line(2, 3), "a\\x00b", " ^^^^"),
        ("你好吗", on_line(2, 3), "你好吗", "  ^^"),
        ("Ａb", on_line(2, 3), "Ａb", "  ^"),
        ("🙂b", on_line(2, 3), "🙂b", "  ^"),
        ("👨\u200d👩", on_line(3, 4), "👨\\u200d👩", "        ^^"),
        ("e\u0301b", on_line(3, 4), "e\u0301b", " ^"),
        ("e\u0301b", on_line(1, 3), "e\u0301b", "^"),
        ("e\u0301b", on_line(2, 3), "e\\u0301b", " ^^^^^^"),
        ("e\u0301b", on_line(1, 2), "e\\u0301b", "^"),
        ("\u0301b", on_line(2, 3), "\\u0301b", "      ^"),
        ("e" + "\u0301" * 4 + "b", on_line(6, 7), "e" + "\u0301" * 3 + "\\u0301b", " " * 7 + "^"),
        ("한\u1112\u1161", on_line(2, 4), "한\u1112\u1161", "  ^^"),
        ("##[error] b", on_line(11, 12), "#\\x23[error] b", "             ^"),
        ("a\u2028b", on_line(3, 4), "a\\u2028b", "       ^"),
        ("a\ud800b", on_line(3, 4), "a\\ud800b", "       ^"),
    ],
)  # fmt: skip
def test_carets_stand_under_the_span(line, place, shown, carets):
    assert excerpt(line, place) == Excerpt(shown, carets)


def test_a_line_of_120_characters_is_shown_whole():
    line = "a" * 119 + "b"

    assert excerpt(line, on_line(120, 121)) == Excerpt(line, " " * 119 + "^")


def test_of_a_longer_line_the_part_around_the_span_is_shown():
    line = "a" * 500 + "b" + "c" * 99_499

    shown = excerpt(line, on_line(501, 502))

    assert shown == Excerpt("…" + "a" * 40 + "b" + "c" * 79 + "…", " " * 41 + "^")


def test_carets_end_where_the_shown_part_ends():
    shown = excerpt("a" * 1000, on_line(11, 900))

    assert shown == Excerpt("a" * 120 + "…", " " * 10 + "^" * 110)


def test_at_the_end_of_a_longer_line_nothing_is_cut_behind():
    shown = excerpt("a" * 200, on_line(201, 202))

    assert shown == Excerpt("…" + "a" * 40, " " * 41 + "^")
