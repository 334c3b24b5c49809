"""An empty or incomplete answer breaks the contracts of a case, unless an assertion allows it."""

from typing import Any

import pytest

from promptops.evals.judge_answer import status_of
from promptops.evals.result import Judgement
from promptops.model.place import Place
from tests.evals.answers import judged

SHORT = {"type": "max-chars", "value": 80}
CLEAN = {"type": "not-contains", "value": "refund"}
EMPTY = "the answer is empty: if it may be, write `allow: [empty]` in an assertion"
CUT = (
    "the answer is incomplete: it ended with 'length': increase `max_output_tokens`, or write"
    " `allow: [incomplete]` in an assertion if it may be"
)
FILTERED = (
    "the answer is incomplete: it ended with 'content_filter': write `allow: [incomplete]` in an"
    " assertion if it may be"
)
CALL = {"name": "find", "arguments": {}}


def flaw(reason: str) -> Judgement:
    return Judgement(
        type="output", status="failed", must=True, reason=reason, place=Place(""), degree=0.0
    )


def flaws(answer: Any, *output: dict[str, Any], **evaluation: Any) -> list[Judgement]:
    """The messages of a verdict beside those of the assertions."""
    found = judged({"answer": answer, "output": output}, **evaluation)
    return found[len(output) + len(evaluation.get("assertions", ())) :]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", EMPTY),
        (" \n\t", EMPTY),
        ({"text": "We are", "finish_reason": "length"}, CUT),
        ({"text": "", "finish_reason": "length"}, CUT),
        ({"text": "We are", "finish_reason": "content_filter"}, FILTERED),
        ({"text": "", "tool_calls": [CALL], "finish_reason": "length"}, CUT),
    ],
)
def test_an_answer_with_a_flaw_breaks_the_contracts_that_it_would_pass(answer, reason):
    found = judged({"answer": answer, "output": [SHORT, CLEAN]})

    assert [each.status for each in found] == ["passed", "passed", "failed"]
    assert (found[2], status_of(found)) == (flaw(reason), "failed")


@pytest.mark.parametrize(
    "answer",
    [
        "Yes.",
        {"text": "Yes.", "finish_reason": "tool_calls"},
        {"text": "", "tool_calls": [CALL], "finish_reason": "tool_calls"},
        {"text": "", "tool_calls": [CALL], "finish_reason": "stop"},
    ],
)
def test_a_complete_answer_and_one_that_calls_tools_have_no_flaw(answer):
    assert flaws(answer, SHORT, CLEAN) == []


@pytest.mark.parametrize(
    ("answer", "allowed", "reason"),
    [
        ("", ["empty"], None),
        ("", ["incomplete"], EMPTY),
        ({"text": "We", "finish_reason": "length"}, ["incomplete"], None),
        ({"text": "We", "finish_reason": "length"}, ["empty"], CUT),
        ({"text": "", "finish_reason": "length"}, ["empty", "incomplete"], None),
    ],
)
def test_one_assertion_allows_a_flaw_for_its_case(answer, allowed, reason):
    allowing = {**SHORT, "allow": allowed}
    expected = [] if reason is None else [flaw(reason)]

    own = flaws(answer, allowing, CLEAN)
    of_every_case = flaws(answer, CLEAN, assertions=[allowing])

    assert (own, of_every_case) == (expected, expected)


@pytest.mark.parametrize(
    ("answer", "written", "statuses"),
    [
        ("", {"type": "equals", "value": ""}, ["passed"]),
        ({"text": "We", "finish_reason": "length"}, {"type": "finish-reason", "value": "length"},
         ["passed"]),
        ({"text": "We", "finish_reason": "length"}, {"type": "finish-reason", "value": "stop"},
         ["failed"]),
        ({"text": "We", "finish_reason": "length"},
         {"type": "not-finish-reason", "value": "content_filter"}, ["passed", "failed"]),
        ({"text": "We", "finish_reason": "length"},
         {"type": "not-finish-reason", "value": "length"}, ["failed"]),
        ("", {"type": "finish-reason", "value": "stop"}, ["passed", "failed"]),
        ({"text": "", "finish_reason": "content_filter"}, {"type": "refuses"}, ["passed"]),
        ({"text": "", "finish_reason": "content_filter"}, {"type": "not-refuses"}, ["failed"]),
        ({"text": "I can't help with that", "finish_reason": "length"}, {"type": "refuses"},
         ["passed", "failed"]),
        ({"text": "", "finish_reason": "content_filter"},
         {"type": "any", "value": [{"type": "refuses"}, SHORT]}, ["passed"]),
    ],
)  # fmt: skip
def test_an_assertion_about_the_flaw_decides_about_it_alone(answer, written, statuses):
    found = judged({"answer": answer, "output": [written]})

    assert [each.status for each in found] == statuses


def test_measures_score_such_an_answer_as_it_is():
    measured = {**SHORT, "score": "brevity"}
    judged_by_model = {"type": "llm-rubric", "value": "It is polite."}

    assert flaws("", measured) == []
    assert flaws("", measured, judged_by_model) == []
    assert flaws("", measured, CLEAN) == [flaw(EMPTY)]
