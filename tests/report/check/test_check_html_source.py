"""Parts of a file with what is said of them."""

import pytest

from promptops.model.place import Place
from promptops.report.page.source import LinePart, Note, excerpt, stretches

TEXT = [f"line {number}" for number in range(1, 21)]


def at(line, column=1, end_line=None, end_column=None):
    end_line = line if end_line is None else end_line
    return Place("a", line, column, end_line, column + 1 if end_column is None else end_column)


def made(*places, text=TEXT):
    """Of each stretch the numbers of its lines, and what is said below which of them."""
    notes = [Note(place, f"note {number}") for number, place in enumerate(places)]
    return [
        (
            [line.number for line in stretch.lines],
            {line.number: line.notes for line in stretch.lines if line.notes},
        )
        for stretch in stretches(text, notes)
    ]


def marked(line, *places):
    """A line with what is marked between brackets."""
    (stretch,) = stretches([line], [Note(place, "") for place in places])
    return "".join(f"[{p.text}]" if p.marked else p.text for p in stretch.lines[0].pieces)


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([at(10)], [([8, 9, 10, 11, 12], {10: ("note 0",)})]),
        ([at(1)], [([1, 2, 3], {1: ("note 0",)})]),
        ([at(20)], [([18, 19, 20], {20: ("note 0",)})]),
        ([at(3), at(8)], [([*range(1, 11)], {3: ("note 0",), 8: ("note 1",)})]),
        ([at(3), at(10)], [([*range(1, 13)], {3: ("note 0",), 10: ("note 1",)})]),
        (
            [at(3), at(11)],
            [([1, 2, 3, 4, 5], {3: ("note 0",)}), ([9, 10, 11, 12, 13], {11: ("note 1",)})],
        ),
        (
            [at(11), at(3)],
            [([1, 2, 3, 4, 5], {3: ("note 1",)}), ([9, 10, 11, 12, 13], {11: ("note 0",)})],
        ),
        ([at(4, 2), at(4, 1)], [([2, 3, 4, 5, 6], {4: ("note 1", "note 0")})]),
        ([at(5, 1, 7, 3)], [([3, 4, 5, 6, 7, 8, 9], {7: ("note 0",)})]),
        ([at(2, 1, 19, 3)], [([*range(1, 10)], {7: ("note 0",)})]),
        ([at(99)], [([18, 19, 20], {20: ("note 0",)})]),
        ([at(0)], [([1, 2, 3], {1: ("note 0",)})]),
        ([], []),
    ],
    ids=[
        "in the middle",
        "at the top",
        "at the end",
        "side by side",
        "near",
        "apart",
        "out of order",
        "on one line",
        "over lines",
        "over more lines than are shown",
        "behind the end",
        "before the beginning",
        "nothing",
    ],
)
def test_a_place_is_shown_with_two_lines_around_it(places, expected):
    assert made(*places) == expected


@pytest.mark.parametrize(
    ("line", "places", "expected"),
    [
        ("{{ tikcet }}", [at(1, 4, 1, 10)], "{{ [tikcet] }}"),
        ("abcdef", [at(1, 1, 1, 3), at(1, 5, 1, 7)], "[ab]cd[ef]"),
        ("abcdef", [at(1, 2, 1, 5), at(1, 4, 1, 6)], "a[bc][d][e]f"),
        ("abc", [at(1, 2, 1, 2)], "a[b]c"),
        ("abc", [at(1, 4, 1, 4)], "abc[ ]"),
        ("abc", [at(1, 9, 1, 12)], "abc[ ]"),
        ("abc", [at(1, 2, 1, 99)], "a[bc]"),
        ("abc", [at(1, 3, 1, 1)], "ab[c]"),
        ("", [at(1)], "[ ]"),
    ],
)
def test_what_is_spoken_of_is_marked(line, places, expected):
    assert marked(line, *places) == expected


def test_lines_below_the_first_are_marked_from_their_first_character():
    (stretch,) = stretches(["  a:", "    b: 1", "  c"], [Note(at(1, 3, 2, 8), "")])

    assert [line.pieces for line in stretch.lines] == [
        (LinePart("  "), LinePart("a:", marked=True)),
        (LinePart("    "), LinePart("b: ", marked=True), LinePart("1")),
        (LinePart("  c"),),
    ]


def test_a_line_alone_keeps_its_number():
    assert excerpt("abc", at(7, 2)).number == 7
    assert excerpt("abc", at(7, 2)).pieces == (
        LinePart("a"),
        LinePart("b", marked=True),
        LinePart("c"),
    )


@pytest.mark.parametrize("column", [1, 500, 1_000])
def test_a_long_line_shows_what_is_marked(column):
    shown = marked("x" * (column - 1) + "y" + "z" * (1_000 - column), at(1, column))

    assert "[y]" in shown
    assert len(shown.replace("…", "")) == 402
