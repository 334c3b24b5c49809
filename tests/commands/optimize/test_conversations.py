"""A prompt whose cases are conversations is optimized like any other."""

from __future__ import annotations

import pytest

from promptops.commands.optimize.candidates import texts_of_case
from promptops.commands.optimize.optimize import halves
from promptops.testing.plan import plan_cases
from promptops.workspace.workspace import workspace
from tests.commands.optimize.optimized import (
    ASK,
    BETTER,
    PROMPT,
    configured,
    mostly_good,
    optimized,
    plan,
    proposal,
    question,
)
from tests.servers.fault_server import fault_server

START, _, EVALUATION = PROMPT.partition('  - role: user\n    content: "{{ question }}"\n')
TALK = START.replace("required: [question]\n  ", "").replace("question:", "product:") + EVALUATION
"""The user speaks only in the turns of cases."""


def conversations(count: int) -> str:
    """Conversations of two turns with equal inputs; the second question has the number."""
    rows = (
        f"  - {{name: c{n:03}, inputs: {{product: hub}}, turns: "
        f"[{{user: Help me with {n}.}}, {{user: {question(n)}}}]}}\n"
        for n in range(count)
    )
    return "tests:\n" + "".join(rows)


def _halves(repo, share):
    with workspace(repo.root) as opened:
        loaded = opened.catalog.loaded(ASK)
        return halves(loaded.prompt, plan_cases(opened.catalog, [loaded], 1), share)


def requests_of_proposer(server):
    return [each.json["messages"] for each in server.requests if each.json["model"] == "p"]


@pytest.mark.slow
def test_a_better_wording_is_proved_by_conversations(repo):
    with fault_server(plan(mostly_good, [proposal(BETTER)])) as server:
        configured(repo, server, 0, TALK + conversations(80))
        found = optimized(repo)
        asked = requests_of_proposer(server)

    assert (found.state, found.accepted) == ("proved", True)
    assert found.search.cases + found.held_out.cases == 80
    assert found.held_out.decision.cases == found.held_out.cases
    assert "User: Help me with" in asked[0][-1]["content"]


def test_conversations_with_equal_inputs_are_in_both_halves(repo):
    repo.write({"promptops.toml": "", ASK: TALK + conversations(40)})
    found = _halves(repo, 0.5)

    assert len(found.search) + len(found.held_out) == 40
    assert len(found.search) > 10
    assert len(found.held_out) > 10


def test_a_proposal_that_copies_what_a_user_says_in_a_turn_is_refused(repo):
    copying = [""]
    with fault_server(plan(mostly_good, copying)) as server:
        configured(repo, server, 0, TALK + conversations(80))
        number = int(_halves(repo, 0.5).search[-1].removeprefix("c"))
        copying[0] = proposal(f"You answer questions. Never guess.\nIf {question(number)}.\n")
        found = optimized(repo, rounds=1)

    assert found.search.refused == {"copied": 1}


def test_the_texts_of_a_case_are_also_those_of_its_turns(repo):
    tools = "tool: {name: find, result: {days: 12}}"
    user = "user: {simulate: impatient, goal: get a refund}"
    turns = f"turns: [{{user: Hi.}}, {{{tools}}}, {{{user}}}]"
    rows = f"tests: [{{name: a, inputs: {{product: hub}}, {turns}}}]\n"
    repo.write({"promptops.toml": "", ASK: TALK + rows})
    with workspace(repo.root) as opened:
        (case,) = opened.catalog.loaded(ASK).prompt.cases

    assert list(texts_of_case(case)) == ["hub", "Hi.", '{"days": 12}', "impatient", "get a refund"]
