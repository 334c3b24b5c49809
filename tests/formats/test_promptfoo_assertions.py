"""Assertions of promptfoo have counterparts, or a loss."""

from __future__ import annotations

import pytest

from promptops.formats.promptfoo.assertions import Assertions
from promptops.formats.promptfoo.javascript import expression
from promptops.model.place import Place


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("output.length < 100", "(text | length) < 100"),
        ("output.toLowerCase().includes('a') ? 1 : 0", "('a' in (text | lower))"),
        (
            "!output.startsWith('x') || output === 'y'",
            "not (text[:('x' | length)] == 'x') or text == 'y'",
        ),
        ("JSON.parse(output).a[0].b >= 2", "(text | parse_json).a[0].b >= 2"),
        ("output.trim() === context.vars.name", "(text | trim) == inputs.name"),
        (
            "len(output) > 5 and 'a' in output.lower()",
            "(text | length) > 5 and 'a' in (text | lower)",
        ),
        ("output.split(' ').length <= 3;", "((text | split(' ')) | length) <= 3"),
        ("json.loads(output)['a'] == 1", "(text | parse_json)['a'] == 1"),
        ("const x = 1; return x", None),
        ("output.match(/a/)", None),
        ("(output) => true", None),
        ("a ? 2 : 3", None),
        ("", None),
    ],
)
def test_one_expression_is_carried(source, found):
    assert expression(source) == found


@pytest.mark.parametrize(
    ("given", "found", "codes"),
    [
        (
            {"type": "contains-all", "value": "a, b"},
            {"type": "contains-all", "value": ["a", "b"]},
            [],
        ),
        (
            {"type": "icontains-any", "value": ["a"]},
            {"type": "any", "value": [{"type": "icontains", "value": "a"}]},
            [],
        ),
        ({"type": "not-is-refusal"}, {"type": "not-refuses"}, []),
        (
            {"type": "is-json", "value": {"type": "object"}},
            {"type": "json-schema", "value": {"type": "object"}},
            [],
        ),
        ({"type": "contains-json"}, {"type": "regex", "value": r"(?s)[{\[].*[}\]]"}, ["IMP227"]),
        (
            {"type": "contains-json", "value": {}},
            {"type": "regex", "value": r"(?s)[{\[].*[}\]]"},
            ["IMP227"],
        ),
        ({"type": "contains-json", "value": {"type": "object"}}, None, ["IMP116"]),
        (
            {"type": "levenshtein", "value": "abcde", "threshold": 1},
            {"type": "ratio", "value": "abcde", "threshold": 0.8},
            ["IMP227"],
        ),
        (
            {"type": "rouge-n", "value": "a", "threshold": 0.4},
            {"type": "rouge", "value": "a", "threshold": 0.4},
            ["IMP227"],
        ),
        ({"type": "cost", "threshold": 0.01}, {"type": "max-cost", "value": 0.01}, []),
        ({"type": "latency", "threshold": 500}, {"type": "max-latency", "value": 0.5}, []),
        ({"type": "min-length", "value": 9}, {"type": "expr", "value": "(text | length) >= 9"}, []),
        ({"type": "empty"}, {"type": "not-regex", "value": r"\S"}, []),
        ({"type": "not-empty"}, {"type": "regex", "value": r"\S"}, []),
        ({"type": "regex", "value": "(?=a)"}, None, ["IMP116"]),
        (
            {"type": "factuality", "value": "It is {{x}}."},
            {"type": "factual", "value": "It is one."},
            ["IMP227"],
        ),
        ({"type": "context-faithfulness"}, {"type": "grounded", "value": "context"}, ["IMP227"]),
        (
            {"type": "g-eval", "value": ["a", "b"]},
            {"type": "llm-rubric", "value": "1. a\n2. b"},
            ["IMP227"],
        ),
        ({"type": "contains", "value": "{{ x | upper }}"}, None, ["IMP116"]),
        (
            {"type": "equals", "value": "1", "transform": "JSON.parse(output).a[0]"},
            {"type": "equals", "value": "1", "path": "/a/0"},
            [],
        ),
        (
            {"type": "equals", "value": "1", "transform": "output.trim()"},
            {"type": "equals", "value": "1", "transform": "(value | trim)"},
            [],
        ),
        (
            {"type": "contains", "value": "a", "weight": 2},
            {"type": "contains", "value": "a", "score": "quality", "weight": 2},
            ["IMP228"],
        ),
        (
            {"type": "is-valid-openai-tools-call"},
            {"type": "finish-reason", "value": "tool_calls"},
            ["IMP227"],
        ),
        ({"type": "webhook", "value": "https://x"}, None, ["IMP116"]),
        ("text", None, ["IMP116"]),
    ],
)
def test_assertions_have_counterparts(given, found, codes):
    translate = Assertions({"x": "one", "context": "c"}, lambda: Place("a"))

    read = translate.translated(given)

    assert (read.value, [loss.code for loss in read.losses]) == (found, codes)
