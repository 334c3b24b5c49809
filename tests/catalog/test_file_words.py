"""The words of a file have every plain name that the file may name another by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.catalog.catalog import Catalog
from promptops.catalog.graph import ESCAPED, file_words, is_plain
from promptops.lint.examples import MemoryTree
from promptops.model.config import Config


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", set()),
        (b"No name. None at all...", set()),
        (b"file: a/style.md.j2\n", {"style.md.j2"}),
        (b"{% include 'x/a.j2' %}{%include \"./b.j2\"%}", {"a.j2", "b.j2"}),
        (b"{$ref: c.json#/d, e: [f.json,g.json]}", {"c.json", "f.json", "g.json"}),
        (b"see a.md. or b.md-c", {"a.md.", "a.md", "b.md-c", "b.md"}),
        (b"\xff\xfea.md\xff", {"a.md"}),
        (b'x: "\\u0061.md"', {ESCAPED, "u0061.md"}),
    ],
)
def test_words_are_runs_of_the_characters_of_plain_names(content, words):
    assert file_words(content) == words


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        *(("a.md", True), (".hidden", True), ("a.prompt.yaml", True), ("README", False)),
        *(("a b.md", False), ("é.md", False), ("a.", False), ("a#b.md", False), ("", False)),
    ],
)
def test_only_names_that_are_words_wherever_they_stand_are_plain(name, plain):
    assert is_plain(name) is plain


NAMES = st.sampled_from(["a.md", "b.c.md", "-d.md", "e~.md", "x/a.md", "../b.c.md", "f.md."])
AROUND = st.text(st.sampled_from(" .,:;#/'\"-{}[]|\n\\u0"), max_size=4)


@given(st.lists(st.tuples(AROUND, NAMES, AROUND), max_size=4), st.sampled_from(["", "extends: "]))
def test_what_a_file_names_plainly_is_among_its_words(parts, key):
    text = key + " ".join(f"{before}{name}{behind}" for before, name, behind in parts)
    for path in ("prompts/p.prompt.yaml", "prompts/t.md", "prompts/s.json"):
        catalog = Catalog(MemoryTree({path: text.encode()}), Config())

        words = file_words(text.encode())
        named = {each.rpartition("/")[2] for each in catalog.graph.targets(path)}

        assert ESCAPED in words or {name for name in named if is_plain(name)} <= words
