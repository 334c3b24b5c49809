"""A mistake in JSON has one place and one message, whatever version of Python reads it."""

from __future__ import annotations

import pytest

from promptops.source.json_document import read_json


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ('{"a": 1,}', "illegal trailing comma before end of object", 1, 8),
        ("[1, 2 ,\n ]", "illegal trailing comma before end of array", 1, 7),
        ('{"a": [1,]}', "illegal trailing comma before end of array", 1, 9),
        ("[1,,]", "expecting value", 1, 4),
        ("[,]", "expecting value", 1, 2),
        ("{,}", "expecting property name enclosed in double quotes", 1, 2),
        ('{"a":}', "expecting value", 1, 6),
        ('{"a": ",}', "unterminated string starting at", 1, 7),
        ("[1,", "expecting value", 1, 4),
    ],
)
def test_a_mistake_is_reported_the_same_by_every_python(
    text: str, message: str, line: int, column: int
) -> None:
    (problem,) = read_json("a.json", text.encode()).problems

    assert (problem.message, problem.at.line, problem.at.column) == (message, line, column)
