"""Conversations that are long, cost too much or fail; their retrievers and counterparts."""

from __future__ import annotations

import json

import pytest

from promptops.evals.engine.ask import Patience, Settings
from promptops.model.test_run import CaseRun, TestRun
from tests.conftest import GitRepository
from tests.servers.answers import Answer
from tests.servers.fault_server import fault_server
from tests.servers.plans import Received
from tests.testing.served import run
from tests.testing.test_conversations import CASE, PROMPT, agent, answers, configured, rows

LOOKUPS = 39
LIMIT_USD = 0.00023
"""Enough for two requests of the case, which has three."""


def only(found: TestRun) -> CaseRun:
    (case,) = found.cases
    return case


def long_case() -> str:
    """A question, and so many results of the tool that is called again and again."""
    tools = "      - tool: {name: lookup, result: a}\n" * LOOKUPS
    return (
        "tests:\n  - name: long\n    inputs: {product: hub}\n    turns:\n"
        f"      - user: Begin.\n{tools}"
        "    conversation:\n"
        "      - {type: max-turns, value: 39, score: length}\n"
        "      - {type: tool-set, value: [lookup]}\n"
    )


def looks_up(received: Received) -> Answer:
    """A call for each message, with a different argument, so that no request is repeated."""
    number = str(len(received.json["messages"]))
    return answers("", {"name": "lookup", "arguments": {"id": number}})


@pytest.mark.slow
def test_a_case_of_forty_turns_is_recorded_and_replayed(repo):
    with fault_server(looks_up) as server:
        configured(repo, server, long_case())
        found = only(run(repo, "record"))
    replayed = only(run(repo))

    assert [len(each.json["messages"]) for each in server.requests] == list(range(2, 81, 2))
    assert (found.status, len(found.answer.turns), len(rows(repo))) == ("passed", 40, 40)
    assert [(each.type, each.status) for each in found.assertions] == [
        ("max-turns", "failed"),
        ("tool-set", "passed"),
    ]
    assert (replayed.status, replayed.assertions) == (found.status, found.assertions)


def test_the_cost_limit_counts_every_turn_and_the_next_run_goes_on(repo):
    limited = PROMPT.replace(
        "{profile: served}", "{profile: served, params: {max_output_tokens: 10}}"
    )
    with fault_server(agent) as server:
        configured(repo, server)
        repo.write({"prompts/ask.prompt.yaml": limited + CASE})
        settings = Settings(concurrency=1, max_cost_usd=LIMIT_USD, patience=Patience(tries=1))
        ended = run(repo, "record", settings=settings)
        begun = len(server.requests)
        rest = run(repo, "record")

    assert (only(ended).status, begun, rest.verdict, len(server.requests)) == (
        "error",
        2,
        "pass",
        3,
    )
    assert only(ended).reason.startswith(
        "turn 3: not requested: the budget of $0.00023 is spent: $0.000024 so far, and the next "
    )


@pytest.mark.parametrize("turns", [1, 2])
def test_turns_before_a_failure_are_recorded_and_only_the_rest_is_asked(repo, turns):
    def failing(received: Received) -> Answer:
        return Answer(status=400) if len(server.requests) > turns else agent(received)

    with fault_server(failing) as server:
        configured(repo, server)
        failed = only(run(repo, "record"))
        kept = len(rows(repo))
    with fault_server(agent) as server:
        configured(repo, server)
        passed = only(run(repo, "record"))

    assert (failed.status, failed.infrastructure, kept) == ("error", True, turns)
    assert failed.reason.startswith(f"turn {turns + 1}: ")
    assert (passed.status, len(server.requests)) == ("passed", 3 - turns)


RETRIEVED = """\
format: promptops/1
description: Answers.
owners: ["@a"]
model: {profile: served}
inputs:
  required: [topic, passages]
  properties:
    topic: {type: string, maxLength: 100}
    passages: {type: array, maxItems: 5, items: {type: object}}
messages:
  - role: system
    content: "{{ topic }}{% for p in passages %} [{{ p.id }}] {{ p.text }}{% endfor %}"
evaluation:
  retrieve: {passages: "./search.py:find"}
tests:
  - name: from the search
    inputs: {topic: dogs}
    turns:
      - user: Hi.
        output: [{type: contains, value: Hi.}]
      - user: Bye.
        output: [{type: contains, value: Bye.}]
"""
SEARCH = """\
def find(inputs):
    return [{"id": "P1", "text": "about " + inputs["topic"]}]
"""


def test_a_conversation_has_the_inputs_that_a_retriever_returns(repo: GitRepository):
    with fault_server() as server:
        configured(repo, server)
        repo.write({"prompts/ask.prompt.yaml": RETRIEVED, "prompts/search.py": SEARCH})
        stale = only(run(repo))
        found = only(run(repo, "record"))
        sent = [each.json["messages"][0]["content"] for each in server.requests]
    replayed = only(run(repo))

    assert (stale.status, found.status, replayed.status) == ("stale", "passed", "passed")
    assert sent == ["dogs [P1] about dogs"] * 2
    assert [row.get("judge", "") for row in rows(repo)].count("retrieve passages") == 1
    assert json.loads(_retrieved(repo)) == [{"id": "P1", "text": "about dogs"}]


def _retrieved(repo: GitRepository) -> str:
    (text,) = [row["output"] for row in rows(repo) if row.get("judge")]
    return text


COUNTERPARTS = """\
tests:
  - name: politely
    inputs: {product: hub}
    turns: [{user: "Please?", output: [{type: counterfactual, value: rudely}]}]
  - name: rudely
    inputs: {product: hub}
    expected: {team: support}
    tags: [rude]
    turns: [{user: "SAID", output: [{type: contains, value: "o"}]}]
"""


@pytest.mark.parametrize(
    ("said", "status", "reason"),
    [
        ("Now!", "passed", ""),
        ("Please?", "error", "the case `rudely` has the same inputs: nothing differs"),
    ],
)
def test_a_counterpart_of_a_conversation_may_differ_in_what_is_said(repo, said, status, reason):
    with fault_server(lambda _: answers("of course")) as server:
        configured(repo, server, COUNTERPARTS.replace("SAID", said))
        found = run(repo, "record")

    case = next(case for case in found.cases if case.name == "politely")
    assert (case.status, case.reason) == (status, reason)
