"""`recordings batch` that is killed, or loses a response: no batch is lost or paid for twice."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections import Counter
from dataclasses import replace
from itertools import product
from pathlib import Path
from threading import Event

import pytest

from promptops.storage.lock import locked
from tests.commands.asked import FILE, PATIENCE_S, ended, running
from tests.commands.test.batched import APIS, CHAT, EACH_API, WORDS, batched, files, pending
from tests.commands.test.test_test_killed import stopped
from tests.servers.answers import Answer, Ending
from tests.servers.fault_server import fault_server
from tests.servers.plans import Received
from tests.tiers import fast_only, fast_spread

MESSAGES = APIS[2]
SUBMIT = ("recordings", "batch", "submit")
COLLECT = ("recordings", "batch", "collect")
SILENT = Answer(ending=Ending.NEVER)
BROKEN = Answer(status=500, headers={"retry-after": "0"})


class Hanging:
    """A plan that leaves one request without a response, handled by the server or not."""

    def __init__(self, api, number: int, *, handled: bool) -> None:
        self.reached = Event()
        self._api = api
        self._left = number
        self._handled = handled

    def __call__(self, received: Received) -> Answer:
        self._left -= 1
        if self._left != 0:
            return self._api(received)
        if self._handled:
            self._api(received)
        self.reached.set()
        return SILENT


def submitted(api) -> Counter[str]:
    """How often each request was submitted."""
    return Counter(line["custom_id"] for batch in api.batches.values() for line in batch.lines)


def finished(say, api, root: Path) -> bytes:
    """The recordings after as many runs as a user needs at most."""
    for _ in range(2):
        say(*SUBMIT, "-C", str(root))
        api.finish()
        say(*COLLECT, "-C", str(root))
    assert pending(root) == []
    return (root / FILE).read_bytes()


REQUESTS = [
    *((CHAT, SUBMIT, number) for number in (1, 2)),
    *((CHAT, COLLECT, number) for number in (1, 2, 3)),
    (MESSAGES, SUBMIT, 1),
    *((MESSAGES, COLLECT, number) for number in (1, 2)),
]
FAST = [(CHAT, COLLECT, 3, True)]


@pytest.mark.parametrize(
    ("api", "command", "number", "handled"),
    fast_only([(*row, handled) for row, handled in product(REQUESTS, (False, True))], FAST),
)
def test_killed_while_it_waits_for_a_response(repo, say, api, command, number, handled):
    found = api.server()
    with fault_server(found) as server:
        repo.write(files(api, server.base_url))
        repo.commit("one")
        if command == COLLECT:
            say(*SUBMIT, "-C", str(repo.root))
            found.finish()
        server._plan = plan = Hanging(found, number, handled=handled)
        with running(repo.root, *command) as process:
            assert plan.reached.wait(PATIENCE_S)
            process.kill()
            killed = ended(process)
        waiting = pending(repo.root)
        recordings = finished(say, found, repo.root)

    assert (killed.code, len(waiting)) == (-signal.SIGKILL, 1)
    assert set(submitted(found).values()) == {1}
    assert [json.loads(line)["case"] for line in recordings.splitlines()] == sorted(WORDS)


def ended_by_ctrl_c(process):
    """What it did; a signal can be lost on a busy machine, then there is a second one."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
    return ended(process)


@pytest.mark.parametrize("command", [SUBMIT, pytest.param(COLLECT, marks=pytest.mark.slow)])
def test_interrupted_by_the_user(repo, say, command):
    api = CHAT.server()
    with fault_server(api) as server:
        repo.write(files(CHAT, server.base_url))
        repo.commit("one")
        if command == COLLECT:
            say(*SUBMIT, "-C", str(repo.root))
            api.finish()
        server._plan = plan = Hanging(api, 2, handled=True)
        with running(repo.root, *command) as process:
            assert plan.reached.wait(PATIENCE_S)
            interrupted = ended_by_ctrl_c(process)
        waiting = pending(repo.root)
        recordings = finished(say, api, repo.root)

    assert (interrupted.code, interrupted.out, len(waiting)) == (130, "", 1)
    assert interrupted.err.endswith("interrupted\n")
    assert set(submitted(api).values()) == {1}
    assert recordings.count(b"\n") == 4


@pytest.mark.parametrize(
    ("command", "tenth"), fast_spread(product((SUBMIT, COLLECT), range(10)), 2)
)
def test_killed_while_it_writes(repo, tmp_path, say, command, tenth):
    api = CHAT.server()
    with fault_server(api) as server:
        repo.write(files(CHAT, server.base_url))
        repo.commit("one")
        if command == COLLECT:
            say(*SUBMIT, "-C", str(repo.root))
            api.finish()
        shutil.copytree(repo.root, tmp_path / "whole")
        whole = stopped(tmp_path / "whole", 0, *command)
        api.finish()
        wanted = finished(say, api, tmp_path / "whole")
        if command == SUBMIT:
            api.batches.clear()
        fatal = 1 + (int(whole.err.splitlines()[-1]) - 1) * tenth // 9
        killed = stopped(repo.root, fatal, *command)
        recordings = finished(say, api, repo.root)

    assert (whole.code, killed.code) == (0, -signal.SIGKILL)
    assert set(submitted(api).values()) == {1}
    assert recordings == wanted != b""


@EACH_API
@pytest.mark.parametrize(
    "response",
    [
        Answer(ending=Ending.RESET),
        Answer(status=500),
        Answer(status=502, body=b"<html>"),
        Answer(body=b"{"),
    ],
    ids=["reset", "500", "502", "cut"],
)
def test_a_batch_whose_creation_is_not_confirmed_is_found(repo, say, api, response):
    with batched(repo, say, api) as one:
        one.api.lost[api.create] = [response]
        submitted_first = one.run("submit")
        one.api.finish()
        collected = one.run("collect")

    assert (submitted_first.code, collected.code, len(one.api.batches)) == (0, 0, 1)
    assert one.recordings.count(b"\n") == 4


@pytest.mark.slow
@EACH_API
@pytest.mark.parametrize("then", ["submit", "collect"])
def test_a_batch_that_can_not_be_looked_up_at_once_is_found_later(repo, say, api, then):
    listing = api.create.replace("POST", "GET")
    with batched(repo, say, api) as one:
        one.api.lost[api.create] = [BROKEN]
        one.api.faults[listing] = [BROKEN] * 6
        code, report = one.json("submit")
        waiting = one.pending
        again = one.run(then)
        one.api.finish()
        collected = one.run("collect")

    row = report["batches"][0]
    assert (code, row["state"], row["id"], len(waiting)) == (5, "unknown", None, 1)
    assert again.code == (0 if then == "submit" else 75)
    assert (collected.code, len(one.api.batches)) == (0, 1)


@pytest.mark.slow
@EACH_API
def test_a_batch_that_was_not_created_is_submitted_again(repo, say, api):
    with batched(repo, say, api) as one:
        one.api.faults[api.create] = [Answer(status=500)]
        failed = one.json("submit")
        waiting = one.pending
        again = one.run("submit")

    assert (failed[0], failed[1]["left"], waiting) == (5, 4, [])
    assert failed[1]["ended"] == "the server answered with status 500: planned: 500"
    assert (again.code, set(submitted(one.api).values())) == (0, {1})


@pytest.mark.slow
def test_a_batch_that_a_killed_submit_did_not_create_is_reported_by_collect(repo, say):
    with batched(repo, say) as one:
        one.run("submit")
        one.api.batches.clear()
        file = next((repo.root / ".git/promptops/batches").glob("*.json"))
        file.write_text(json.dumps({**json.loads(file.read_text()), "id": ""}))
        code, report = one.json("collect")

    assert (code, report["batches"][0]["state"], one.pending) == (5, "absent", [])
    assert report["next"] == "promptops recordings batch submit"


@pytest.mark.slow
def test_a_batch_of_somebody_else_is_not_taken_for_a_lost_one_for_ever(repo, say):
    with batched(repo, say, MESSAGES) as one:
        one.run("submit")
        own = one.api.batches["msgbatch_1"]
        lines = [{**line, "custom_id": f"other-{n}"} for n, line in enumerate(own.lines)]
        one.api.batches["msgbatch_2"] = replace(own, id="msgbatch_2", lines=lines)
        file = next((repo.root / ".git/promptops/batches").glob("*.json"))
        file.write_text(json.dumps({**json.loads(file.read_text()), "id": ""}))
        running = one.json("collect")
        one.api.finish()
        mistaken = one.json("collect")
        collected = one.run("collect")

    assert [batch["id"] for batch in running[1]["batches"]] == ["msgbatch_2"]
    assert (mistaken[0], mistaken[1]["batches"][0]["reason"]) == (
        5,
        "`msgbatch_2` is a batch of other requests",
    )
    assert (collected.code, one.recordings.count(b"\n")) == (0, 4)


@pytest.mark.slow
def test_temporary_errors_are_retried_and_a_failure_ends_a_submit_in_order(repo, say):
    with batched(repo, say) as one:
        one.api.faults["POST /v1/files"] = [BROKEN, BROKEN]
        one.api.faults["POST /v1/batches"] = [Answer(status=429, headers={"retry-after": "0"})]
        submitted_first = one.run("submit")
        one.api.finish()
        one.api.faults["GET /v1/files/file-output-batch_1/content"] = [BROKEN, BROKEN]
        collected = one.run("collect")

    assert (submitted_first.code, collected.code) == (0, 0)
    assert len(one.api.files) == 2  # the uploaded one and that of the results


@pytest.mark.slow
def test_a_provider_that_can_not_be_reached_leaves_the_batch_pending(repo, say):
    with batched(repo, say) as one:
        one.run("submit")
        one.api.faults["GET /v1/batches/batch_1"] = [BROKEN] * 6
        collected = one.run("collect")
        waiting = one.pending

    file = repo.root / f".git/promptops/batches/{waiting[0]['mark']}.json"
    assert collected.code == 5
    assert collected.out == (
        "batch_1: not collected, 4 requests to `fast`: "
        "the server answered with status 500: planned: 500\n"
        f"  to give it up, delete {file}\n"
        "collected 0 answers\nnext: promptops recordings batch collect\n"
    )


def test_two_runs_at_once_do_not_submit_the_same(repo, say):
    with batched(repo, say) as one:
        one.run("submit", "--case", "one")
        with locked(repo.root / ".git/promptops/batches/lock"):
            second = one.run("submit")

    assert (second.code, len(one.api.batches)) == (3, 1)
    assert "is submitting or collecting batches" in second.err


@pytest.mark.slow
def test_the_batches_of_another_work_tree_are_left_to_it_while_it_exists(repo, tmp_path, say):
    other = tmp_path / "other"
    with batched(repo, say) as one:
        repo.git("worktree", "add", "-q", str(other))
        there = say(*SUBMIT, "-C", str(other))
        one.api.finish()
        here = one.json("collect")
        none = one.run("submit")
        repo.git("worktree", "remove", "--force", str(other))
        adopted = one.run("collect")

    assert (there.code, here[0], here[1]["batches"], here[1]["elsewhere"]) == (0, 0, [], 1)
    assert (none.code, none.out) == (
        0,
        "in earlier batches that are not collected yet: 4 requests\n",
    )
    assert (adopted.code, one.recordings.count(b"\n")) == (0, 4)


def changed(value, **purpose):
    return json.dumps({**value, "purpose": {**value["purpose"], **purpose}})


DAMAGED = {
    "cut": lambda value: "{",
    "a list": lambda value: "[]",
    "nested deeply": lambda value: "[" * 100_000,
    "without a key": lambda value: json.dumps({**value, "purpose": None}),
    "with a strange time": lambda value: json.dumps({**value, "created_s": "now"}),
    "with a strange id": lambda value: json.dumps({**value, "id": ["b"]}),
    "with strange requests": lambda value: json.dumps({**value, "requests": [["a"], 1]}),
    "with the name of another": lambda value: json.dumps({**value, "mark": "../../x"}),
    "of an unknown command": lambda value: changed(value, command="x"),
    "with a strange plan": lambda value: changed(value, plan={"prompts": 1}),
}


def test_a_damaged_file_of_a_batch_stops_with_its_place(repo, say):
    with batched(repo, say) as one:
        one.run("submit")
        one.api.finish()
        file = next((repo.root / ".git/promptops/batches").glob("*.json"))
        value = json.loads(file.read_bytes())
        stopped = {}
        for name, damage in DAMAGED.items():
            file.write_text(damage(value))
            stopped[name] = one.run("collect")
        file.write_text(json.dumps({**value, "format": 1}))
        unknown = one.run("collect")
        kept = file.exists()

    expected = f"{file}: error: this file of a batch is damaged\n"
    assert {said.code for said in stopped.values()} == {3}
    assert [name for name, said in stopped.items() if expected not in said.err] == []
    assert (unknown.code, kept) == (3, True)
    assert f"{file}: error: this batch has an unknown format\n" in unknown.err


@pytest.mark.slow
def test_a_batch_whose_endpoint_no_profile_has_any_more_is_kept(repo, say):
    with batched(repo, say) as one:
        one.run("submit")
        one.api.finish()
        repo.write({"promptops.toml": '[models.fast]\nprovider = "echo"\nid = "echo-1"\n'})
        code, report = one.json("collect")
        waiting = one.pending
        repo.git("checkout", "-q", ".")
        collected = one.run("collect")

    assert (code, len(waiting), collected.code) == (5, 1, 0)
    assert report["batches"][0]["reason"] == (
        "no profile has its endpoint any more: restore `fast`"
    )


def test_an_endpoint_that_is_not_approved_is_neither_called_to_submit_nor_to_collect(repo, say):
    with batched(repo, say) as one:
        repo.git("switch", "-qc", "change")
        other = files(CHAT, one.server.base_url.replace("127.0.0.1", "localhost"))
        repo.write({"promptops.toml": other["promptops.toml"]})
        refused = one.run("submit")
        trusted = one.run("submit", "--trust-config")
        (repo.root / ".git/promptops/approved.json").unlink()
        one.api.finish()
        seen = list(one.api.seen)
        not_collected = one.run("collect")

    assert (refused.code, trusted.code, not_collected.code) == (2, 0, 2)
    assert "--trust-config" in refused.err
    assert one.api.seen == seen


def test_an_untrusted_change_submits_and_collects_nothing(repo, say, monkeypatch):
    with batched(repo, say) as one:
        one.run("submit", "--case", "one")
        one.api.finish()
        seen = list(one.api.seen)
        monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")
        codes = [one.run(action).code for action in ("submit", "collect", "cancel")]

    assert (codes, one.api.seen) == ([2, 2, 2], seen)


@pytest.mark.slow
def test_a_prompt_that_can_not_be_read_is_an_error_of_a_submit(repo, say):
    with batched(repo, say) as one:
        repo.write({"prompts/bad.prompt.yaml": "format: promptops/1\nmessages: 1\n"})
        code, report = one.json("submit")

    assert (code, [found["prompt"] for found in report["refused"]]) == (1, ["bad"])
    assert [batch["requests"] for batch in report["batches"]] == [4]
