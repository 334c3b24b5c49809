"""Which answers count, which are recorded, and which recordings a run leaves or removes."""

import json
from dataclasses import replace

import pytest

from promptops.commands.check.check import check
from promptops.commands.lint.lint import LintOptions
from promptops.testing.model_calls import Unwatched
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace
from tests.servers.answers import Answer
from tests.servers.fault_server import fault_server
from tests.testing.served import (
    FILE,
    ONE_AFTER_THE_OTHER,
    PROMPT,
    asked,
    cases,
    configured,
    contracts,
    profile,
    recorded,
    recordings,
    reworded,
    run,
    says,
    statuses,
)

CONTRACT = PROMPT + contracts(1)


def outcomes(found):
    return [(case.name, case.status, case.source, case.reason) for case in found.cases]


def test_answers_in_the_cache_of_this_machine_are_no_recordings(repo):
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


def test_a_prompt_without_a_model_is_an_error_because_recording_would_not_help(repo):
    repo.write({"prompts/ask.prompt.yaml": CONTRACT.replace("model: {profile: served}\n", "")})
    repo.commit("one")

    replayed, requested = run(repo), run(repo, "record")

    reason = "the prompt has no model: write `model: {profile: NAME}`"
    assert outcomes(replayed) == [("c0", "stale", "none", "its request has no recording")]
    assert outcomes(requested) == [("c0", "error", "none", reason)]
    assert (replayed.next, requested.next) == ("promptops test --record", "")


def test_recording_takes_answers_from_the_cache_without_an_api_call(repo):
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


class Lines(Unwatched):
    def __init__(self):
        self.lines = []

    def calls(self, line):
        self.lines.append(line)


def test_answers_of_another_server_are_not_recorded_as_those_of_this_one(repo):
    with (
        fault_server(lambda _: says("good mock")) as mock,
        fault_server(lambda _: says("good provider")) as provider,
    ):
        configured(repo, mock, PROMPT + contracts(2))
        repo.commit("one")
        run(repo, "live")
        configured(repo, provider, PROMPT + contracts(2))

        of_provider = run(repo, "record", trusted=True)
        recorded_answers = recordings(repo)
        (repo.root / FILE).unlink()
        configured(repo, mock, PROMPT + contracts(2))
        watcher = Lines()
        of_mock = run(repo, "record", watcher=watcher)

    assert [case.source for case in of_provider.cases] == ["live", "live"]
    assert recorded_answers == [("c0", "good provider"), ("c1", "good provider")]
    assert [case.source for case in of_mock.cases] == ["cached", "cached"]
    assert watcher.lines == [f"2 answers from the cache, given by {mock.base_url}"]
    assert recordings(repo) == [("c0", "good mock"), ("c1", "good mock")]


def ends(text, reason):
    answer = json.loads(says(text).body)
    answer["choices"][0]["finish_reason"] = reason
    return Answer(body=json.dumps(answer).encode())


def test_an_empty_and_a_cut_off_answer_fail_live_and_when_they_are_replayed(repo):
    words = ", output: [{type: not-contains, value: refund}]"
    said = {"q0": says(""), "q1": ends("We", "length"), "q2": says("We sell hubs.")}
    with fault_server(lambda one: said[asked(one).removeprefix("Be brief. ")]) as server:
        configured(repo, server, PROMPT + cases(3, words))
        repo.commit("one")
        recorded_run = run(repo, "record")
        replayed = run(repo)

    empty = "the answer is empty: if it may be, write `allow: [empty]` in an assertion"
    cut = (
        "the answer is incomplete: it ended with 'length': increase `max_output_tokens`, or write"
        " `allow: [incomplete]` in an assertion if it may be"
    )
    expected = {("ask", "c0"): "failed", ("ask", "c1"): "failed", ("ask", "c2"): "passed"}
    assert (statuses(recorded_run), statuses(replayed)) == (expected, expected)
    assert [
        (each.type, each.reason) for case in replayed.cases for each in case.assertions[1:]
    ] == [("output", empty), ("output", cut)]


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
