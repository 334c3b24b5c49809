"""Every command that reads cases, with a case of three turns whose model calls tools."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from promptops.cli.main import run as promptops
from promptops.testing.recordings.store import SampleSize
from promptops.workspace.workspace import workspace
from tests.conftest import GitRepository
from tests.servers.answers import Answer
from tests.servers.fault_server import FaultServer, fault_server
from tests.servers.plans import Received
from tests.testing.served import FILE, decisions, profile, recorded, released, run
from tests.testing.test_conversations import (
    CASE,
    PROMPT,
    SIMULATED,
    USER,
    agent,
    is_user,
    rows,
)

NAMED = ("--case", "a refund")
LIVE = ("--trust-config", "--quiet")


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """The model of the prompt, and that of the profile `other`, which refunds nothing."""

    def plan(received: Received) -> Answer:
        if received.json["model"] == "other-1" and b"do it" in received.body:
            return Answer(says="No.")
        return agent(received)

    with fault_server(plan) as serving:
        yield serving


@pytest.fixture
def shop(
    repo: GitRepository, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> GitRepository:
    """A released prompt whose conversation is recorded."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.chdir(repo.root)
    other = profile("other", server).replace('id = "m"', 'id = "other-1"')
    repo.write(
        {
            "promptops.toml": profile("served", server) + other,
            "prompts/ask.prompt.yaml": PROMPT + CASE,
        }
    )
    run(repo, "record")
    repo.commit("recorded")
    repo.git("tag", "-a", "-m", "one", "v1.0.0")
    server.requests.clear()
    return repo


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    """The exit code and the JSON of a command."""
    code = promptops([*arguments, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def change(repo: GitRepository, before: str, after: str, message: str = "") -> None:
    text = (repo.root / "prompts/ask.prompt.yaml").read_text("utf-8")
    assert before in text
    repo.write({"prompts/ask.prompt.yaml": text.replace(before, after)})
    if message:
        repo.commit(message)


def test_compare_asks_each_turn_of_both_models_and_decides_by_cases(shop, server, capsys):
    code, found = printed(capsys, "compare", "ask", "--model", "other", "--record", *LIVE)
    asked = len(server.requests)
    again, replayed = printed(capsys, "compare", "ask", "--model", "other")

    assert (code, again, asked, len(server.requests)) == (0, 0, 3, 3)
    assert _violated(found) == {"served": [], "other": ["tool-calls", "tool-sequence"]}
    assert _violated(replayed) == _violated(found)


def _violated(found: Any) -> dict[str, list[str]]:
    (case,) = found["prompts"][0]["cases"]
    return {each["arm"]: [v["type"] for v in each["violated"]] for each in case["answers"]}


def test_drift_asks_whole_conversations_each_night(shop, server, capsys):
    code, found = printed(capsys, "drift", *LIVE)

    night = found["prompts"][0]["night"]
    assert (code, len(server.requests)) == (0, 9)  # three repeats of three turns
    assert (night["kept"], night["of"], night["n"]) == (3, 3, 1)


def test_bisect_finds_the_commit_that_broke_a_turn(shop, capsys):
    change(shop, "description: Refunds.", "description: Refunds orders.", "harmless")
    change(shop, "value: 14 days", "value: 15 days", "broken")
    broken = shop.git("rev-parse", "HEAD").strip()
    code, found = printed(capsys, "bisect", "ask", *NAMED, "--good", "v1.0.0")

    assert (code, found["first_bad"]["commit"]) == (0, broken)


def test_mutants_are_judged_by_conversations(shop, server, capsys):
    code, found = printed(capsys, "mutate", "ask")
    (row,) = found["rows"]
    dropped = {each["change"]: each["status"] for each in row["mutants"]}

    assert (code, server.requests) == (0, [])
    assert dropped["drop the tool `lookup`"] == "killed"
    assert dropped["drop the tool `refund`"] == "killed"


def test_shards_of_conversations_are_merged(shop, server, capsys, tmp_path):
    files = [str(tmp_path / f"{part}.jsonl") for part in (1, 2)]
    for part, file in enumerate(files, 1):
        live = ("--live", "--shard", f"{part}/2", "--format", f"jsonl={file}", *LIVE)
        assert promptops(["test", *live]) == 0
    capsys.readouterr()
    code, found = printed(capsys, "test", "--merge-shards", *files)

    (case,) = found["cases"]
    assert (code, len(server.requests), case["status"]) == (0, 3, "passed")
    assert [each["turn"] for each in case["assertions"]] == [1, 2, 3, None, None]


def test_an_audit_asks_each_recorded_turn_again(shop, server, capsys):
    code, found = printed(capsys, "recordings", "audit", "-n", "100%", *LIVE)

    assert (code, len(server.requests), found["audited"]) == (0, 3, 3)


def test_test_audits_nothing_that_a_server_still_answers(shop, server):
    found = run(shop, audit=SampleSize(percent=100))

    assert ([case.status for case in found.cases], len(server.requests)) == (["passed"], 3)


def test_an_audit_finds_an_answer_that_no_model_gave_at_its_turn(shop, server):
    file = shop.root / FILE
    file.write_text(file.read_text("utf-8").replace("You have 14 days. Shall I?", "14 days. OK?"))
    run(shop, "record")  # the last turn follows the answer that was changed
    server.requests.clear()
    found = run(shop, audit=SampleSize(percent=100))

    assert [(case.name, case.status, case.reason) for case in found.cases] == [
        ("a refund", "passed", ""),
        ("a refund", "failed", "requested again, the model gives another answer: `output`"),
    ]


def test_prune_keeps_the_turns_that_are_still_asked(shop, capsys):
    before = rows(shop)
    kept, _ = printed(capsys, "recordings", "prune")
    assert (kept, rows(shop)) == (0, before)

    change(shop, "- user: Thanks, do it.", "- user: Please do it.")
    promptops(["recordings", "prune"])
    asked_still = [each for each in before if "refund" not in json.dumps(each.get("tool_calls"))]
    assert rows(shop) == asked_still


def test_check_reports_a_changed_conversation_once(shop, capsys):
    change(shop, "You support", "You help", "reworded")
    code, found = printed(capsys, "check", "--since", "v1.0.0")

    (case,) = found["test"]["cases"]
    assert (code, case["status"], case["turn"]) == (1, "stale", 1)


def test_cases_that_are_drafted_leave_turns_as_they_are(shop, capsys):
    before = (shop.root / "prompts/ask.prompt.yaml").read_text("utf-8")
    code, _ = printed(capsys, "cases", "ask")

    assert code == 0
    assert (shop.root / "prompts/ask.prompt.yaml").read_text("utf-8") == before


def test_drafts_are_refreshed_beside_turns(shop, capsys):
    text = (shop.root / "prompts/ask.prompt.yaml").read_text("utf-8")
    branch = "the {{ product }}.{% if product == 'x' %} It is old.{% endif %}"
    shop.write({"prompts/ask.prompt.yaml": text.replace("the {{ product }}.", branch)})
    drafted, _ = printed(capsys, "cases", "ask")
    once = (shop.root / "prompts/ask.prompt.yaml").read_text("utf-8")
    again, _ = printed(capsys, "cases", "ask", "--refresh")

    assert (drafted, again) == (0, 0)
    assert CASE.removeprefix("tests:\n") in once
    assert (shop.root / "prompts/ask.prompt.yaml").read_text("utf-8") == once
    with workspace(shop.root) as opened:
        cases = opened.catalog.loaded("prompts/ask.prompt.yaml").prompt.cases
    assert [(len(case.turns), case.is_draft) for case in cases] == [(3, False), (0, True)]


def test_probes_attack_the_prompt_of_a_conversation_without_its_turns(shop, server, capsys):
    change(shop, "maxLength: 100}", "maxLength: 4000, x-untrusted: true}")
    code, found = printed(capsys, "probe", "ask", "--family", "direct-order", "--live", *LIVE)

    assert {len(each.json["messages"]) for each in server.requests} == {1}
    assert {each["input"] for each in found["cases"]} == {"product"}
    assert len(server.requests) == len(found["cases"]) > 0
    assert code == 0


def test_a_prompt_moves_with_the_recordings_of_its_turns(shop, capsys):
    code, _ = printed(capsys, "mv", "ask", "desk/ask")
    capsys.readouterr()
    replayed, found = printed(capsys, "test")

    assert (code, replayed) == (0, 0)
    assert found["cases"][0]["status"] == "passed"


# The measures of conversations.

MEASURED = (
    PROMPT.replace("messages:", "evaluation:\n  score: goodness\n  margin: 30\nmessages:")
    + "tests:\n"
    + "".join(
        f"  - {{name: c{number}, inputs: {{product: p{number}}}, turns: "
        "[{user: Hi., output: [{type: contains, value: good, score: goodness}]}, "
        "{user: Bye., output: [{type: contains, value: good, score: goodness}]}]}\n"
        for number in range(10)
    )
)


def test_scores_of_conversations_are_decided_by_cases(repo):
    def plan(received):
        return Answer(says="good" if b"support" in received.body else "bad")

    with fault_server(plan) as server:
        released(repo, server, MEASURED)
        recorded(repo, server, MEASURED.replace("You support", "You help"))
    found = run(repo)
    (decided,) = found.decided

    assert (found.verdict, decisions(found)) == ("fail", [("fail", "-100.0 points")])
    assert "n=10 k=1 · 10 worse, 0 better, 0 same" in decided.line


# A model plays the user.


def simulating(received: Received) -> Answer:
    """A user who ends the conversation after two answers."""
    if not is_user(received):
        return Answer(says="As you like.")
    answered = received.body.count(b"Assistant: ")
    return Answer(says="GOAL REACHED" if answered == 2 else f"Message {answered}.")


@pytest.fixture
def simulated(repo: GitRepository, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitRepository]:
    """A released prompt whose simulated conversation is recorded: five answers."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.chdir(repo.root)
    with fault_server(simulating) as serving:
        other = profile("other", serving).replace('id = "m"', 'id = "other-1"')
        config = profile("served", serving) + other + USER
        repo.write({"promptops.toml": config, "prompts/ask.prompt.yaml": PROMPT + SIMULATED})
        run(repo, "record")
        repo.commit("recorded")
        repo.git("tag", "-a", "-m", "one", "v1.0.0")
        yield repo


def test_a_simulated_conversation_is_audited_and_pruned_as_a_whole(simulated, capsys):
    before = rows(simulated)
    audited, found = printed(capsys, "recordings", "audit", "-n", "100%", *LIVE)
    pruned, _ = printed(capsys, "recordings", "prune")

    assert (audited, found["audited"], pruned) == (0, 5, 0)
    assert rows(simulated) == before


def test_a_simulated_conversation_is_compared_as_one_case(simulated, capsys):
    code, found = printed(capsys, "compare", "ask", "--model", "other", "--record", *LIVE)
    again, replayed = printed(capsys, "compare", "ask", "--model", "other")

    assert (code, again, len(found["prompts"][0]["cases"])) == (0, 0, 1)
    assert _violated(replayed) == _violated(found) == {"served": [], "other": []}
    assert [arm["verdict"] for arm in replayed["prompts"][0]["arms"]] == ["reference", "open"]
