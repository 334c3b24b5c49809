"""Lines of two versions of a text, and the blocks of a half-typed one."""

from promptops.commands.lsp.places import indented_blocks
from promptops.model.line_shift import line_shift
from promptops.model.place import Place


def test_lines_outside_of_the_change_are_found_in_both_versions():
    shift = line_shift("a\nb\nc\nd", "a\nX\nY\nc\nd")

    assert [shift.to_old(line) for line in range(1, 6)] == [1, None, None, 3, 4]
    assert [shift.to_new(Place("p", line, 1, line, 2)) for line in range(1, 5)] == [
        Place("p", 1, 1, 1, 2),
        None,
        Place("p", 4, 1, 4, 2),
        Place("p", 5, 1, 5, 2),
    ]


def test_repeated_and_missing_lines_are_counted_once():
    added, removed = line_shift("a\na", "a\na\na"), line_shift("a\na\na", "a")

    assert [added.to_old(line) for line in (1, 2, 3)] == [1, 2, None]
    assert [removed.to_old(1), removed.to_new(Place("p", 3, 1, 3, 1))] == [1, None]


def test_deeper_lines_and_lists_below_their_key_are_a_block():
    assert list(indented_blocks("a:\n- b: 1\n\n  c: [\n- d\ne: {\n  f")) == [(2, 4), (1, 5), (6, 7)]
