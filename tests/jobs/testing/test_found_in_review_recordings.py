"""Bugs that a review found: which answers count, which are kept, and which are lost."""

from dataclasses import replace

import pytest

from promptops.jobs.gate.check import check
from promptops.jobs.lint.lint import LintOptions
from promptops.jobs.recordings.audit import SampleSize
from promptops.jobs.workspace.selection import SelectionOptions
from promptops.jobs.workspace.workspace import workspace
from tests.jobs.testing.served import (
    FILE,
    JUDGED,
    ONE_AFTER_THE_OTHER,
    PROMPT,
    asked,
    cases,
    configured,
    contracts,
    judges,
    profile,
    recorded,
    recordings,
    reworded,
    run,
    says,
    statuses,
    with_judge,
)
from tests.servers.answers import Answer
from tests.servers.fault_server import fault_server

CONTRACT = PROMPT + contracts(1)
ALL = SampleSize(percent=100)


def outcomes(found):
    return [(case.name, case.status, case.source, case.reason) for case in found.cases]


def test_what_only_this_machine_was_answered_passes_nowhere(repo):
    with fault_server(lambda _: says("good")) as server:
        configured(repo, server, CONTRACT)
        repo.commit("one")
        run(repo, "live")

        replayed = run(repo)
        with workspace(repo.root) as opened:
            checked = check(opened, SelectionOptions(), LintOptions())

    stale = [("c0", "stale", "none", "its request has no recording")]
    assert (replayed.verdict, outcomes(replayed)) == ("fail", stale)
    assert (checked.passed, outcomes(checked.test)) == (False, stale)
    assert len(server.requests) == 1


def test_recording_takes_what_this_machine_was_answered_and_asks_nobody(repo):
    with fault_server(lambda _: says("good")) as server:
        configured(repo, server, CONTRACT)
        repo.commit("one")
        run(repo, "live")
        server.requests.clear()

        found = run(repo, "record")
        replayed = run(repo)

    assert (outcomes(found), server.requests) == ([("c0", "passed", "cached", "")], [])
    assert outcomes(replayed) == [("c0", "passed", "recorded", "")]
    assert recordings(repo) == [("c0", "good")]


def test_an_audit_finds_an_opinion_that_no_judge_gave(repo):
    with fault_server(with_judge(lambda _: says("good"), lambda _: judges("fail"))) as server:
        recorded(repo, server, JUDGED + cases(1))
        clean = run(repo, audit=ALL)
        server.requests.clear()
        file = repo.root / FILE
        file.write_text(file.read_text().replace(r"\"fail\"", r"\"pass\""))

        found = run(repo, audit=ALL)

    assert [case.status for case in clean.cases] == ["passed"]
    assert outcomes(found) == [
        ("c0", "passed", "recorded", ""),
        (
            "c0",
            "failed",
            "none",
            "requested again, the judge `built-in rubric` gives another answer: `output`",
        ),
    ]
    assert len(server.requests) == 2  # the model and the judge


def test_an_audit_passes_over_a_prompt_that_shares_a_request_and_has_no_recording(repo):
    with fault_server(lambda _: says("good")) as server:
        repo.write({"prompts/twin.prompt.yaml": CONTRACT})
        recorded(repo, server, CONTRACT)
        (repo.root / "prompts/twin.recordings.jsonl").unlink()

        found = run(repo, audit=ALL)

    assert statuses(found) == {("ask", "c0"): "passed", ("twin", "c0"): "stale"}
    assert [asked(one) for one in server.requests] == ["Be brief. q0"]


def test_an_outage_leaves_the_recordings_of_what_was_not_answered(repo):
    prompt = PROMPT + contracts(2)
    down = []
    with fault_server(lambda _: Answer(status=500) if down else says("good")) as server:
        recorded(repo, server, prompt)
        before = (repo.root / FILE).read_bytes()
        reworded(repo, prompt)
        down.append("now")

        found = run(repo, "record")

    assert [(case.status, case.infrastructure) for case in found.cases] == [("error", True)] * 2
    assert (repo.root / FILE).read_bytes() == before


def test_a_spent_budget_leaves_the_recordings_of_what_was_not_asked(repo):
    prompt = PROMPT + contracts(2)
    with fault_server(lambda one: says(f"good to {asked(one)}")) as server:
        recorded(repo, server, prompt)
        reworded(repo, prompt)

        found = run(repo, "record", settings=replace(ONE_AFTER_THE_OTHER, max_requests=1))

    assert (statuses(found), found.unasked) == (
        {("ask", "c0"): "passed", ("ask", "c1"): "error"},
        1,
    )
    assert recordings(repo) == [("c0", "good to Be short. q0"), ("c1", "good to Be brief. q1")]


def test_two_servers_of_one_model_are_asked_each_for_its_own_prompt(repo):
    with (
        fault_server(lambda _: says("good from A")) as a,
        fault_server(lambda _: says("good from B")) as b,
    ):
        repo.write(
            {
                "promptops.toml": profile("a", a) + profile("b", b),
                "prompts/a.prompt.yaml": CONTRACT.replace("profile: served", "profile: a"),
                "prompts/b.prompt.yaml": CONTRACT.replace("profile: served", "profile: b"),
            }
        )

        run(repo, "record")

    assert {name: recordings(repo, f"prompts/{name}.recordings.jsonl") for name in "ab"} == {
        "a": [("c0", "good from A")],
        "b": [("c0", "good from B")],
    }


def test_pruning_needs_no_recording(repo):
    with fault_server(lambda _: says("good")) as server:
        recorded(repo, server, PROMPT + contracts(2))
        configured(repo, server, CONTRACT)

        run(repo)
        before = recordings(repo)
        run(repo, prune=True)

    assert (before, recordings(repo)) == ([("c0", "good"), ("c1", "good")], [("c0", "good")])


@pytest.mark.parametrize(
    "part",
    [{"wanted": SelectionOptions(patterns=("ask",))}, {"cases": ("c0",)}],
    ids=["of-the-prompts", "of-the-cases"],
)
def test_a_run_of_a_part_prunes_nothing(repo, part):
    with fault_server(lambda _: says("good")) as server:
        recorded(repo, server, PROMPT + contracts(2))
        configured(repo, server, CONTRACT)

        run(repo, prune=True, **part)

    assert recordings(repo) == [("c0", "good"), ("c1", "good")]
