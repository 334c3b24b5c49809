"""Which score of a prompt decides, and what becomes of the others."""

import pytest

from tests.servers.fault_server import fault_server
from tests.testing.served import (
    JUDGED,
    MEASURED,
    PROMPT,
    asked,
    cases,
    configured,
    decisions,
    forget,
    judges,
    released,
    reworded,
    run,
    says,
    statuses,
    with_judge,
)


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


def no_commit(repo):
    """Nothing to compare with."""


def no_release(repo):
    repo.commit("one")


def the_very_same_was_released(repo):
    repo.commit("one")
    repo.git("tag", "-a", "-m", "one", "v1.0.0")


@pytest.mark.parametrize("history", [no_commit, no_release, the_very_same_was_released])
def test_where_no_answer_could_be_scored_the_decision_is_open(repo, history):
    with fault_server(with_judge(lambda _: says("good"), lambda _: judges("pass"))) as server:
        configured(repo, server, JUDGED + cases(2))
        run(repo, "record")
    forget(repo, lambda row: "judge" not in row)
    history(repo)

    found = run(repo)

    assert [case.status for case in found.cases] == ["stale", "stale"]
    assert decisions(found) == [("inconclusive", "no answer could be scored")]


def test_further_scores_of_a_prompt_are_reported_and_fail_nothing(repo):
    kind = "    - {type: contains, value: kind, score: kindness}\n"
    prompt = MEASURED + kind + cases(20)
    with fault_server(
        lambda one: says("good, kind" if "brief" in asked(one) else "good")
    ) as server:
        released(repo, server, prompt)
        reworded(repo, prompt)
        run(repo, "record")

    found = run(repo)

    assert [(each.score, each.verdict, each.gates) for each in found.decided] == [
        ("goodness", "pass", True),
        ("kindness", "fail", False),
    ]
    assert decisions(found) == [("pass", "0.0 points"), ("fail", "-100.0 points")]
    assert found.verdict == "pass"
