"""Assertions of promptfoo have counterparts, or a loss."""

from __future__ import annotations

import pytest

from promptops.formats.promptfoo.assertions import Assertions, expression
from promptops.formats.promptfoo.tests import FoundAssertion, FoundTest
from promptops.formats.writers.promptfoo import native_assertion
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
        ({"type": "empty"}, {"type": "expr", "value": "(text | trim) == ''"}, []),
        ({"type": "not-empty"}, {"type": "not-expr", "value": "(text | trim) == ''"}, []),
        ({"type": "contains", "value": 7}, {"type": "contains", "value": "7"}, []),
        ({"type": "contains", "value": ""}, None, ["IMP116"]),
        (
            {"type": "equals", "value": {"a": 1}},
            {"type": "equals", "value": {"a": 1}, "path": ""},
            [],
        ),
        (
            {"type": "is-json", "value": "required: [a]"},
            {"type": "json-schema", "value": {"required": ["a"]}},
            [],
        ),
        (
            {"type": "contains", "value": "a", "metric": "{{x}}"},
            {"type": "contains", "value": "a", "score": "one", "must": True},
            [],
        ),
        (
            {"type": "contains", "value": "a", "weight": 0},
            {"type": "contains", "value": "a", "score": "quality"},
            ["IMP228"],
        ),
        (
            {"type": "assert-set", "assert": [{"type": "is-refusal", "weight": 3}]},
            {"type": "all", "value": [{"type": "refuses", "weight": 3}]},
            [],
        ),
        ({"type": "python", "value": "file://check.py"}, None, ["IMP116"]),
        ({"type": "javascript", "value": "context.vars.x === 'one'"}, None, ["IMP116"]),
        (
            {"type": "javascript", "value": "output.includes(context.vars.x)"},
            {"type": "expr", "value": "(inputs.x in text)"},
            [],
        ),
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
            {
                "type": "any",
                "value": [
                    {"type": "equals", "value": "1", "path": "/a/0"},
                    {"type": "equals", "value": 1, "path": "/a/0"},
                ],
            },
            [],
        ),
        (
            {"type": "equals", "value": "1", "transform": "output.trim()"},
            {"type": "equals", "value": "1", "transform": "(value | trim)"},
            [],
        ),
        (
            {"type": "contains", "value": "a", "weight": 2},
            {"type": "contains", "value": "a", "score": "quality", "weight": 2, "must": True},
            ["IMP228"],
        ),
        (
            {"type": "is-valid-openai-tools-call"},
            {"type": "finish-reason", "value": "tool_calls"},
            ["IMP227"],
        ),
        ({"type": "webhook", "value": "https://x"}, None, ["IMP116"]),
        (
            {"type": "max-length", "value": 9, "transform": "output.a"},
            {"type": "max-chars", "value": 9, "path": "/a"},
            [],
        ),
        (
            {"type": "llm-rubric", "value": "kind", "transform": "output.a"},
            {"type": "llm-rubric", "value": "kind"},
            ["IMP227"],
        ),
        ("text", None, ["IMP116"]),
    ],
)
def test_assertions_have_counterparts(given, found, codes):
    translate = Assertions({"x": "one", "context": "c"})

    read = translate.translated(FoundAssertion(value=given, place=Place("a")))

    assert (read.value, [loss.code for loss in read.losses]) == (found, codes)


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        ("equals", "a", {"value": "a"}),
        ("icontains", "a", {"value": "a"}),
        ("starts-with", "a", {"value": "a"}),
        ("contains-any", "a, b", {"value": ["a", "b"]}),
        ("moderation", None, {}),
        ("finish-reason", "stop", {"value": "stop"}),
        ("regex", "a+", {"value": "a+"}),
        ("llm-rubric", "kind", {"value": "kind"}),
        ("is-json", None, {}),
    ],
)
def test_assertions_of_both_tools_stay_as_they_are(kind, value, found):
    given = {"type": kind, **({} if value is None else {"value": value})}
    translate = Assertions({})

    for negated in ("", "not-"):
        read = translate.translated(
            FoundAssertion(value={**given, "type": negated + kind}, place=Place("a"))
        )
        assert (read.value, read.losses) == ({"type": negated + kind, **found}, ())


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"type": "is-refusal"}, {"type": "refuses"}),
        ({"type": "similar", "value": "a", "threshold": 0.8}, {"value": "a", "threshold": 0.8}),
        (
            {"type": "icontains-all", "value": "a, b"},
            {
                "type": "all",
                "value": [{"type": "icontains", "value": "a"}, {"type": "icontains", "value": "b"}],
            },
        ),
        ({"type": "model-graded-closedqa", "value": "a"}, {"type": "llm-rubric", "value": "a"}),
        ({"type": "model-graded-factuality", "value": "a"}, {"type": "factual", "value": "a"}),
        ({"type": "answer-relevance"}, {"type": "answer-relevant"}),
        ({"type": "bleu", "value": "a"}, {"type": "chrf", "value": "a"}),
        ({"type": "gleu", "value": "a"}, {"type": "chrf", "value": "a"}),
        ({"type": "meteor", "value": "a"}, {"type": "chrf", "value": "a"}),
        ({"type": "max-length", "value": 9}, {"type": "max-chars", "value": 9}),
        (
            {"type": "is-valid-function-call"},
            {"type": "finish-reason", "value": "tool_calls"},
        ),
        ({"type": "python", "value": "len(output) > 3"}, {"type": "expr"}),
    ],
)
def test_assertions_of_other_names_have_counterparts(given, found):
    read = Assertions({}).translated(FoundAssertion(value=given, place=Place("a"))).value

    assert read is not None
    assert read == {**given, **found} if "type" not in found else read["type"] == found["type"]
    assert {key: read[key] for key in found} == found


_WITHOUT = (
    "select-best max-score classifier is-sql is-xml is-html webhook ruby trace-span-count pi"
    " perplexity context-recall context-relevance conversation-relevance"
)


@pytest.mark.parametrize("kind", _WITHOUT.split())
def test_assertions_without_a_counterpart_are_reported(kind):
    given = FoundAssertion(value={"type": kind, "value": "a", "threshold": 1}, place=Place("a"))

    read = Assertions({}).translated(given)

    assert (read.value, [loss.code for loss in read.losses]) == (None, ["IMP116"])


def test_a_test_with_a_threshold_is_one_set_with_the_assertions_of_the_defaults():
    defaults = [_assertion({"type": "contains", "value": "a"}, 1)]
    own = (
        _assertion({"type": "contains", "value": "b", "metric": "topic", "weight": 2}, 2),
        _assertion({"type": "contains", "value": "c", "weight": 0}, 3),
    )
    test = FoundTest(name="t", variables={}, assertions=own, place=Place("a"), threshold=0.5)

    found = Assertions({}).of_test(test, defaults)

    parts = [{"type": "contains", "value": "a"}, {"type": "contains", "value": "b", "weight": 2}]
    lost = (("IMP228", 3),)
    assert found[0] == ({"type": "all", "value": parts, "threshold": 0.5},)
    assert tuple((loss.code, loss.place.line) for loss in found[1]) == lost


def test_the_transform_of_a_test_is_that_of_each_assertion():
    own = (
        _assertion({"type": "contains", "value": "a"}, 1),
        _assertion({"type": "javascript", "value": "output.length < 5"}, 2),
        _assertion({"type": "contains", "value": "a", "transform": "output.b"}, 3),
    )
    test = FoundTest(name="t", variables={}, assertions=own, place=Place("a"), transform="output.a")

    found, losses = Assertions({}).of_test(test, ())

    assert found == (
        {"type": "contains", "value": "a", "path": "/a"},
        {"type": "expr", "value": "(value | length) < 5", "path": "/a"},
    )
    assert [(loss.code, loss.place.line) for loss in losses] == [("IMP116", 3)]


def test_a_variable_that_the_prompt_does_not_read_is_written_into_the_expression():
    written = {"type": "javascript", "value": "output.includes(context.vars['x'])"}

    read = Assertions({"x": 'a "b"'}, ()).translated(_assertion(written, 1))

    assert read.value == {"type": "expr", "value": '("a \\"b\\"" in text)'}


def _assertion(value, line):
    return FoundAssertion(value=value, place=Place("a", line))


def test_settings_of_a_judge_that_are_not_carried_are_reported():
    translate = Assertions({"context": "c"})

    read = [
        translate.translated(FoundAssertion(value=given, place=Place("a"))).losses[0].message
        for given in (
            {"type": "answer-relevance", "threshold": 0.8, "provider": "openai:gpt-5"},
            {"type": "context-faithfulness", "threshold": 0.8},
            {"type": "factuality", "value": "x"},
            {"type": "llm-rubric", "value": "x", "rubricPrompt": "y"},
        )
    ]

    assert read == [
        "`answer-relevance` is judged as `answer-relevant`, without its `threshold` and its"
        " `provider`",
        "`context-faithfulness` is judged as `grounded`, without its `threshold`",
        "`factuality` is judged as `factual`",
        "`llm-rubric` is judged, without its `rubricPrompt`",
    ]


def test_a_simple_transform_is_written_in_javascript_and_no_other_one():
    plain = {"type": "icontains", "value": "refund"}

    found = [
        native_assertion({**plain, "transform": transform})
        for transform in ("(value | lower)", "(value | trim)", "value[:3]")
    ]

    assert found == [
        {**plain, "transform": "output.toLowerCase()"},
        {**plain, "transform": "output.trim()"},
        None,
    ]
