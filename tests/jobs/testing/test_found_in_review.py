"""Bugs that a review found: what is asserted of a case, and what becomes of it."""

import re

import pytest

from promptops.errors import UsageError
from promptops.jobs.testing.merging import merge, read_shards
from promptops.jobs.testing.runner import RunOptions
from promptops.jobs.workspace.workspace import workspace
from promptops.model.shard import Shard
from promptops.source.shard import shard_text
from tests.jobs.testing.served import (
    PROMPT,
    asked,
    by_turn,
    cases,
    configured,
    contracts,
    decisions,
    judges,
    recorded,
    released,
    reworded,
    run,
    says,
    statuses,
    with_judge,
)
from tests.servers.fault_server import fault_server


def told(found):
    """Status, reason and place of each case."""
    return [(case.status, case.reason, str(case.place)) for case in found.cases]


SCORES = (
    PROMPT
    + """\
evaluation:
  assertions:
    - {type: contains, value: good, score: goodness}
    - {type: contains, value: kind, score: kindness}
"""
    + cases(1)
)


def test_several_scores_of_which_none_is_chosen_are_an_error(repo):
    with fault_server(lambda _: says("good")) as server:
        configured(repo, server, SCORES)

        found = run(repo, "record")

    message = (
        "several scores are measured, and no primary score is set: choose one: score: goodness"
    )
    assert told(found) == [("error", message, "prompts/ask.prompt.yaml:12:1")]
    assert (found.verdict, server.requests) == ("fail", [])


@pytest.mark.parametrize(
    ("old", "new"),
    [("score: kindness", "score: quality"), ("  assertions", "  score: kindness\n  assertions")],
    ids=["quality", "named"],
)
def test_several_scores_of_which_one_is_chosen_are_none(repo, old, new):
    with fault_server(lambda _: says("good")) as server:
        configured(repo, server, SCORES.replace(old, new))

        found = run(repo, "record")

    assert statuses(found) == {("ask", "c0"): "passed"}


CONTRACT_AND_SCORE = (
    PROMPT
    + """\
evaluation:
  score: goodness
  assertions:
    - {type: contains, value: good, score: goodness}
    - {type: not-contains, value: secret}
"""
)


def test_what_confirms_a_contract_is_not_what_is_scored(repo):
    """Half of the first answers are bad, and violate a contract; those that confirm do not."""
    prompt = CONTRACT_AND_SCORE + cases(20)

    def answer(text, turn):
        worse = "short" in text and turn == 0 and int(text.rpartition("q")[2]) % 2
        return "bad secret" if worse else "good"

    with fault_server(by_turn(answer)) as server:
        released(repo, server, prompt)
        reworded(repo, prompt)

        found = run(repo, "live")

    note = "one of 3 answers violates a contract that the others meet"
    assert [(case.status, case.reason) for case in found.cases] == [
        ("passed", note if n % 2 else "") for n in range(20)
    ]
    assert (found.verdict, decisions(found)) == ("fail", [("fail", "-50.0 points")])


@pytest.mark.parametrize(
    ("violating", "status", "reason"),
    [
        ({1}, "passed", ""),
        ({1, 2}, "failed", "an additional answer, requested to decide, violates a contract"),
    ],
    ids=["one", "two"],
)
def test_a_contract_that_further_answers_violate_fails_the_case(repo, violating, status, reason):
    prompt = CONTRACT_AND_SCORE + cases(1)

    def answer(text, turn):
        return "good secret" if "short" in text and turn in violating else "good"

    with fault_server(by_turn(answer)) as server:
        released(repo, server, prompt)
        reworded(repo, prompt)

        found = run(repo, "live")

    assert [(case.status, case.reason) for case in found.cases] == [(status, reason)]
    assert decisions(found) == [("inconclusive", "0.0 points")]


COUNTERFACTUAL = (
    PROMPT
    + """\
tests:
  - {name: a, inputs: {question: q1}, output: [{type: counterfactual, value: b}]}
  - {name: b, inputs: {question: q2}, output: [{type: contains, value: go}]}
"""
)


def test_a_counterfactual_is_confirmed_with_the_answer_of_the_other_case(repo):
    with fault_server(
        by_turn(lambda text, turn: "gone" if text.endswith("q1") and not turn else "good")
    ) as server:
        configured(repo, server, COUNTERFACTUAL)
        repo.commit("one")

        found = run(repo, "live")

    assert [(case.name, case.status, case.reason) for case in found.cases] == [
        ("a", "passed", "one of 3 answers violates a contract that the others meet"),
        ("b", "passed", ""),
    ]


@pytest.mark.parametrize(("said", "status"), [("good", "passed"), ("gone", "failed")])
def test_a_counterfactual_is_judged_alone_with_the_answer_of_the_other_case(repo, said, status):
    with fault_server(lambda one: says(said if asked(one).endswith("q2") else "good")) as server:
        recorded(repo, server, COUNTERFACTUAL)

    found = run(repo, cases=("a",))

    assert statuses(found) == {("ask", "a"): status}


def test_what_the_other_case_requires_itself_is_not_asked_about(repo):
    with fault_server(lambda _: says("bad")) as server:
        configured(repo, server, COUNTERFACTUAL)

        found = run(repo, "live", cases=("a",))

    assert statuses(found) == {("ask", "a"): "passed"}
    assert [asked(one) for one in server.requests] == ["Be brief. q1", "Be brief. q2"]


def test_a_counterfactual_is_judged_with_the_answer_of_the_same_repeat(repo):
    with fault_server(by_turn(lambda _, turn: f"go {turn}")) as server:
        recorded(repo, server, COUNTERFACTUAL, repeats=2)

    found = run(repo, cases=("a",), repeats=2)

    assert [(case.answer.text, case.status) for case in found.cases] == [
        ("go 0", "passed"),
        ("go 1", "passed"),
    ]


def test_a_counterfactual_is_judged_in_a_shard_without_the_other_case(repo):
    with fault_server(lambda _: says("good")) as server:
        recorded(repo, server, COUNTERFACTUAL)

    found = [run(repo, shard=Shard(index=index, count=3)) for index in (1, 2, 3)]
    repo.write({f"{each.shard.shard.index}.jsonl": shard_text(each.shard) for each in found})
    shards = read_shards(repo.root, ["1.jsonl", "2.jsonl", "3.jsonl"])
    with workspace(repo.root) as opened:
        merged = merge(opened, tuple(shards.values()), RunOptions())

    assert [statuses(each) for each in found] == [
        {("ask", "a"): "passed"},
        {("ask", "b"): "passed"},
        {},
    ]
    assert statuses(merged) == {("ask", "a"): "passed", ("ask", "b"): "passed"}


PAIRWISE = (
    PROMPT
    + """\
evaluation:
  repeats: 2
  judge: {profile: served}
  assertions:
    - {type: pairwise, value: IT IS GOOD}
"""
    + cases(1)
)
PAIR = re.compile(r"<first_answer>\n(.*)\n</first_answer>\n\n<second_answer>\n(.*)\n</second")


def test_each_repeat_is_compared_with_the_same_repeat_of_the_baseline(repo):
    def answer(text, turn):
        return f"{'new' if 'short' in text else 'old'} {turn}"

    with fault_server(with_judge(by_turn(answer), lambda _: judges("tie"))) as server:
        configured(repo, server, PAIRWISE)
        repo.commit("one")
        repo.git("tag", "-a", "-m", "one", "v1.0.0")
        reworded(repo, PAIRWISE)

        found = run(repo, "live")

    compared = [PAIR.search(asked(one)) for one in server.requests if b"IT IS GOOD" in one.body]
    assert statuses(found) == {("ask", "c0"): "passed"}
    # Six repeats in the end; those of the baseline are compared with themselves, which asks nobody.
    assert [pair.groups() for pair in compared] == [
        pair for n in range(6) for pair in ((f"new {n}", f"old {n}"), (f"old {n}", f"new {n}"))
    ]


UNKNOWN = (PROMPT + contracts(1)).replace("profile: served", "profile: serve")


def test_a_model_that_there_is_not_is_an_error_with_its_place_and_what_is_near(repo):
    with fault_server() as server:
        configured(repo, server, UNKNOWN)

        found = run(repo)

    message = "there is no profile `serve`: did you mean `served`?"
    assert told(found) == [("error", message, "prompts/ask.prompt.yaml:4:18")]


def test_a_request_without_a_model_is_an_error_though_no_answer_is_needed(repo):
    with fault_server() as server:
        configured(repo, server, UNKNOWN.replace("output: [", "rendered: [").replace("good", "q0"))

        found = run(repo)

    message = "there is no profile `serve`: did you mean `served`?"
    assert told(found) == [("error", message, "prompts/ask.prompt.yaml:4:18")]


@pytest.mark.parametrize("expected", ["", ", expected: pass", ", expected: {verdict: 1}"])
def test_an_anchor_that_says_no_verdict_is_an_error(repo, expected):
    row = ", tags: [anchor], output: [{type: contains, value: good}]" + expected
    with fault_server() as server:
        configured(repo, server, PROMPT + cases(1, row))

        found = run(repo)

    message = "an anchor needs the verdict of people: `expected: {verdict: pass}`"
    assert told(found) == [("error", message, "prompts/ask.prompt.yaml:13:5")]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("c00", "did you mean `c0`?"), ("nothing*", "there are 2 cases")],
)
def test_a_name_that_no_case_has_is_wrong_usage(repo, name, hint):
    with fault_server() as server:
        configured(repo, server, PROMPT + contracts(2))

        with pytest.raises(UsageError) as caught:
            run(repo, cases=("c1", name))

    assert (caught.value.message, caught.value.hint) == (f"no case has the name {name!r}", hint)
