"""Reading a file by its value gives what reading it with places gives, or leaves it to that."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.source.document import read
from promptops.source.quick_value import NotPlainError, quick_value, read_by_value

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("prompts/**/*.prompt.yaml"), *ROOT.glob("examples/**/*.prompt.yaml")])
LEFT = {
    "nothing": "",
    "a list": "- a\n",
    "a text": "a\n",
    "two documents": "a: 1\n---\nb: 2\n",
    "wrong syntax": "a: [1\n",
    "equal keys": "a: 1\nb: {c: 1, c: 2}\n",
    "a key that is not text": "a: 1\n? [b]\n: 2\n",
    "a merge key": "a: {<<: 1}\n",
    "an anchor": "a: &x 1\n",
    "an anchor on a mapping": "a: &x {b: 1}\n",
    "an alias": "a: &x 1\nb: *x\n",
    "a tag": "a: !!str 1\n",
    "a tag on a list": "a: !x [1]\n",
    "a tab": "a:\t1\n",
    "a directive": "%YAML 1.1\n---\na: 1\n",
    "a number that JSON does not allow": "a: [.inf]\n",
    "a number beyond all floats": f"a: 1{'0' * 309}\n",
    "another break of lines": "a: x\u2028y\n",
    "half a character": 'a: "\\ud800"\n',
    "deep nesting": f"a: {'[' * 60}{']' * 60}\n",
}
PLAIN = """\
a: NO
b: [010, 0o17, 1.5, ~, "", '', null, true, x, y, x]
c: {d: "e\\u00e9\\n", 'f': 'it''s', ? g : h}
i: |
  one {{ two }}

    three
j: >-
  folded
  text
k:
- l: m
# a comment
  n: 1
"""
TEXTS = st.text(st.sampled_from("ab:,[]{}&*!|>-'\"#%@`?~ \n0.\\é"), max_size=40)


def facts(document):
    pointers = [pointer for pointer, kind, _ in document.scalars() if kind == "value"]
    texts = [document.template(pointer) for pointer in pointers]
    return (
        document.value,
        document.problems,
        [(text.value, [text.locate(at) for at in range(len(text.value) + 1)]) for text in texts],
        [(document.place(pointer), document.style(pointer)) for pointer in pointers],
    )


def texts_before_nodes(path, data, pointers):
    document = read_by_value(path, data)
    texts = [document.template(pointer) for pointer in pointers]
    return [(text.value, [text.locate(at) for at in range(len(text.value) + 1)]) for text in texts]


def assert_alike(data):
    slow = read("p", data)
    pointers = [pointer for pointer, kind, _ in slow.scalars() if kind == "value"]

    assert facts(read_by_value("p", data)) == facts(slow)
    assert texts_before_nodes("p", data, pointers) == facts(slow)[2]


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT.keys())
def test_what_may_be_wrong_is_read_with_places(text):
    with pytest.raises(NotPlainError):
        quick_value(text, {})
    assert_alike(text.encode())


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbfa: 1\n", b"a: \xff\n", b"a: \x00\n", b"a: 1\r\nb: 2"]
)
def test_bytes_are_decoded_as_they_are_for_places(data):
    assert_alike(data)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_prompts_of_this_repository_are_read_alike(file):
    assert quick_value(file.read_text(), {}) == read("p", file.read_bytes()).value
    assert_alike(file.read_bytes())


def test_all_ways_to_write_a_value_are_read_alike():
    assert quick_value(PLAIN, {}) == read("p", PLAIN.encode()).value
    assert_alike(PLAIN.encode())


@given(TEXTS)
def test_any_text_is_read_alike(text):
    assert_alike(f"a: {text}\n".encode())
    assert_alike(text.encode())
