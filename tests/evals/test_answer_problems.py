"""What is wrong with what is asserted of answers, before anybody is asked, each at its place."""

from typing import Any

import pytest

from promptops.evals.case_assertions import problems_of_answers
from promptops.evals.parse import problems
from promptops.model.place import Place
from promptops.source.document import read_any
from tests.evals.answers import case_of, prompt_of

RUBRIC = {"type": "llm-rubric", "value": "It is polite."}


def found(*cases: dict[str, Any], **evaluation: Any) -> list[tuple[str, Any, str | None]]:
    prompt = prompt_of(*map(case_of, cases), **evaluation)
    problems = problems_of_answers(prompt, judges=["judges/tone"], profiles=["fast", "strong"])
    return [(each.message, each.at, each.hint) for each in problems]


@pytest.mark.parametrize(
    ("evaluation", "expected"),
    [
        (
            {"assertions": [{"type": "max-chars", "vlaue": 1}]},
            [
                (
                    "`vlaue` is not an argument of `max-chars`",
                    Place("key /evaluation/assertions/0/vlaue"),
                    "did you mean `value`?",
                ),
                ("`max-chars` needs `value`", Place("/evaluation/assertions/0/type"), None),
            ],
        ),
        (
            {"assertions": [{"type": "max-chars", "value": 1, "allow": "empty"}]},
            [
                (
                    "expected a list, got the string `empty`",
                    Place("/evaluation/assertions/0/allow"),
                    "such as [empty, incomplete]",
                )
            ],
        ),
        (
            {"assertions": [{"type": "max-chars", "value": 1, "allow": []}]},
            [
                (
                    "the list allows nothing",
                    Place("/evaluation/assertions/0/allow"),
                    "known here: empty, incomplete",
                )
            ],
        ),
        (
            {"assertions": [{"type": "max-chars", "value": 1, "allow": ["incomplet", 1]}]},
            [
                (
                    "expected what an answer may be, got `incomplet`",
                    Place("/evaluation/assertions/0/allow/0"),
                    "did you mean `incomplete`?",
                ),
                (
                    "expected what an answer may be, got the number 1",
                    Place("/evaluation/assertions/0/allow/1"),
                    "known here: empty, incomplete",
                ),
            ],
        ),
        (
            {
                "assertions": [
                    {"type": "all", "value": [{"type": "is-json", "allow": ["empty"]}]},
                ]
            },
            [
                (
                    "an assertion inside a set can't have `allow`",
                    Place("key /evaluation/assertions/0/value/0/allow"),
                    "set it on the whole set",
                )
            ],
        ),
        (
            {"judge": "judge/tone"},
            [
                (
                    "there is no prompt `judge/tone` to use as the judge",
                    Place("/evaluation/judge"),
                    "did you mean `judges/tone`?",
                )
            ],
        ),
        (
            {"judge": {"profile": "strongg"}},
            [
                (
                    "there is no model `strongg`",
                    Place("/evaluation/judge/profile"),
                    "did you mean `strong`?",
                )
            ],
        ),
        (
            {"judge": {"profil": "strong"}},
            [
                (
                    "`profil` is not a key of a model",
                    Place("key /evaluation/judge/profil"),
                    "did you mean `profile`?",
                ),
                (
                    "the judge model is incomplete",
                    Place("/evaluation/judge"),
                    "write `profile`, or `provider` and `id`",
                ),
            ],
        ),
        (
            {"judge": {"provider": "openai", "id": 5}},
            [("expected a string, got the number 5", Place("/evaluation/judge/id"), None)],
        ),
        (
            {"score": "qualty"},
            [
                (
                    "no assertion counts in the score `qualty`",
                    Place("/evaluation/score"),
                    "did you mean `quality`?",
                )
            ],
        ),
    ],
    ids=str,
)
def test_a_wrong_evaluation_is_a_problem(evaluation: dict[str, Any], expected: list[Any]) -> None:
    assert found({"output": [RUBRIC]}, **evaluation) == expected


@pytest.mark.parametrize(
    "evaluation",
    [
        {"assertions": [RUBRIC], "judge": "judges/tone", "score": "quality"},
        {"judge": {"provider": "openai", "id": "m"}},
        {},
    ],
    ids=str,
)
def test_a_right_evaluation_has_no_problem(evaluation: dict[str, Any]) -> None:
    assert found({"output": [RUBRIC]}, **evaluation) == []


@pytest.mark.parametrize(
    ("named", "problem"),
    [
        ("b", None),
        ("a", ("a case can't be its own counterpart", None)),
        ("same", ("the case `same` has the same inputs: nothing differs", None)),
        ("samee", ("there is no case `samee`", "did you mean `same`?")),
    ],
)
@pytest.mark.parametrize("in_set", [False, True])
def test_a_counterpart_is_another_case_with_other_inputs(
    named: str, problem: tuple[str, str | None] | None, in_set: bool
) -> None:
    written: dict[str, Any] = {"type": "counterfactual", "value": named}
    output = [{"type": "all", "value": [written]}] if in_set else [written]

    problems = found(
        {"name": "a", "inputs": {"who": "Anna"}, "output": output},
        {"name": "b", "inputs": {"who": "Emre"}},
        {"name": "same", "inputs": {"who": "Anna"}},
    )

    place = Place("/output/0/value/0/value" if in_set else "/output/0/value")
    assert problems == ([(problem[0], place, problem[1])] if problem else [])


CASE = """\
- name: one
  output:
    - {type: tool-call, name: ""}
    - {type: any, value: [{type: contains, value: x}, {type: contains, value: ""}]}
    - {type: finish-reason, value: stopped}
    - {type: python, value: checks.polite}
    - {type: llm-rubric, value: " "}
    - {type: similar, value: x, treshold: 0.5}
"""


def test_problems_of_assertions_over_answers_stand_at_their_places() -> None:
    document = read_any("a.cases.yaml", CASE.encode())
    case = case_of(document.value[0])

    places = [
        (each.message, str(document.place(f"/0{each.at.path.removeprefix('key ')}", each.key)))
        for each in problems(case)
        if isinstance(each.at, Place)
    ]

    assert document.problems == ()
    assert places == [
        ("expected the name of a tool, got an empty string", "a.cases.yaml:3:31"),
        ("`value` is empty: every answer contains it", "a.cases.yaml:4:79"),
        ("`stopped` is not a finish reason", "a.cases.yaml:5:36"),
        ("expected `FILE:FUNCTION`", "a.cases.yaml:6:29"),
        ("`value` is empty", "a.cases.yaml:7:33"),
        ("`treshold` is not an argument of `similar`", "a.cases.yaml:8:33"),
    ]
