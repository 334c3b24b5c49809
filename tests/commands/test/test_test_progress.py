"""What `promptops test` says on stderr while it asks: on a terminal more than in a pipe."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from promptops.evals.engine.budget import Estimate
from promptops.terminal.progress import estimate_line
from tests.command_line import MAIN
from tests.commands.asked import ask, files
from tests.servers.answers import FAULTS, OK
from tests.servers.fault_server import fault_server

WORDS = tuple(f"word{number}" for number in range(5))


def on_a_terminal(root: Path, *arguments: str) -> str:
    """What a run writes to stderr, where that is a terminal."""
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", MAIN, *arguments],
        cwd=root,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        pieces = list(iter(lambda: read(ours), b""))
        process.wait()
    os.close(ours)
    return b"".join(pieces).decode()


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux says so at the end
        return b""


@pytest.mark.parametrize(
    ("estimate", "line"),
    [
        (Estimate(requests=1, worst_usd=0.0), "sending 1 request: up to $0"),
        (
            Estimate(requests=1200, worst_usd=1.234567, left_usd=0.5),
            "sending 1,200 requests: up to $1.235; at most $0.5 is spent",
        ),
        (
            Estimate(requests=6, worst_usd=3.458, left_usd=0.5, unlimited=("judge-1",)),
            "sending 6 requests: up to $3.458; at most $0.5 is spent; no request to `judge-1`"
            " limits its answer: set `max_output_tokens` in its profile",
        ),
        (
            Estimate(requests=6, worst_usd=0.2, left_usd=0.5, unlimited=("judge-1",)),
            "sending 6 requests: up to $0.2; at most $0.5 is spent",
        ),
        (
            Estimate(requests=2, worst_usd=0.0, unpriced=("m-1", "m\x1b[2J")),
            "sending 2 requests: the price of `m-1`, `m\\x1b[2J` is unknown",
        ),
        (
            Estimate(requests=2, worst_usd=0.0, endless=("m-1",)),
            "sending 2 requests: the longest answer of `m-1` is unknown:"
            " set `max_output_tokens` in the profile",
        ),
        (
            Estimate(requests=3, worst_usd=0.25, unpriced=("m-1",), endless=("m-2",)),
            "sending 3 requests: up to $0.25, and the price of `m-1` is unknown, and the longest"
            " answer of `m-2` is unknown: set `max_output_tokens` in the profile",
        ),
        (
            Estimate(requests=3, worst_usd=0.25, unpriced=("m-1",)),
            "sending 3 requests: up to $0.25, and the price of `m-1` is unknown",
        ),
    ],
)
def test_the_estimate_is_one_line(estimate, line):
    assert estimate_line(estimate) == line


def calling(server):
    return f"calling `fast` at {server.base_url} with no API key"


def test_a_terminal_sees_how_far_it_is(repo):
    def refused(received):
        return FAULTS["malformed"] if b"word3" in received.body else OK

    with fault_server(refused) as server:
        repo.write(files(server.base_url, WORDS))
        repo.commit("one")

        said = on_a_terminal(repo.root, "test", "--record", "--no-color")

    assert said.startswith(f"{calling(server)}\r\nsending 5 requests: up to $0\r\n")
    assert "5/5" in said
    assert "1 failed" in said
    assert said.endswith("\x1b[2K") or "\x1b[?25h" in said  # the cursor is there again


def test_a_pipe_gets_the_endpoint_and_the_estimate_and_nothing_else(repo):
    with fault_server() as server:
        repo.write(files(server.base_url, WORDS))
        repo.commit("one")

        said = ask(repo.root, "test", "--record")

    assert (said.code, said.err) == (
        0,
        f"{calling(server)}\nsending 5 requests: up to $0\n",
    )


def test_quiet_silences_everything_but_the_endpoint_that_is_called(repo):
    with fault_server() as server:
        repo.write(files(server.base_url, WORDS))
        repo.commit("one")

        said = on_a_terminal(repo.root, "test", "--record", "--quiet")

    assert said == f"{calling(server)}\r\n"


def test_a_replay_asks_nobody_and_says_nothing(repo):
    with fault_server() as server:
        repo.write(files(server.base_url, WORDS))
        repo.commit("one")
        ask(repo.root, "test", "--record")

        said = on_a_terminal(repo.root, "test")

    assert said == ""
