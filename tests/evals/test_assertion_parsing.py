"""What is wrong with an assertion, before anything is rendered: no false green."""

# ruff: noqa: E501 - a reason stands on one line here, as where it is printed

from typing import Any

import pytest

from promptops.evals.parse import Assertion, parse, problems
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.model.prompt import Case
from promptops.source.document import read_any

WRONG: list[tuple[dict[str, Any], list[tuple[str, Any, str | None]]]] = [
    ({"value": "x"}, [("`type` is missing", "", None)]),
    ({"type": 5, "value": "x"}, [("expected a string, got the number 5", "/type", None)]),
    ({"type": "contains"}, [("`contains` needs `value`", "/type", None)]),
    (
        {"type": "contains", "vlaue": "x"},
        [
            ("`vlaue` is not an argument of `contains`", "/vlaue key", "did you mean `value`?"),
            ("`contains` needs `value`", "/type", None),
        ],
    ),
    (
        {"type": "contains", "value": ""},
        [
            (
                "`value` is empty: every answer contains it",
                "/value",
                "write the required text",
            )
        ],
    ),
    (
        {"type": "not-icontains", "value": ""},
        [
            (
                "`value` is empty: every answer contains it",
                "/value",
                "write the required text",
            )
        ],
    ),
    (
        {"type": "starts-with", "value": ""},
        [
            (
                "`value` is empty: every answer contains it",
                "/value",
                "write the required text",
            )
        ],
    ),
    ({"type": "contains", "value": 5}, [("expected a string, got the number 5", "/value", None)]),
    ({"type": "contains", "value": None}, [("expected a string, got null", "/value", None)]),
    (
        {"type": "contains-all", "value": []},
        [("the list is empty: nothing is checked", "/value", "write the required text")],
    ),
    (
        {"type": "contains-any", "value": ["a", ""]},
        [
            (
                "`value` is empty: every answer contains it",
                "/value/1",
                "write the required text",
            )
        ],
    ),
    (
        {"type": "contains-any", "value": ["a", 5]},
        [("expected a string, got the number 5", "/value/1", None)],
    ),
    (
        {"type": "contains-any", "value": "a"},
        [("expected a list, got the string `a`", "/value", None)],
    ),
    ({"type": "one-of", "value": []}, [("an empty list matches no value", "/value", None)]),
    (
        {"type": "regex", "value": ""},
        [("the pattern matches every string", "/value", "write the required text")],
    ),
    (
        {"type": "regex", "value": ".*"},
        [("the pattern matches every string", "/value", "write the required text")],
    ),
    (
        {"type": "regex", "value": "(?=a)"},
        [("the pattern can't be used: invalid perl operator: (?=", "/value", None)],
    ),
    (
        {"type": "regex", "value": "a" * 1_001},
        [("the pattern has over 1,000 characters", "/value", None)],
    ),
    ({"type": "max-chars", "value": True}, [("expected a whole number, got true", "/value", None)]),
    (
        {"type": "max-chars", "value": 1.5},
        [("expected a whole number, got the number 1.5", "/value", None)],
    ),
    (
        {"type": "max-tokens", "value": -1},
        [("expected a number of at least 0, got -1", "/value", None)],
    ),
    (
        {"type": "word-count", "value": {"min": 0}},
        [("every text is within these limits", "/value", "set `max`, or `min` above 0")],
    ),
    (
        {"type": "word-count", "value": {}},
        [("every text is within these limits", "/value", "set `max`, or `min` above 0")],
    ),
    (
        {"type": "word-count", "value": {"mni": 2}},
        [("`mni` is not a limit", "/value/mni", "did you mean `min`?")],
    ),
    (
        {"type": "word-count", "value": {"max": "2"}},
        [("expected a whole number, got the string `2`", "/value/max", None)],
    ),
    (
        {"type": "word-count", "value": {"min": 3, "max": 2}},
        [("no text is within these limits: `max` is below `min`", "/value", None)],
    ),
    (
        {"type": "word-count", "value": "2"},
        [("expected a whole number or a mapping, got the string `2`", "/value", None)],
    ),
    (
        {"type": "is-json", "value": {"type": "object"}},
        [
            (
                "`value` is not an argument of `is-json`",
                "/value key",
                "known here: type, path, role, transform, weight, score, must, allow",
            )
        ],
    ),
    (
        {"type": "json-schema", "value": {}},
        [("every value fits an empty schema", "/value", "or use `is-json`")],
    ),
    ({"type": "json-schema", "value": True}, [("expected a mapping, got true", "/value", None)]),
    (
        {"type": "json-schema", "value": {"propertis": {"a": {"type": "text"}}}},
        [
            (
                "every value fits this schema",
                "/value",
                "add a requirement: `type`, `required`, `enum`",
            )
        ],
    ),
    (
        {"type": "json-schema", "value": {"properties": {"a": {"type": "text"}}}},
        [
            (
                "not a valid schema: expected one of array, boolean, integer, null, number, object, string, got the string `text`",
                "/value/properties/a/type",
                None,
            )
        ],
    ),
    (
        {"type": "json-schema", "value": {"$ref": "http://127.0.0.1/x.json"}},
        [
            (
                "not a valid schema: the schema is not usable: Resource 'http://127.0.0.1/x.json' is not present in a registry and retrieving it failed: ValueError: `http://127.0.0.1/x.json` is not fetched",
                "/value",
                None,
            )
        ],
    ),
    (
        {"type": "contains-json", "value": {}},
        [("every mapping or list contains an empty value", "/value", "write what it must contain")],
    ),
    (
        {"type": "contains-json", "value": "x"},
        [("expected a mapping or a list", "/value", "for a string, use `contains`")],
    ),
    (
        {"type": "message-count", "value": 2, "path": "/messages"},
        [("`message-count` has no key `path`", "/path key", None)],
    ),
    (
        {"type": "expr", "value": "mesages | length > 1"},
        [("`mesages` is not defined", "/value", "did you mean `messages`?")],
    ),
    (
        {"type": "expr", "value": "1 == 1"},
        [
            (
                "the expression uses no name",
                "/value",
                "names: value, inputs, expected, messages, tools, response_format, params, model",
            )
        ],
    ),
    (
        {"type": "expr", "value": "output == 'x'"},
        [
            (
                "`output` is not defined",
                "/value",
                "names: value, inputs, expected, messages, tools, response_format, params, model",
            )
        ],
    ),
    ({"type": "expr", "value": ""}, [("the expression is empty", "/value", None)]),
    (
        {"type": "contains", "value": "x", "transform": "value | lowr"},
        [("there is no filter `lowr`", "/transform", "did you mean `lower`?")],
    ),
    (
        {"type": "contains", "value": "x", "transform": "lower(value)"},
        [
            (
                "there is no function `lower`; use a filter",
                "/transform",
                "write `… | lower`",
            )
        ],
    ),
    (
        {"type": "contains", "value": "x", "transform": ""},
        [("the expression is empty", "/transform", None)],
    ),
    (
        {"type": "contains", "value": "x", "path": "messages/0"},
        [
            (
                "expected a JSON pointer, got the string `messages/0`",
                "/path",
                "start it with `/`: /messages/0/content",
            )
        ],
    ),
    (
        {"type": "contains", "value": "x", "path": 0},
        [
            (
                "expected a JSON pointer, got the number 0",
                "/path",
                "start it with `/`: /messages/0/content",
            )
        ],
    ),
    (
        {"type": "contains", "value": "x", "role": "sytem"},
        [("expected a role, got the string `sytem`", "/role", "did you mean `system`?")],
    ),
    (
        {"type": "contains", "value": "x", "role": None},
        [("expected a role, got null", "/role", "roles: system, developer, user, assistant, tool")],
    ),
    (
        {"type": "contains", "value": "x", "role": "user", "path": "/messages/0/content"},
        [("`role` and `path` exclude each other", "/role key", "keep one of them")],
    ),
    (
        {"type": "contains", "value": "x", "weight": 0},
        [("expected a number from 0.001 to 1,000, got the number 0", "/weight", None)],
    ),
    (
        {"type": "ratio", "value": "x", "threshold": True},
        [("expected a number, got true", "/threshold", None)],
    ),
    (
        {"type": "ratio", "value": "x", "threshold": 0},
        [("expected a number above 0, at most 1, got 0", "/threshold", None)],
    ),
    (
        {"type": "contains", "value": "x", "threshold": 0.5},
        [
            (
                "`threshold` is not an argument of `contains`",
                "/threshold key",
                "known here: value, type, path, role, transform, weight, score, must, allow",
            )
        ],
    ),
    (
        {"type": "contains", "value": "x", "must": False},
        [
            (
                "it is not required, and counts in no score",
                "/must",
                "set the `score` in which it counts",
            )
        ],
    ),
    (
        {"type": "contains", "value": "x", "allow": ["empty"]},
        [
            (
                "only an answer can be empty or incomplete",
                "/allow key",
                "remove it, or move the assertion below `output`",
            )
        ],
    ),
    (
        {"type": "contains", "value": "x", "score": ""},
        [("expected a name, got an empty string", "/score", None)],
    ),
    (
        {"type": "contains", "value": "x", "must": "yes"},
        [("expected true or false, got the string `yes`", "/must", None)],
    ),
    (
        {"type": "llm-rubric", "value": "It is polite."},
        [("`llm-rubric` can't check a request", "/type", "move it below `output`")],
    ),
    (
        {"type": "not-contians", "value": "x"},
        [("there is no assertion `not-contians`", "/type", "did you mean `not-contains`?")],
    ),
    (
        {"type": "json-equals", "value": "x"},
        [("there is no assertion `json-equals`", "/type", "did you mean `equals`?")],
    ),
    (
        {"type": "not-not-contains", "value": "x"},
        [("there is no assertion `not-not-contains`", "/type", "did you mean `not-contains`?")],
    ),
]


@pytest.mark.parametrize(("written", "expected"), WRONG, ids=str)
def test_an_assertion_that_could_not_fail_is_a_problem(
    written: dict[str, Any], expected: list[tuple[str, Any, str | None]]
) -> None:
    assertion, found = parse(written, "request")

    assert assertion is None
    assert [(p.message, f"{p.at} key" if p.key else p.at, p.hint) for p in found] == expected


def test_what_every_assertion_may_say_is_kept() -> None:
    written = {
        "type": "not-contains",
        "value": "x",
        "role": "user",
        "transform": "value | lower",
        "weight": 2,
        "score": "tone",
        "must": True,
        "x-why": "an incident",
    }

    assertion, found = parse(written, "request")

    assert found == ()
    assert isinstance(assertion, Assertion)
    assert assertion.transform is not None
    assert (assertion.type, assertion.negated, assertion.role) == ("not-contains", True, "user")
    assert (assertion.path, assertion.transform.text) == (None, "value | lower")
    assert (assertion.weight, assertion.score, assertion.must) == (2, "tone", True)


CASE = """\
- name: one
  rendered:
    - {type: contains, value: x}
    - {type: contains, vlaue: x}
    - {type: contains-any, value: [a, ""]}
  output:
    - {type: contains, role: user, value: x}
    - {type: message-count, value: 1}
    - {type: expr, value: output.items | length <= 3}
    - {type: expr, value: messages | length <= 3}
    - {type: llm-rubric, value: It is polite.}
"""


def test_problems_of_a_case_stand_at_their_places() -> None:
    document = read_any("a.cases.yaml", CASE.encode())
    (written,) = document.value
    case = Case(
        name="one",
        inputs={},
        at="/0",
        locate=document.place,
        rendered=tuple(written["rendered"]),
        output=tuple(written["output"]),
    )

    found = list(problems(case))

    known = "did you mean `value`?"
    names = "did you mean `usage`?"
    assert document.problems == ()
    assert found == [
        Problem(
            "`vlaue` is not an argument of `contains`",
            at=Place("a.cases.yaml", 4, 24, 4, 29),
            key=True,
            hint=known,
        ),
        Problem("`contains` needs `value`", at=Place("a.cases.yaml", 4, 14, 4, 22)),
        Problem(
            "`value` is empty: every answer contains it",
            at=Place("a.cases.yaml", 5, 39, 5, 41),
            hint="write the required text",
        ),
        Problem("an answer has no roles", at=Place("a.cases.yaml", 7, 24, 7, 28), key=True),
        Problem(
            "`message-count` can't check an answer",
            at=Place("a.cases.yaml", 8, 14, 8, 27),
            hint="move it below `rendered`",
        ),
        Problem("`messages` is not defined", at=Place("a.cases.yaml", 10, 27, 10, 35), hint=names),
    ]


IN_STYLES = """\
- name: one
  rendered:
    - {type: expr, value: messages | lenght > 1}
    - {type: expr, value: "'\\u00e9' in mesages"}
    - {type: expr, value: '"it''s" in messages[0].content.lower()'}
    - type: expr
      value: |
        messages | length > 1
        and 'x' in mesages[0].content
    - {type: equals, role: user, transform: len(value), value: 1}
    - {type: all, value: [{type: expr, value: model | length > lenght}]}
"""


def test_what_is_wrong_in_an_expression_stands_at_its_characters() -> None:
    document = read_any("a.cases.yaml", IN_STYLES.encode())
    (written,) = document.value
    case = Case(
        name="one", inputs={}, at="/0", locate=document.place, rendered=tuple(written["rendered"])
    )

    found = [(problem.message, _characters(problem.at)) for problem in problems(case)]

    assert document.problems == ()
    assert found == [
        ("there is no filter `lenght`", (3, "lenght")),
        ("`mesages` is not defined", (4, "mesages")),
        ("values have no methods; use a filter", (5, "lower")),
        ("`mesages` is not defined", (9, "mesages")),
        ("there is no function `len`; use a filter", (10, "len")),
        ("`lenght` is not defined", (11, "lenght")),
    ]


def _characters(place: str | Place) -> tuple[int, str]:
    """The line of a place, and what stands there."""
    assert isinstance(place, Place)
    line = IN_STYLES.splitlines()[place.line - 1]
    return place.line, line[place.column - 1 : place.end_column - 1]


def test_a_lazy_sequence_that_is_compared_is_a_problem() -> None:
    value = "tool_calls | select('mapping') == []"

    (problem,) = parse({"type": "expr", "value": value}, "answer")[1]

    assert (problem.message, problem.at, problem.hint) == (
        "a lazy sequence, such as of `select`, equals no value",
        "/value",
        "put `| list` after it",
    )
