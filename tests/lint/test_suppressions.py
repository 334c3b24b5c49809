"""Which findings a comment suppresses, and how many rules the comments of a prompt may name."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from promptops.lint.suppressions import MAX_NAMES, template_suppressions
from promptops.model.place import plain_text

Findings = Callable[[str], list[str]]
COMMENT = "      {# promptops: ignore[VAR001] the caller adds it #}\n"
PROMPT = """\
messages:
  - role: user
    content: |
COMMENTS      {{ tikcet }}
      {{ tikcet }}
"""


@pytest.mark.parametrize("count", [1, 3, MAX_NAMES])
def test_comments_below_each_other_suppress_a_finding_in_the_next_line_of_text(
    all_said: Findings, count: int
) -> None:
    assert all_said(PROMPT.replace("COMMENTS", COMMENT * count)) == [f"VAR001 {count + 5}:10"]


def test_comments_that_name_more_rules_than_are_allowed_suppress_nothing(
    all_said: Findings,
) -> None:
    many = "      {# promptops: ignore[" + "TPL003," * MAX_NAMES + "] the caller adds it #}\n"

    found = all_said(PROMPT.replace("COMMENTS", many + COMMENT * 2))

    assert found == ["REP009 4:10", "REP010 5:10", "VAR001 7:10", "VAR001 8:10"]


def test_blank_lines_and_comments_are_skipped_on_the_way_to_the_text() -> None:
    comment = "{# promptops: ignore[A] b #}"
    text = f"{comment}\n\n{comment}\n  \n  a\nb\n{comment}\n"

    found = [(each.place.line, each.first, each.last) for each in
             template_suppressions(plain_text("a", text))]  # fmt: skip

    assert found == [(1, 5, 5), (3, 5, 5), (7, 7, 7)]
