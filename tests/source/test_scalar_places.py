"""Where each character of a scalar stands."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.model.place import Place
from promptops.source.document import Document, read
from tests.tiers import examples


def places(source: str) -> str:
    """The value of `a`, each character as `c@line:column`; a blank is `·`, a newline `⏎`."""
    text = read("x", source.encode()).template("/a")
    shown = text.value.replace(" ", "·").replace("\n", "⏎")
    where = [text.locate(index) for index in range(len(shown))]
    return " ".join(
        f"{char}@{line}:{column}" for char, (line, column) in zip(shown, where, strict=True)
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a: xy\n", "x@1:4 y@1:5"),
        ("a:   x y  # c\n", "x@1:6 ·@1:7 y@1:8"),
        ("a: 'p''q'\n", "p@1:5 '@1:6 q@1:8"),
        ("a: |\n  p\n   q\n", "p@2:3 ⏎@2:4 ·@3:3 q@3:4 ⏎@3:5"),
        ("a: |-\n\n  p\n\n\n  q\n\n", "⏎@2:1 p@3:3 ⏎@3:4 ⏎@4:1 ⏎@5:1 q@6:3"),
        ("a: |+\n  p\n\n\n", "p@2:3 ⏎@2:4 ⏎@3:1 ⏎@4:1"),
        ("a: |2\n    p\n  q\n", "·@2:3 ·@2:4 p@2:5 ⏎@2:6 q@3:3 ⏎@3:4"),
        ("a: |  # c\n  p\n   \n  q\n", "p@2:3 ⏎@2:4 ·@3:3 ⏎@3:4 q@4:3 ⏎@4:4"),
        ("a: x\n  y\n\n  z\n", "x@1:4 ·@1:5 y@2:3 ⏎@2:4 z@4:3"),
        ("a: 'x  \n   y'\n", "x@1:5 ·@1:8 y@2:4"),
        ('a: "x \\\n   y"\n', "x@1:5 ·@1:6 y@2:4"),
        ('a: "x\\n\n  y"\n', "x@1:5 ⏎@1:6 ·@1:8 y@2:3"),
        ("a: >\n  p\n  q\n\n  r\n", "p@2:3 ·@2:4 q@3:3 ⏎@3:4 r@5:3 ⏎@5:4"),
        ("a: >-\n  p\n    q\n  r\n", "p@2:3 ⏎@2:4 ·@3:3 ·@3:4 q@3:5 ⏎@3:6 r@4:3"),
    ],
)
def test_each_character_has_its_place(source: str, expected: str) -> None:
    assert places(source) == expected


def test_escapes_are_where_their_backslash_is() -> None:
    text = read("x", b'a: "p\\tq\\x41\\u00e9\\U0001F600\\"z"\n').template("/a")

    assert [(char, text.locate(index)[1]) for index, char in enumerate(text.value)] == [
        ("p", 5),
        ("\t", 6),
        ("q", 8),
        ("A", 9),
        ("\u00e9", 13),
        ("\U0001f600", 19),
        ('"', 29),
        ("z", 31),
    ]


def test_the_end_of_a_text_has_a_place_too() -> None:
    document = read("x", b"a: xy\nb: |\n  pq\nc: 'r'\nd: ''\n")

    assert [
        document.template(pointer).locate(len(document.template(pointer).value))
        for pointer in ("/a", "/b", "/c", "/d")
    ] == [(1, 6), (3, 5), (4, 6), (5, 5)]


def test_a_span_of_a_block_is_a_place_in_the_file() -> None:
    document = read("x", b"a:\n  - |\n    Hello {{ name }}\n")
    text = document.template("/a/0")

    start = text.value.index("name")

    assert text.place(start, start + 4) == Place("x", 3, 14, 3, 18)


def test_carriage_returns_shift_nothing() -> None:
    text = read("x", b"a: |\r\n  p\r\n  q\r\n").template("/a")

    assert (text.value, text.locate(2)) == ("p\nq\n", (3, 3))


def test_a_key_is_a_text_too() -> None:
    text = read("x", b"a: {'k y': 1}\n").template("/a/k y", key=True)

    assert (text.value, text.locate(2)) == ("k y", (1, 8))


def test_a_number_is_located_as_it_is_written() -> None:
    text = read("x", b"a: 010\n").template("/a")

    assert (text.value, text.locate(1)) == ("010", (1, 5))


def test_what_is_no_scalar_is_an_empty_text_at_its_place() -> None:
    text = read("x", b"a:\n  - 1\n").template("/a")

    assert (text.value, text.locate(0)) == ("", (2, 3))


_TEXTS = st.text(
    st.sampled_from("ab  \n\n\t'\"\\#:-{}é😀\x85\u2028"), min_size=1, max_size=40
).filter(lambda text: text.strip() != "")


@settings(max_examples=examples(150), deadline=None)
@given(text=_TEXTS, style=st.sampled_from(["|", ">", "'", '"', None]), width=st.integers(8, 80))
def test_every_text_in_every_style_is_read_back_with_its_places(
    text: str, style: str | None, width: int
) -> None:
    source = yaml.dump({"a": text}, default_style=style, width=width, allow_unicode=True)

    document = read("x", source.encode())

    if not document.problems:  # what PyYAML writes by YAML 1.1 need not be YAML 1.2
        assert _mistakes(document, source) == []


def _mistakes(document: Document, source: str) -> list[tuple[int, str, str]]:
    """Characters that are mapped to another, where neither an escape nor a fold explains it."""
    text = document.template("/a" if document.style("/a") else '/"a"')
    rows = [f"{row}\n" for row in source.split("\n")]
    found = []
    for index, char in enumerate(text.value):
        line, column = text.locate(index)
        written = rows[line - 1][column - 1]
        if written not in (char, "\\") and (char, written) != (" ", "\n"):
            found.append((index, char, written))
    return found
