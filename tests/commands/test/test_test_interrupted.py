"""`promptops test` ends before all is asked: what was answered is kept, and the next goes on."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from threading import Event

import pytest

from tests.commands.asked import FILE, JUDGE, PATIENCE_S, ask, ended, files, running
from tests.servers.answers import OK, Answer, Ending
from tests.servers.fault_server import FaultServer, fault_server
from tests.servers.plans import Received

WORDS = tuple(f"word{number}" for number in range(12))
RECORD = ("test", "--record", "-j", "2")
FIRST = 4


class After:
    """Answers the first four at once, and those after them otherwise, until that is lifted."""

    def __init__(self, later: Answer) -> None:
        self.reached = Event()
        self._later = later
        self._left = FIRST

    def lift(self) -> None:
        self._later = OK

    def __call__(self, received: Received) -> Answer:
        self._left -= 1
        if self._left >= 0:
            return OK
        self.reached.set()
        return self._later


def asked(server: FaultServer) -> list[str]:
    return sorted(
        received.json["messages"][-1]["content"].removeprefix("Say ").removesuffix(".")
        for received in server.requests
    )


def recorded(root: Path) -> list[str]:
    return [json.loads(line)["case"] for line in (root / FILE).read_text().splitlines()]


def test_ctrl_c_finishes_what_is_under_way_writes_it_and_the_next_run_goes_on(repo):
    noticed = Event()
    plan = After(Answer(until=noticed))
    with fault_server(plan) as server:
        repo.write(files(server.base_url, WORDS))
        repo.commit("one")

        with running(repo.root, *RECORD) as process:
            assert plan.reached.wait(PATIENCE_S)
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            first = [process.stderr.readline() for _ in range(3)]
            noticed.set()
            said = ended(process)
        plan.lift()
        before, kept = asked(server), recorded(repo.root)
        again = ask(repo.root, *RECORD)

        assert said.code == 130
        assert FIRST < len(before) < len(WORDS)
        assert kept == before
        assert "hint: promptops test --record\n" in said.out
        assert "not requested: interrupted\n" in said.out
        calling, *lines = ("".join(first) + said.err).splitlines()
        assert calling == f"calling `fast` at {server.base_url} with no API key"
        assert lines == [
            "sending 12 requests: up to $0",
            "interrupted: waiting for requests under way; Ctrl-C again to stop at once",
            f"not requested: {len(WORDS) - len(before)} of the answers, interrupted",
        ]
        assert (again.code, again.err) == (
            0,
            f"{calling}\nsending {len(WORDS) - len(before)} requests: up to $0\n",
        )
        assert asked(server) == sorted(WORDS)
        assert recorded(repo.root) == sorted(WORDS)


def test_the_second_ctrl_c_stops_at_once_and_what_was_answered_is_kept(repo):
    plan = After(Answer(ending=Ending.NEVER))
    with fault_server(plan) as server:
        repo.write(files(server.base_url, WORDS))
        repo.commit("one")

        with running(repo.root, *RECORD) as process:
            assert process.stderr is not None
            assert plan.reached.wait(PATIENCE_S)
            process.send_signal(signal.SIGINT)
            said = [process.stderr.readline() for _ in range(3)]
            process.send_signal(signal.SIGINT)
            done = ended(process)
        kept = recorded(repo.root)

    assert done.code == 130
    assert said[2].startswith("interrupted: waiting for requests under way")
    assert len(kept) == FIRST
    assert done.err == f"not requested: {len(WORDS) - FIRST} of the answers, interrupted\n"


@pytest.mark.parametrize(
    ("bound", "reason"),
    [
        (("--max-requests", "4", "-j", "1"), "the budget of 4 requests is spent"),
        (("--max-time", "0"), "the time limit of 0 s is reached"),
    ],
)
def test_what_is_beyond_the_bounds_is_an_error_and_the_next_run_goes_on(repo, say, bound, reason):
    with fault_server() as server:
        repo.write(files(server.base_url, WORDS))
        repo.commit("one")

        said = say("test", "ask", "--record", *bound, "-C", str(repo.root))
        kept = len(server.requests)
        again = say("test", "ask", "--record", "-C", str(repo.root))

        assert (said.code, again.code) == (5, 0)
        assert f"not requested: {reason}\n" in said.out
        assert "hint: promptops test ask --record\n" in said.out
        assert said.err.splitlines()[-1] == (
            f"not requested: {len(WORDS) - kept} of the answers, {reason}"
        )
        assert asked(server) == sorted(WORDS)


def test_the_bounds_hold_for_the_judges_too(repo, say):
    opinion = Answer(says='{"reason": "It is repeated.", "score": 1.0}')
    with fault_server(lambda each: opinion if each.json["model"] == JUDGE else OK) as server:
        repo.write(files(server.base_url, WORDS[:3], judged=True))
        repo.commit("one")

        said = say("test", "--live", "--max-requests", "4", "-C", str(repo.root))

    assert len(server.requests) == 4
    assert said.code == 5
    assert said.err.splitlines()[-1] == (
        "not requested: 2 of the answers, the budget of 4 requests is spent"
    )


def test_what_was_asked_live_need_not_be_asked_again_to_record_it(repo, say):
    with fault_server() as server:
        repo.write(files(server.base_url, WORDS))
        repo.commit("one")

        live = say("test", "--live", "-C", str(repo.root))
        kept = (repo.root / FILE).exists()
        record = say("test", "--record", "-C", str(repo.root))

        named = f"{len(WORDS)} answers from the cache, given by {server.base_url}\n"
        assert (live.code, kept, record.code, record.err) == (0, False, 0, named)
        assert len(server.requests) == len(WORDS)
        assert recorded(repo.root) == sorted(WORDS)
