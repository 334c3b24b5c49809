"""What a position of a YAML file is in, also while a line is typed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.source.document import Document, read_any
from promptops.source.lines import Lines
from promptops.source.yaml_cursor import Cursor, cursor_at, cursor_at_offset
from tests.tiers import examples

ROOT = Path(__file__).parents[2]
MESSAGES = "messages:\n  - role: user\n    content: |\n      Hi {{ ¦ }}\n      more\nb: 1\n"
CURSOR = "¦"


def cursor(source: str) -> Cursor:
    """The cursor at the mark in a text."""
    return cursor_at_offset(source.replace(CURSOR, ""), source.index(CURSOR))


def shown(found: Cursor) -> tuple[Any, ...]:
    return found.part, found.pointer, found.mapping, found.typed, dict(found.siblings)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("¦", ("value", "", "", "", {})),
        ("na¦\ntitle: x\n", ("value", "", "", "na", {"title": ""})),
        ("format: ¦", ("value", "/format", None, "", {})),
        ("format:¦", ("value", "/format", None, "", {})),
        ("a: 1\n¦\nb: 2\n", ("key", "/", "", "", {"a": "1", "b": ""})),
        ("a: 1\nt¦x: 2\n", ("key", "/tx", "", "t", {"a": "1"})),
        ("a:\n  ¦", ("value", "/a", "/a", "", {})),
        ("a:\n  x: 1\n  ¦\n  y: 2\nb: 3\n", ("key", "/a/", "/a", "", {"x": "1", "y": ""})),
        ("l:\n  - ¦", ("value", "/l/0", "/l/0", "", {})),
        ("l:\n  - ¦na: 1\n    b: 1\n", ("key", "/l/0/na", "/l/0", "", {"b": ""})),
        ("l:\n  - na¦\n    b: 1\n  - c\n", ("value", "/l/0", "/l/0", "na", {"b": ""})),
        ("l:\n  - a: 1\n    ¦\n  - a: 2\n", ("key", "/l/0/", "/l/0", "", {"a": "1"})),
        ("l:\n  - a: 1\n  ¦", ("", "/l/0", None, "", {})),
        ("l:\n- a: 1\n¦", ("key", "/", "", "", {"l": ""})),
        ("l:\n- a: ¦", ("value", "/l/0/a", None, "", {})),
        ("- - x: ¦", ("value", "/0/0/x", None, "", {})),
        ("a: b\n  c¦\n", ("value", "/a", None, "b\n  c", {})),
        ("a: &x ¦c\n", ("value", "/a", None, "", {})),
        ('x: "a" ¦ # c\n', ("", "/x", None, "", {})),
        ("x: 'it''s ¦ok'\n", ("value", "/x", None, "it's ", {})),
        ('x: "a\\nb¦"', ("value", "/x", None, "a\nb", {})),
        ("# promptops: ig¦nore", ("comment", "", None, "# promptops: ig", {})),
        ("x: 1 # y¦\n", ("comment", "/x", None, "# y", {})),
        (MESSAGES, ("value", "/messages/0/content", None, "Hi {{ ", {"role": "user"})),
        ("c: |\n\n  ¦\n\n  x\n", ("value", "/c", None, "\n", {})),
        ("c: >-\n  x\n¦\n  y\n", ("value", "/c", None, "x\n", {})),
        ("c: |\n  x\n¦\nd: 1\n", ("key", "/", "", "", {"c": "", "d": ""})),
        ("c: |\n  ¦", ("value", "/c", None, "", {})),
        ("c: |2\n    x¦", ("value", "/c", None, "  x", {})),
        ("t: [a, ¦", ("value", "/t/1", None, "", {})),
        ("t: [a, {b: ¦}, c]", ("value", "/t/1/b", None, "", {})),
        ("t: {a: 1, ¦, b: 2}\nc: 3", ("key", "/t/", "/t", "", {"a": "1", "b": "2"})),
        ("t: {type: re¦, value: x}\n", ("value", "/t/type", None, "re", {"value": "x"})),
        ('{"inputs": {"ti¦": 1, "b": 2}}', ("key", "/inputs/ti", "/inputs", "ti", {"b": "2"})),
        ("---\na: ¦", ("value", "/a", None, "", {})),
        ("   ¦   - x\n", ("", "", None, "", {})),
    ],
)
def test_a_position_is_in_a_key_a_value_or_a_comment(
    source: str, expected: tuple[Any, ...]
) -> None:
    assert shown(cursor(source)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("t: {a: 1,\n  b: 2\nc:\n  d¦: 1\n", ("key", "/c/d", "/c", "d", {})),
        ("t:\n  - {a: 1\n  - {b: ¦}\n", ("value", "/t/1/b", None, "", {})),
        ('t:\n  - "a\n  - b¦\n', ("value", "/t/1", "/t/1", "b", {})),
        ('t: {a: "x¦}\nb: 1\n', ("value", "/t/a", None, "x", {})),
        ("a:\nna\n  b: ¦\n", ("value", "/na/b", None, "", {"b": ""})),
    ],
)
def test_an_unclosed_bracket_or_quote_ends_before_the_next_entry(
    source: str, expected: tuple[Any, ...]
) -> None:
    found = shown(cursor(source))

    assert found[:4] == expected[:4]


def test_the_range_of_a_scalar_is_within_its_quotes_and_its_line() -> None:
    def around(source: str) -> tuple[str, str]:
        found, text = cursor(source), source.replace(CURSOR, "")
        return text[found.start : found.offset], text[found.offset : found.end]

    assert around("format: promp¦tops/1  # c\n") == ("promp", "tops/1")
    assert around("a: {b: 'x¦y', c: 1}") == ("x", "y")
    assert around("a: {b: x¦y, c: 1}") == ("x", "y")
    assert around('a: {b: "x¦, c: 1}\nd: "e"\n') == ("x", "")
    assert around("k¦ey: 1\n") == ("k", "ey")
    assert around(MESSAGES) == ("      Hi {{ ", " }}")


def test_a_position_beyond_the_text_is_its_end() -> None:
    text = "a: 1\nb: xy"

    assert shown(cursor_at(text, 9, 99)) == ("value", "/b", None, "xy", {"a": "1"})
    assert shown(cursor_at(text, 1, 99)) == ("value", "/a", None, "1", {"b": ""})


def _files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.prompt.yaml"))]


def _positions(document: Document) -> Iterator[tuple[str, str, int, int]]:
    """The pointer and the part of each scalar, with the line and the column of its middle."""
    for pointer, part, value in document.scalars():
        text = document.template(pointer, key=part == "key")
        yield pointer, part, *text.locate(len(value) // 2)


def _wrong(path: Path) -> list[str]:
    """The positions of a file whose cursor is not what the parsed file says."""
    document = read_any(path.name, path.read_bytes())
    lines, wrong = Lines(path.name, document.text), []
    for pointer, part, line, column in _positions(document):
        start, end = lines.row(line)
        offset = start + column - 1
        whole = cursor_at_offset(document.text, offset)
        if (whole.part, whole.pointer) != (part, pointer):
            wrong.append(f"{path}:{line}:{column} {part} {pointer}: {whole.part} {whole.pointer}")
        if start == end:
            continue  # cut off in an empty line, nothing shows that the text goes on
        cut = cursor_at_offset(document.text[:offset], offset)
        if part == "value" and (cut.part, cut.pointer) != (part, pointer):
            wrong.append(f"{path}:{line}:{column} {pointer}, cut off: {cut.part} {cut.pointer}")
        if part == "key" and cut.mapping != pointer.rpartition("/")[0]:
            wrong.append(f"{path}:{line}:{column} key {pointer}, cut off: {cut.mapping}")
    return wrong


def test_each_scalar_of_two_prompts_is_found_whole_and_cut_off_at_the_cursor() -> None:
    paths = _files("examples/triage")

    assert [message for path in paths for message in _wrong(path)] == []


@pytest.mark.slow
def test_each_scalar_of_all_prompts_is_found_whole_and_cut_off_at_the_cursor() -> None:
    paths = _files("prompts")

    assert [message for path in paths for message in _wrong(path)] == []


@given(
    st.lists(
        st.sampled_from(
            [
                *"a{}[],:|\\\"'#\n\t\r\u2028😀",
                "key: ",
                "- ",
                "    ",
                ">-",
                "&x ",
                "{{ ",
                "---\n",
                "? ",
            ]
        ),
        max_size=30,
    ),
    st.integers(0, 80),
)
@settings(max_examples=examples(150))
def test_no_text_raises(parts: list[str], offset: int) -> None:
    text = "".join(parts)

    found = cursor_at_offset(text, min(offset, len(text)))

    assert found.start <= found.offset <= max(found.end, found.offset)


def test_deep_and_broken_texts_are_followed_in_linear_time() -> None:
    for text in (
        "[" * 20_000,
        "{a: " * 10_000,
        '- "\n' * 20_000,
        "- " * 20_000,
        "a: |\n" + "\n" * 99_000,
    ):
        assert cursor_at_offset(text, len(text)).offset == len(text)
