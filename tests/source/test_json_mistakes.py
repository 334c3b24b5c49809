"""A mistake in JSON has one place and one message, whatever version of Python reads it."""

from __future__ import annotations

import pytest

from promptops.source.json_lines import read_json


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ('{"a": 1,}', "not JSON: illegal trailing comma before end of object", 1, 8),
        ("[1, 2 ,\n ]", "not JSON: illegal trailing comma before end of array", 1, 7),
        ('{"a": [1,]}', "not JSON: illegal trailing comma before end of array", 1, 9),
        ("[1,,]", "not JSON: expecting value", 1, 4),
        ("[,]", "not JSON: expecting value", 1, 2),
        ("{,}", "not JSON: expecting property name enclosed in double quotes", 1, 2),
        ('{"a":}', "not JSON: expecting value", 1, 6),
        ('{"a": ",}', "not JSON: unterminated string starting at", 1, 7),
        ("[1,", "not JSON: expecting value", 1, 4),
    ],
)
def test_a_mistake_is_reported_the_same_by_every_python(
    text: str, message: str, line: int, column: int
) -> None:
    (problem,) = read_json("a.json", text.encode()).problems

    assert (problem.message, problem.at.line, problem.at.column) == (message, line, column)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("{'a': 1}", "write double quotes"),
        ('{"a": None}', "write `null`"),
        ('{"a": True}', "write `true`"),
        ('// cases\n{"a": 1}', "JSON has no comments"),
        ("{\u201ca\u201d: 1}", "write straight quotes"),
        ("[1,,]", None),
    ],
)
def test_the_words_of_other_languages_have_a_hint(text: str, hint: str | None) -> None:
    (problem,) = read_json("a.json", text.encode()).problems

    assert problem.hint == hint
