"""A violated contract is confirmed with fresh answers, apart from what is measured."""

import pytest

from tests.servers.fault_server import fault_server
from tests.testing.served import (
    PROMPT,
    by_turn,
    cases,
    decisions,
    released,
    reworded,
    run,
)

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
