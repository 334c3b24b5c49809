"""Two texts side by side: which lines stand in one row, and what is folded."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.commands.diff.page import DiffLine, DiffRow, Fold, folded, side_by_side
from promptops.report.differences import Segment, word_difference
from tests.tiers import examples

CASES = {
    "nothing": ("", "", []),
    "a word": ("be very brief", "be quite brief", ["be [very] brief | be [quite] brief"]),
    "a line added": ("a\nc", "a\nb\nc", ["a = a", "- | [b]", "c = c"]),
    "a line removed": ("a\nb\nc", "a\nc", ["a = a", "[b] | -", "c = c"]),
    "an empty line removed": ("a\n\nb", "a\nb", ["a = a", " | -", "b = b"]),
    "a line added at the end": ("a", "a\nb", ["a = a", "- | [b]"]),
    "a last line end removed": ("a\n", "a", ["a↵ | a"]),
    "a last line end added": ("a", "a\n", ["a | a↵"]),
    "all lines": ("one\ntwo", "three", ["[one] | [three]", "[two] | -"]),
    "a line around one that stays": (
        "Be brief.\nNever ever lie.\nEnd",
        "Start\nNever lie.\nStop",
        ["[Be brief.] | [Start]", "Never [ever ]lie. | Never lie.", "[End] | [Stop]"],
    ),
    "a line of white space": ("a\n  \nb", "a\n\nb", ["a = a", "[  ] | ", "b = b"]),
}


@pytest.mark.parametrize("name", CASES)
def test_lines_that_belong_together_stand_in_one_row(name):
    before, after, expected = CASES[name]

    rows = side_by_side(word_difference(before, after))

    assert [_written(row) for row in rows] == expected


LINES = st.lists(st.sampled_from(["", "a", "b c", "b d", "b c d e", " ", "."]), max_size=8)
TEXTS = st.tuples(LINES, st.booleans()).map(lambda drawn: "\n".join(drawn[0]) + "\n" * drawn[1])


@given(before=TEXTS, after=TEXTS)
@settings(max_examples=examples(400), deadline=None)
def test_each_line_of_both_sides_is_in_one_row_and_equal_rows_are_equal(before, after):
    rows = list(side_by_side(word_difference(before, after)))

    left = [row.before for row in rows if row.before]
    right = [row.after for row in rows if row.after]
    assert [line.text for line in left] == _lines(before)
    assert [line.text for line in right] == _lines(after)
    assert [line.number for line in left] == list(range(1, len(left) + 1))
    assert all(row.before.text == row.after.text for row in rows if row.same)
    assert all(row.same for row in rows) == (before == after)


def test_lines_far_from_a_change_are_one_fold():
    lines = [f"line {number}" for number in range(1, 21)]
    changed = [*lines[:9], "another", *lines[10:]]

    rows = list(side_by_side(word_difference("\n".join(lines), "\n".join(changed))))
    shown = list(folded(rows))

    assert [part.lines if isinstance(part, Fold) else part.before.number for part in shown] == [
        7,
        *range(8, 13),
        8,
    ]
    assert shown[0] == Fold(lines=7, text="\n".join(lines[:7]))


def test_two_lines_are_not_worth_a_fold():
    rows = list(side_by_side(word_difference("1\n2\n3\n4\nx", "1\n2\n3\n4\ny")))

    assert [isinstance(part, DiffRow) for part in folded(rows)] == [True] * 5


def test_a_line_of_too_many_pieces_is_one():
    pieces = [Segment("same", "a "), Segment("removed", "b "), Segment("added", "c ")]

    (row,) = side_by_side(pieces * 1_001)

    assert row.before.pieces == (Segment("removed", "a b " * 1_001),)
    assert row.after.pieces == (Segment("added", "a c " * 1_001),)


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def _written(row: DiffRow) -> str:
    between = " = " if row.same else " | "
    return between.join(_line(line, row.ends) for line in (row.before, row.after))


def _line(line: DiffLine | None, ends: bool) -> str:
    if line is None:
        return "-"
    pieces = (piece.text if piece.kind == "same" else f"[{piece.text}]" for piece in line.pieces)
    return "".join(pieces) + ("↵" if ends and line.end == "changed" else "")
