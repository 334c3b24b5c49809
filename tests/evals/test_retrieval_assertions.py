"""Assertions about retrieved passages and their citations: degrees, reasons, and bad input."""

from math import log2
from typing import Any

import pytest

from promptops.evals.assertions.grounding import cited_sentences
from promptops.evals.case_expressions import CaseWork
from promptops.evals.judge_answer import status_of
from promptops.evals.parse import parse
from promptops.evals.result import judge_request
from promptops.model.prompt import Request
from tests.evals.answers import asked, case_of, judged

P1, P2, P3 = ({"id": f"P{number}", "text": f"Fact {number}."} for number in (1, 2, 3))
FOUND = {"inputs": {"passages": [P2, P1, P3], "question": "Which fact?"}}
LABELLED = {**FOUND, "expected": {"relevant": ["P1", "P9"]}}


def of(written: dict[str, Any], given: dict[str, Any] = LABELLED) -> tuple[str, str, float | None]:
    (verdict,) = judged({**given, "output": [written]})
    return verdict.status, verdict.reason, verdict.degree


@pytest.mark.parametrize(
    ("kind", "arguments", "degree"),
    [
        ("recall", {}, 1 / 2),
        ("recall", {"k": 1}, 0.0),
        ("recall", {"k": 50}, 1 / 2),
        ("precision", {}, 1 / 3),
        ("precision", {"k": 2}, 1 / 2),
        ("precision", {"k": 50}, 1 / 3),
        ("mrr", {}, 1 / 2),
        ("mrr", {"k": 1}, 0.0),
        ("ndcg", {}, (1 / log2(3)) / (1 + 1 / log2(3))),
        ("ndcg", {"k": 1}, 0.0),
    ],
)
def test_a_measure_has_the_degree_of_its_definition(kind, arguments, degree):
    written = {"type": kind, "value": "passages", "arguments": arguments}

    assert of(written)[2] == pytest.approx(degree)


def test_grades_count_in_ndcg_only_and_a_grade_of_0_is_not_relevant():
    given = {**FOUND, "expected": {"relevant": {"P2": 1, "P1": 3, "P3": 0}}}

    degrees = {kind: of({"type": kind, "value": "passages"}, given)[2] for kind in ("ndcg", "mrr")}
    recall = of({"type": "recall", "value": "passages"}, given)[2]

    assert recall == 1
    assert degrees == {
        "ndcg": pytest.approx((1 + 7 / log2(3)) / (7 + 1 / log2(3))),
        "mrr": 1,
    }


def test_an_id_that_was_returned_twice_counts_once_at_its_first_rank():
    given = {"inputs": {"passages": [P2, P2, P1, P1]}, "expected": {"relevant": ["P1", "P1"]}}

    found = [of({"type": kind, "value": "passages"}, given)[2] for kind in ("recall", "precision")]
    rank = of({"type": "mrr", "value": "passages", "arguments": {"k": 2}}, given)[2]

    assert (found, rank) == ([1, 1 / 2], 1 / 2)


def test_a_reason_names_the_passages_and_those_that_are_missing():
    assert of({"type": "recall", "value": "passages", "threshold": 0.6, "arguments": {"k": 3}}) == (
        "failed",
        "expected recall of at least 0.6 in the first 3 passages of the input `passages`, "
        "got 0.50: `P2`, `P1` and `P3`; relevant and not among them: `P9`",
        0.5,
    )


def test_a_measure_is_judged_on_the_request_without_an_answer():
    written = {"type": "mrr", "value": "passages", "arguments": {"id": "key"}}
    case = {"inputs": {"passages": [{"key": 7}]}, "expected": {"relevant": [7]}}

    (verdict,) = judge_request(Request(messages=()), case_of({**case, "rendered": [written]}))

    assert (verdict.status, verdict.degree) == ("passed", 1)


@pytest.mark.parametrize(
    ("given", "arguments", "reason"),
    [
        (
            FOUND,
            {},
            "the case does not name its relevant passages: write `expected: {relevant: [ID, …]}`",
        ),
        (
            {**FOUND, "expected": {"relevant": "P1"}},
            {},
            "expected a list of ids, or a mapping from ids to grades at /expected/relevant, "
            "got the string `P1`",
        ),
        (
            {**FOUND, "expected": {"relevant": [True]}},
            {},
            "expected an id at /expected/relevant/0, got true",
        ),
        (
            {**FOUND, "expected": {"relevant": {"P1": 1000}}},
            {},
            "expected a grade from 0 to 100 at /expected/relevant/P1, got the number 1000",
        ),
        (
            {**LABELLED, "inputs": {"passage": []}},
            {},
            "the case has no input `passages`: did you mean `passage`?",
        ),
        (
            {**LABELLED, "inputs": {"passages": "Fact 1."}},
            {},
            "expected a list of passages in `passages`, got the string `Fact 1.`",
        ),
        (
            {**LABELLED, "inputs": {"passages": [P1, {"ident": "P2"}]}},
            {},
            "the passage /1 of `passages` has no `id`: its keys: ident",
        ),
        (
            LABELLED,
            {"id": "txt"},
            "the passage /0 of `passages` has no `txt`: did you mean `text`?",
        ),
        (
            {**LABELLED, "inputs": {"passages": [None]}},
            {},
            "expected an id at /0 of `passages`, got null",
        ),
    ],
)
def test_labels_and_passages_that_can_not_be_used_are_errors(given, arguments, reason):
    status, got, _ = of({"type": "recall", "value": "passages", "arguments": arguments}, given)

    assert (status, got) == ("error", reason)


@pytest.mark.parametrize("labels", [None, {"relevant": "P1"}, {"relevant": [True]}])
def test_wrong_labels_do_not_lower_a_score(labels):
    written = {"type": "recall", "value": "passages"}

    assert of(written, {**FOUND, "expected": labels})[2] is None
    assert of(written, {**LABELLED, "inputs": {"passages": "Fact 1."}})[2] == 0


def test_a_case_to_which_no_passage_is_relevant_is_skipped():
    given = {**FOUND, "answer": "Hi", "expected": {"relevant": []}}

    verdicts = judged(
        {
            **given,
            "output": [{"type": "ndcg", "value": "passages"}, {"type": "contains", "value": "Hi"}],
        }
    )

    assert [(each.status, each.degree) for each in verdicts] == [("skipped", None), ("passed", 1)]
    assert status_of(verdicts) == "passed"


@pytest.mark.parametrize(
    ("written", "message", "at", "hint"),
    [
        (
            {"type": "recall", "value": "passages", "arguments": {"K": 3}},
            "`K` is not a key of `arguments`",
            "/arguments/K",
            "did you mean `k`?",
        ),
        (
            {"type": "recall", "value": "passages", "arguments": {"k": 0}},
            "expected a whole number of at least 1, got the number 0",
            "/arguments/k",
            None,
        ),
        (
            {"type": "ndcg", "value": "passages", "arguments": {"k": True}},
            "expected a whole number of at least 1, got true",
            "/arguments/k",
            None,
        ),
        (
            {"type": "mrr", "value": "passages", "threshold": 0},
            "expected a number above 0, at most 1, got 0",
            "/threshold",
            None,
        ),
        (
            {"type": "citations", "value": "passages", "arguments": {"pattern": r"\[\w+\]"}},
            "the pattern needs exactly one group, which is the id, and has 0",
            "/arguments/pattern",
            r"such as '\b(P\d+)\b'",
        ),
        (
            {"type": "supported", "value": "passages", "arguments": {"pattern": "("}},
            "the pattern can't be used: missing ): (",
            "/arguments/pattern",
            None,
        ),
        (
            {"type": "context-relevant", "value": " "},
            "`value` is empty",
            "/value",
            "describe the required property",
        ),
    ],
)
def test_wrong_arguments_are_reported_at_their_place(written, message, at, hint):
    assertion, (problem,) = parse(written, "answer")

    assert assertion is None
    assert (problem.message, problem.at, problem.hint) == (message, at, hint)


@pytest.mark.parametrize(
    ("answer", "more", "expected"),
    [
        ("Fact 1 [P1], and more [P3].", {}, ("passed", 1)),
        ("Fact 1 [P1], and more [P4].", {}, ("failed", 0.5)),
        ('Fact 1: [{"id":"P4"}], ["a","b"], [1,2].', {}, ("failed", 0)),
        ("Fact 1.", {}, ("failed", 0)),
        ("Fact 1.", {"arguments": {"none": True}}, ("passed", 1)),
        ("Fact 1 (see P1).", {"arguments": {"pattern": r"\bP(\d+)\b"}}, ("failed", 0)),
        ("Fact 1 (see P1).", {"arguments": {"pattern": r"\b(P\d+)\b"}}, ("passed", 1)),
        ('{"ids": ["P1", "P1"]}', {"path": "/ids"}, ("passed", 1)),
        ('{"ids": []}', {"path": "/ids"}, ("failed", 0)),
        ('{"ids": [{}]}', {"path": "/ids"}, ("error", 0)),
        ('{"ids": 7}', {"path": "/ids"}, ("error", 0)),
    ],
)
def test_citations_are_those_of_the_passages(answer, more, expected):
    written = {"type": "citations", "value": "passages", **more}

    status, _, degree = of(written, {**FOUND, "answer": answer})

    assert (status, degree) == expected


def test_sentences_carry_the_citations_in_them_and_after_them():
    text = (
        "One fact [P1]. No fact.\nTwo facts! [P2] [P3]\n\n三日です。[P4]続き[P5]。 e.g. this [P6]"
    )

    found = [(sentence.text, sentence.ids) for sentence in cited_sentences(text, {}, CaseWork())]

    assert found == [
        ("One fact [P1].", ("P1",)),
        ("Two facts! [P2] [P3]", ("P2", "P3")),
        ("[P4]続き[P5]。", ("P4", "P5")),
        ("this [P6]", ("P6",)),
    ]


def test_supported_asks_about_each_cited_sentence_with_the_passages_it_cites():
    given = {**FOUND, "answer": "One [P1][P2]. Two. Three [P9]. Four [P3]."}
    written = {"type": "supported", "value": "passages"}

    questions = asked({**given, "output": [written]})
    (verdict,) = judged(
        {
            **given,
            "output": [written],
            "replies": [
                {"verdict": "pass", "reason": "Yes."},
                {"verdict": "fail", "reason": "It lacks four."},
            ],
        }
    )

    assert [(each.judge, each.inputs["output"], each.inputs["context"]) for each in questions] == [
        (
            "built-in supported",
            "One [P1][P2].",
            '{"id": "P1", "text": "Fact 1."}\n\n{"id": "P2", "text": "Fact 2."}',
        ),
        ("built-in supported", "Four [P3].", '{"id": "P3", "text": "Fact 3."}'),
    ]
    assert (verdict.status, verdict.degree, verdict.score) == (
        "failed",
        pytest.approx(1 / 3),
        "quality",
    )


@pytest.mark.parametrize(
    ("arguments", "expected"), [({}, ("failed", 0)), ({"none": True}, ("skipped", None))]
)
def test_an_answer_without_citations_is_unsupported_unless_that_is_allowed(arguments, expected):
    written = {"type": "supported", "value": "passages", "arguments": arguments}

    status, _, degree = of(written, {**FOUND, "answer": "I don't know."})

    assert (status, degree) == expected


def test_context_relevant_asks_about_each_passage_with_the_question_only():
    written = {
        "type": "context-relevant",
        "value": "passages",
        "arguments": {"k": 2, "question": "question"},
    }
    replies = [{"verdict": "fail", "reason": "No."}, {"verdict": "pass", "reason": "Yes."}]
    given = {**FOUND, "answer": "One.", "output": [written], "replies": replies}

    questions = [(each.inputs["request"], each.inputs["output"]) for each in asked(given)]
    (verdict,) = judged(given)

    assert questions == [
        ("Which fact?", '{"id": "P2", "text": "Fact 2."}'),
        ("Which fact?", '{"id": "P1", "text": "Fact 1."}'),
    ]
    assert (verdict.status, verdict.degree, verdict.reason) == (
        "passed",
        0.5,
        "expected a share of at least 0.5 of passages that help to answer in the input `passages`, "
        "got 1 of 2 passages, without `P2`",
    )


def test_without_passages_no_passage_helps_and_no_judge_is_called():
    given = {"inputs": {"passages": []}, "answer": "One."}
    written = {"type": "context-relevant", "value": "passages"}

    assert asked({**given, "output": [written]}) == ()
    assert of(written, given)[::2] == ("failed", 0)
