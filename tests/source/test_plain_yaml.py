"""The quick reader of plain YAML gives the value that PyYAML gives, or leaves the file to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from promptops.source.document import read
from promptops.source.lines import Lines
from promptops.source.plain_yaml import plain_mapping
from promptops.source.quick_value import NotPlainError, quick_value

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("prompts/**/*.prompt.yaml"), *ROOT.glob("examples/**/*.prompt.yaml")])
PLAIN = {
    "words": "a: b\nc: one two\nd: it's \"so\"\ne: x:y#z\nf: https://example.com/a?b=c#d\n",
    "words that mean more": "a: 010\nb: 0o17\nc: ~\nd: null\ne: True\nf: -1.5e3\ng: NO\nh: 1_0\n",
    "quotes": "a: \"b: c # d\"\nb: 'it''s'\nc: \"\\\"\\\\\\n\\t\"\nd: \"\"\ne: ''\nf: \"1\"\n",
    "nothing": "a:\nb:  # c\nc:\n  d:\ne:\n",
    "comments": "# a\n\nb: c  # d\n  # e\nf: [1] \n#g\n\n",
    "blocks": "a:\n  b:\n    c: 1\n  d: 2\ne: 3\n",
    "lists": "a:\n- b\n- 1\nc:\n  - d: 1\n    e: 2\n  -   f:\n      - g\n  - h\nj:\n- k:\n  - l\n",
    "brackets": "a: []\nb: {}\nc: [d, [1, {e: f}], 'g, h', \"i\"]\nd: { a : b,c: true }\n",
    "words in brackets": "a: [it's, what's, x:y, http://z, a b, x#y, -1]\n",
    "brackets in a list": "a:\n  - [b, c]\n  - {d: e, f: [1, 2.5]}\n  - \"g: h\"\n",
    "a literal": "a: |\n  one\n   two\n\n  three: 3\n  # four\nb: |-\n    x\n\n\nc: 1\n",
    "a literal in a list": "a:\n  - |\n    b\n  - c: |\n      d\n    e: |-\n\n      f\n",
    "a literal at the end": "messages:\n  - content: |\n      a\n\n\n",
}  # fmt: skip
LEFT = {
    "nothing": "",
    "comments only": "# a\n",
    "a list": "- a\n",
    "no last newline": "a: |\n  b",
    "a word over two rows": "a: b\n  c\n",
    "a value on the next row": "a:\n  b\n",
    "brackets over two rows": "a: [b,\n  c]\n",
    "an anchor": "a: &x 1\n",
    "a tag": "a: !!str 1\n",
    "a merge key": "a: {<<: 1}\n",
    "a merge key of a block": "a:\n  <<: 1\n",
    "equal keys": "a: 1\na: 2\n",
    "equal keys in brackets": "a: {b: 1, b: 2}\n",
    "a folded block": "a: >\n  b\n",
    "a block with its indentation": "a: |2\n   b\n",
    "a block that keeps its newlines": "a: |+\n  b\n\n",
    "an empty block": "a: |\nb: 1\n",
    "a block less indented than its first rows": "a: |\n    \n  b\n",
    "a row to the left within a list": "a:\n    - b\n  - c\n",
    "a row to the right": "a: 1\n  b: 2\n",
    "a template": "a: {{ b }}\n",
    "a tab": "a: b\tc\n",
    "a directive": "%YAML 1.1\n---\na: 1\n",
    "two documents": "a: 1\n---\nb: 2\n",
    "another break of rows": "a: x\u2028y\n",
    "a number beyond all floats": f"a: 1{'0' * 309}\n",
    "a number that JSON does not allow": "a: [.inf]\n",
    "deep nesting": f"a: {'[' * 30}{']' * 30}\n",
    "deep blocks": "".join(f"{' ' * depth}a:\n" for depth in range(60)),
    "a key that is not a word": "? [a]\n: 1\n",
    "a colon at the end": "a: b:\n",
    "two colons": "a: b: c\n",
    "an escape of another kind": 'a: "\\x41"\n',
    "half a pair": 'a: "\\ud800"\n',
    "a single pair in a list": "a: [b: c]\n",
    "a key without a value in brackets": "a: {b}\n",
    "text behind brackets": "a: [b] c\n",
    "a colon without a blank in brackets": 'a: {"b":c}\n',
}  # fmt: skip


def value_of(text: str):
    return plain_mapping(Lines("p", text), {})


def same(one, other) -> bool:
    """Whether types are equal, too: 1, 1.0 and True are three values."""
    return repr(one) == repr(other)


def assert_no_other_value(text: str) -> None:
    try:
        value = value_of(text)
    except NotPlainError:
        return
    document = read("p", text.encode())
    assert document.problems == ()
    assert same(value, document.value)


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN.keys())
def test_plain_files_are_read_as_pyyaml_reads_them(text):
    assert read("p", text.encode()).problems == ()
    assert same(value_of(text), read("p", text.encode()).value)


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT.keys())
def test_all_other_files_are_left_to_pyyaml(text):
    with pytest.raises(NotPlainError):
        value_of(text)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_prompts_of_this_repository_have_no_other_value(file):
    assert_no_other_value(file.read_text())


def test_strings_of_messages_are_found_where_libyaml_finds_them():
    text = PLAIN["words"] + "messages:\n  - role: user\n    content: |\n      a\n"
    text += "  - {role: user}\n"
    text += "  - role: 'a b'  # c\n    content: \"d\\n\"\n    name: e f  # g\n    n: 10\n"
    text += "last: x y\n"
    quick, slow = {}, {}

    plain = plain_mapping(Lines("p", text), quick)
    value = quick_value(text, slow)

    assert same(plain, value)
    begun = [(text[start:end], style) for style, start, end in quick.values() if style != "|"]
    assert begun == [("user", ""), ("'a b'", "'"), ('"d\\n"', '"'), ("e f", "")]
    assert {start for _, start, _ in quick.values()} < {start for _, start, _ in slow.values()}


def test_equal_rows_of_two_files_are_different_values():
    text = "messages:\n  - role: system\n    tags: [a, b]\nother: [a, b]\n"

    first, second = value_of(text), value_of(text)
    first["other"].append("c")

    assert second["other"] == ["a", "b"] == second["messages"][0]["tags"]


PLAIN_WORDS = st.sampled_from(
    "a b1 -1 0.5 010 .5 null ~ true no it's x:y a#b é $ref".split()  # noqa: SIM905
)
OTHER_WORDS = st.sampled_from(
    "- x: :x #c http://d/e ? ?x ! & * % @ ` << \u00a0 \U0001f600 [ ] { } , \" ' \\ | > |- |+ -- "  # noqa: SIM905
    "--- ... = /".split(" ")
)
WORDS = st.one_of(PLAIN_WORDS, OTHER_WORDS)
TEXT = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)
SCALARS = st.one_of(
    PLAIN_WORDS,
    TEXT,
    TEXT.map(lambda text: f'"{text}"'),
    TEXT.map(lambda text: f"'{text}'"),
    st.sampled_from(["", " ", '"\\n"', "'it''s'", "a # b", "'a' # b", "a ", "| ", "a:"]),
)
BRACKETS = st.recursive(
    st.one_of(PLAIN_WORDS, SCALARS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(inner, max_size=3).map(lambda items: f"[ {','.join(items)} ]"),
        st.lists(st.tuples(PLAIN_WORDS, inner), max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        ),
    ),
    max_leaves=6,
)
ROWS = st.one_of(
    BRACKETS, BRACKETS, SCALARS, st.sampled_from(["|\n        a", "|-\n        a\n\n"])
)
VALUES = st.recursive(
    ROWS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b", "messages", "$ref"]), inner, min_size=1),
    ),
    max_leaves=6,
)


def written(value, indent: int = 0) -> list[str]:
    """The rows of a value in block style; lists are not indented, mappings in them are."""
    margin = " " * indent
    if isinstance(value, dict):
        return [
            row for pair in value.items() for row in entry(f"{margin}{pair[0]}:", pair[1], indent)
        ]
    rows = []
    for item in value:
        first, *others = written(item, indent + 2) if isinstance(item, dict) else [item]
        if isinstance(first, list):
            first, others = "a", written({"b": first}, indent + 2)
        rows += [f"{margin}- {first.lstrip(' ')}", *others]
    return rows


def entry(key: str, value, indent: int) -> list[str]:
    if isinstance(value, str):
        return [f"{key} {value}"]
    return [key, *written(value, indent + (2 if isinstance(value, dict) else 0))]


FILES_OF_ROWS = st.dictionaries(st.sampled_from(["c", "messages", "d"]), VALUES, min_size=1).map(
    lambda value: "\n".join(written(value)) + "\n"
)


@given(FILES_OF_ROWS)
def test_any_rows_are_read_as_pyyaml_reads_them_or_left_to_it(text):
    assert_no_other_value(text)


@given(
    FILES_OF_ROWS, st.sampled_from([*" -:#|\n'\"[]{}a\\,", "  ", "- ", ": ", " #"]), st.randoms()
)
@example("a: |\n   b\n  \n   c\n", "\n", None)
@example("a:\n- b: 1\n  c: |\n  d\n", "\n", None)
def test_rows_with_a_mistake_are_read_as_pyyaml_reads_them_or_left_to_it(text, more, random):
    at = random.randrange(len(text)) if random else 0

    assert_no_other_value(text[:at] + more + text[at:])
    assert_no_other_value(text[:at] + text[at + 1 :])


@given(BRACKETS)
def test_any_brackets_are_read_as_pyyaml_reads_them_or_left_to_it(text):
    assert_no_other_value(f"a: {text}\n")
    assert_no_other_value(f"a:\n  - {text}\n")


@given(st.dictionaries(st.sampled_from("abcdef"), TEXT), st.integers(1, 4), st.booleans())
def test_any_block_is_read_as_pyyaml_reads_it(texts, indent, strip):
    assume(texts)
    margin, header = " " * indent, "|-" if strip else "|"
    blocks = "".join(
        f"{key}: {header}\n{margin}x\n{margin}{text}\n\n{margin} {text}\n"
        for key, text in texts.items()
    )

    assert same(value_of(blocks), read("p", blocks.encode()).value)
