"""What is written as YAML is read back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.formats.prompt_file import yaml_file
from promptops.source.document import read_any

TEXTS = st.one_of(
    st.text(alphabet="a \n\t:#-'\"|{}[]&*!%@`\r\x85\u2028\ufeff😀\x07\\~", max_size=12),
    st.sampled_from(["yes", "1e3", "0x1f", "12:30", "~", "null", "-", "2026-01-01", "a: b", "é"]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.floats(-2, 2), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4))
def test_any_value_is_read_back(value):
    found = read_any("a.yaml", yaml_file(value).encode())

    assert [problem for problem in found.problems if problem.code == "SCH001"] == []
    assert found.value == value


def test_values_are_written_as_people_write_them():
    value = {
        "format": "promptops/1",
        "model": {"provider": "openai", "params": {"temperature": 0.2}},
        "inputs": {"required": ["a"], "properties": {"a": {"type": "string", "maxLength": 9}}},
        "messages": [
            {"role": "system", "content": " Indented\nno: more\n"},
            {"role": "user", "content": "why?"},
        ],
        "tags": ["a", "yes"],
    }

    assert (
        yaml_file(value)
        == """\
format: promptops/1
model:
  provider: openai
  params: {temperature: 0.2}
inputs:
  required: [a]
  properties:
    a: {type: string, maxLength: 9}
messages:
  - role: system
    content: |2
       Indented
      no: more
  - {role: user, content: "why?"}
tags: [a, "yes"]
"""
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("it's", '"it\'s"'),
        ('a "b"', "'a \"b\"'"),
        ("""Say "hi", don't shout.""", """'Say "hi", don\'\'t shout.'"""),
        ("C:\\temp", "'C:\\temp'"),
        ("a\tb", "'a\tb'"),
        ("a\u2028b", '"a\\u2028b"'),
    ],
)
def test_a_text_on_one_line_is_written_without_escapes(text, written):
    assert yaml_file({"content": text}) == f"content: {written}\n"
