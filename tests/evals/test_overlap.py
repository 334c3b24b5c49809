"""Words in a row that were copied from a test case."""

import pytest

from promptops.evals.overlap import copied_run

KNOWN = "The lamp in the hall of the old house is dark today."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Say: the LAMP, in the hall of the old!", "the lamp in the hall of the old"),
        ("the lamp in the hall of the", ""),
        ("the lamp in the hall of an old house is dark today", ""),
        ("x the hall of the old house is dark today y", "the hall of the old house is dark"),
        ("", ""),
    ],
)
def test_eight_equal_words_in_a_row_are_copied(text, expected):
    assert copied_run(text, [KNOWN, ""]) == expected


def test_words_that_the_text_had_before_were_not_copied():
    before = "Rules: the lamp in the hall of the old house."
    assert copied_run(f"{before} Be brief.", [KNOWN], before) == ""
    assert copied_run(f"{before} It is dark today.", [KNOWN], before) == ""
    assert copied_run(KNOWN, [KNOWN], before) == "in the hall of the old house is"
