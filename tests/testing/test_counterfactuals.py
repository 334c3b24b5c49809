"""Assertions that compare a case with the answer of another case."""

import pytest

from promptops.model.test_run import Shard
from promptops.source.shard import shard_text
from promptops.testing.options import RunOptions
from promptops.testing.runner import merge, read_shards
from promptops.workspace.workspace import workspace
from tests.servers.fault_server import fault_server
from tests.testing.served import (
    PROMPT,
    asked,
    by_turn,
    configured,
    recorded,
    run,
    says,
    statuses,
)

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


def test_the_assertions_of_the_other_case_are_not_run(repo):
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
