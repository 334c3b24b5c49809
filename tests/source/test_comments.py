"""YAML comments and the keys they stand on."""

from __future__ import annotations

import pytest

from promptops.source.document import read

SOURCE = b"""\
# top
format: promptops/1  # format
inputs: {a: {type: string},  # first row
         b: {type: string}}  # second row
  # indented above messages
messages:
  # above the first
  - role: system  # role
    content: |  # header
      # text
      more # text
  # above the second
  - {role: user, content: "a # b"}  # second
plain: a#b
quoted: 'x
  # y'  # after
# end
"""


def test_comments_stand_on_keys() -> None:
    found = read("a", SOURCE).comments

    assert [(comment.line, comment.column, comment.text, comment.pointer) for comment in found] == [
        (1, 1, "# top", "/format"),
        (2, 22, "# format", "/format"),
        (3, 30, "# first row", "/inputs"),
        (4, 30, "# second row", "/inputs/b"),
        (5, 3, "# indented above messages", "/messages"),
        (7, 3, "# above the first", "/messages/0/role"),
        (8, 19, "# role", "/messages/0/role"),
        (9, 17, "# header", "/messages/0/content"),
        (12, 3, "# above the second", "/messages/1"),
        (13, 37, "# second", "/messages/1"),
        (16, 9, "# after", "/quoted"),
        (17, 1, "# end", ""),
    ]


@pytest.mark.parametrize("source", ["a: b\n", "a: b#c\n", "a: '# c'\n", "a: |\n  # c\n", "#"])
def test_where_no_comment_is_none_is_found(source: str) -> None:
    assert read("a", source.encode()).comments == ()


def test_a_comment_behind_a_closing_bracket_stands_on_what_it_closes() -> None:
    found = read("a", b"a: [1,\n  2\n  ]  # c\n").comments

    assert [comment.pointer for comment in found] == ["/a/1"]
