"""One text of a file is replaced; every other character and every other value stays."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from promptops.errors import InputError
from promptops.json_pointer import tokens, with_part
from promptops.source.document import read_any
from promptops.source.scalar_edits import with_scalar, with_text
from tests.tiers import examples

PATH = "a.yaml"
AT = "/messages/0/content"

HEAD = "# head\nmessages:\n  - role: user  # who\n    content: "
TAIL = "\n\n  # next\n  - {role: user, content: other}\nlast: 1  # end\n"

CASES: list[tuple[str, str, str, str]] = [
    ("a literal block", "|\n      one\n      two", "one\n2\n", "|\n      one\n      2"),
    ("its indentation", "|\n        one", "x\n\n  y\n", "|\n        x\n\n          y"),
    ("its indicator", "|1-\n      one", "x", "|1-\n     x"),
    ("its comment", "| # why\n      one", "x\n", "| # why\n      x"),
    ("without the last newline", "|\n      one", "x", "|-\n      x"),
    ("with a last newline", "|-\n      one", "x\n", "|\n      x"),
    ("spaces at the start", "|\n      one", "  x\ny\n", "|2\n        x\n      y"),
    ("a block that becomes empty", "|\n      one", "", "|"),
    (
        "a folded block",
        ">\n      one\n      two\n\n      three",
        "one two\n3\n",
        ">\n      one\n      two\n\n      3",
    ),
    (
        "a folded block with a list",
        ">\n      one\n      two",
        "a\n  b\nc\n",
        "|\n      a\n        b\n      c",
    ),
    ("plain", "one # why", "two", "two # why"),
    ("plain that has to be quoted", "one # why", "two: three", '"two: three" # why'),
    ("plain that is a word of YAML 1.1", "one", "No", '"No"'),
    ("single quotes", "'it''s'  # why", 'it\'s "x"', "'it''s \"x\"'  # why"),
    ("double quotes", '"a\\tb" # why', 'say "hi" é', '"say \\"hi\\" é" # why'),
    ("double quotes with escapes", '"a\\nb"', "a\nc", '"a\\nc"'),
    ("several lines instead of one", "one # why", "a\nb", "|- # why\n      a\n      b"),
    ("several lines instead of a quoted one", '"one"', "a\nb\n", "|\n      a\n      b"),
    ("a quoted text over two lines", '"one\n      two"', "three", '"three"'),
]


@pytest.mark.parametrize(
    ("old", "text", "new"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_the_style_stays_and_so_does_everything_else(old: str, text: str, new: str) -> None:
    found = with_scalar(PATH, (HEAD + old + TAIL).encode(), AT, text).decode()

    assert found == HEAD + new + TAIL
    assert read_any(PATH, found.encode()).value["messages"][0]["content"] == text


@pytest.mark.parametrize(
    ("old", "text", "new"),
    [
        ('[{a: "one", b: 2}]', "x\ny\n", '[{a: "x\\ny\\n", b: 2}]'),
        ("[{a: one, b: 2}]", "x, y", '[{a: "x, y", b: 2}]'),
        ("[{a: one, b: 2}]", "two", "[{a: two, b: 2}]"),
        ("\n- a: |\n    one\n", "two", "\n- a: |-\n    two\n"),
        ("\n- a: |\n    one", "two\n", "\n- a: |\n    two\n"),
        ("\n- a: |+\n    one\n\n\n- b", "two\n\n", "\n- a: |+\n    two\n\n- b"),
        ("\n- a: |\n    one\n\n\n- b", "two\n\n", "\n- a: |+\n    two\n\n- b"),
        ("\n- &x\n  a: !!str one\n", "two", "\n- &x\n  a: !!str two\n"),
    ],
)
def test_brackets_ends_of_files_and_properties(old: str, text: str, new: str) -> None:
    found = with_scalar(PATH, f"list: {old}".encode(), "/list/0/a", text)

    assert found.decode() == f"list: {new}"


def test_an_item_of_a_list_is_a_text_too() -> None:
    data = b"list:\n- one\n- |\n  two\n"

    assert with_scalar(PATH, data, "/list/0", "a\nb\n") == b"list:\n- |\n  a\n  b\n- |\n  two\n"
    assert with_scalar(PATH, data, "/list/1", " a\n") == b"list:\n- one\n- |2\n   a\n"


@pytest.mark.parametrize(
    ("first", "texts", "last"),
    [
        ("one # why", ["two: ", "two"], "two # why"),
        ("one # why", ["a\nb", "one"], "one # why"),
        ("one # why", ["a\nb\n\n", "a"], "a # why"),
        ("'one'", ["a\nb", "two"], "'two'"),
        (">\n      one\n      two", ["a\n  b", "two\n"], ">\n      two"),
    ],
)
def test_the_style_before_all_edits_comes_back(first: str, texts: list[str], last: str) -> None:
    origin = data = (HEAD + first + TAIL).encode()

    for text in texts:
        data = with_scalar(PATH, data, AT, text, origin)

    assert data.decode() == HEAD + last + TAIL


def test_newlines_of_windows_and_a_byte_order_mark_stay() -> None:
    data = "\ufeffa: 1\r\nb: |\r\n  one\r\n  two\r\nc: 2\r\n".encode()

    found = with_scalar(PATH, data, "/b", "one\n2\n3\n")

    assert found == "\ufeffa: 1\r\nb: |\r\n  one\r\n  2\r\n  3\r\nc: 2\r\n".encode()


def test_a_text_in_a_file_of_its_own_keeps_its_other_lines() -> None:
    data = "\ufeffone\r\ntwo\nthree\r\n".encode()

    assert with_text(PATH, data, "one\n2\nthree\n") == "\ufeffone\r\n2\nthree\r\n".encode()
    assert with_text(PATH, data, "one\ntwo\nx\nthree\n").decode().count("\r\n") == 3
    assert with_text(PATH, b"", "new\n") == b"new\n"


@pytest.mark.parametrize(
    ("data", "at", "text", "message"),
    [
        (b"a: one", "/a", "x\x07", "the text contains the character U+0007, which no prompt"),
        (b"a: one", "/a", "x\ud800", "the text contains the character U+D800, which no prompt"),
        (b"a: one", "/b", "x", "there is no text at `/b`"),
        (b"a: [", "/a", "x", "the file can't be read"),
        (b"a: {b: c}", "/a", "x", "there is no text at `/a`"),
        (b"a: &x one\nb: *x", "/b", "two", "this text can't be changed without other changes"),
        (b"a: &x one\nb: *x", "/a", "two", "this text can't be changed without other changes"),
        (b"a: one", "/a", "x" * 2_000_000, "this text can't be changed without other changes"),
    ],
)
def test_what_can_not_be_replaced_exactly_is_refused(
    data: bytes, at: str, text: str, message: str
) -> None:
    with pytest.raises(InputError) as refused:
        with_scalar(PATH, data, at, text)

    assert refused.value.message.startswith(message)
    assert refused.value.where == PATH


STYLES = [
    "|\n      one\n      two",
    "|-\n      one",
    ">\n      one\n      two\n\n      x",
    "one",
    "'one'",
    '"one"',
    '"one\\ntwo"',
    "|+\n      one\n\n",
    "|2\n        one",
]
ALPHABET = st.sampled_from("ab \n\t:#-'\"{}[]|>%&*!?,\\\u00e9\u2028\x85") | st.characters(
    exclude_categories=("Cc", "Cn", "Cs")
)


@given(st.sampled_from(STYLES), st.text(ALPHABET, max_size=30), st.booleans())
@settings(max_examples=examples(2000))
@example("|\n      one", "\n \n", False)
@example(">\n      one", "\n a\n\nb \n", False)
@example("one", "- a", True)
def test_any_text_is_written_so_that_only_it_differs(style: str, text: str, crlf: bool) -> None:
    whole = HEAD + style + TAIL
    data = (whole.replace("\n", "\r\n") if crlf else whole).encode()
    before: Any = read_any(PATH, data).value

    after = with_scalar(PATH, data, AT, text)

    path = [int(step) if step.isdecimal() else step for step in tokens(AT)]
    assert read_any(PATH, after).value == with_part(before, path, text)
    old, new = data.decode(), after.decode()
    assert new.startswith(old[: len(HEAD.replace("\n", "\r\n") if crlf else HEAD)])
    assert new.endswith(old[old.index("# next") :])
    first = before["messages"][0]["content"]
    assert with_scalar(PATH, after, AT, first, data) == data
