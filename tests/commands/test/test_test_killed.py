"""`promptops test --record` killed at any moment: nothing lost, doubled, or asked for again."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections import Counter
from itertools import product
from pathlib import Path
from threading import Event

import pytest

from tests.command_line import Said
from tests.commands.asked import FILE, JUDGE, PATIENCE_S, ended, files, running
from tests.fork_server import shared
from tests.servers.answers import OK, Answer, Ending
from tests.servers.fault_server import fault_server
from tests.servers.plans import Received
from tests.tiers import fast_first

WORDS = tuple(f"word{number}" for number in range(10))
ALL = Counter((word, judged) for word in WORDS for judged in (False, True))
OPINION = Answer(says='{"reason": "It is repeated.", "score": 1.0}')

RECORD = ("test", "--record")
ECHO = '[models.fast]\nprovider = "echo"\nid = "echo-1"\nprice = {input = 0.0, output = 0.0}\n'
FATAL = """\
import os, sys
from promptops.cli.main import run
from tests.testing.recordings.recording_child import STEPS, Steps
steps = Steps(int(sys.argv[1]))
for name in STEPS:
    setattr(os, name, steps.counted(name))
code = run(sys.argv[2:])
sys.stderr.write(f"{steps.done}")
sys.exit(code)
"""
"""The command, which kills itself at a step; it prints how many there were."""


def stopped(root: Path, step: int, *arguments: str) -> Said:
    """Run the command in a fork that kills itself at a step; with 0 it runs to its end."""
    done = shared().run(
        [FATAL, step, *arguments], cwd=root, environment=os.environ, program="python"
    )
    return Said(done.returncode, done.stdout.decode(), done.stderr.decode())


def answered(received: Received) -> Answer:
    return OPINION if received.json["model"] == JUDGE else OK


class Holding:
    """Answers all, but from the `last` request on keeps all waiting, until that is lifted."""

    def __init__(self, last: int) -> None:
        self.reached = Event()
        self._left = last - 1
        self._held = True

    def lift(self) -> None:
        self._held = False

    def __call__(self, received: Received) -> Answer:
        if self._held and self._left == 0:
            self.reached.set()
            return Answer(ending=Ending.NEVER)
        self._left -= 1
        return answered(received)


def asked_for(received: Received) -> tuple[str, bool]:
    """The case of a request, and whether it is the judge's."""
    body = received.body.decode()
    return next(word for word in WORDS if word in body), received.json["model"] == JUDGE


def journal(root: Path) -> list[tuple[str, bool]]:
    """Case of each answer that is on disk, and whether it is a judge's; nothing half written."""
    file = root / ".git/promptops/journal/main.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    recordings = [json.loads(line.split("\t")[1]) for line in lines]
    return [(each["case"], "judge" in each) for each in recordings]


def read(root: Path) -> bytes:
    return (root / FILE).read_bytes() if (root / FILE).exists() else b""


@pytest.mark.parametrize(
    ("last", "at_once"), fast_first(product([5, 20, 1, 10, 11], [1, 4]), first=2)
)
def test_killed_while_it_asks_a_run_goes_on_where_it_was(repo, tmp_path, say, last, at_once):
    plan = Holding(last)
    with fault_server(plan) as server, fault_server(answered) as other:
        repo.write(files(other.base_url, WORDS, judged=True))
        repo.commit("one")
        shutil.copytree(repo.root, tmp_path / "whole")
        whole = say(*RECORD, "-C", str(tmp_path / "whole"))
        repo.write(files(server.base_url, WORDS, judged=True))
        repo.commit("another address")

        with running(repo.root, *RECORD, "-j", str(at_once)) as process:
            assert plan.reached.wait(PATIENCE_S)
            process.kill()
            killed = ended(process)
        kept = Counter(journal(repo.root))
        plan.lift()
        server.requests.clear()
        again = say(*RECORD, "-C", str(repo.root))
        asked = Counter(map(asked_for, server.requests))

    assert (whole.code, killed.code, killed.out) == (0, -signal.SIGKILL, "")
    # Who asks for the next one has the last one on disk.
    assert last - at_once <= kept.total() < last
    assert (again.code, kept + asked) == (0, ALL)
    assert read(repo.root) == read(tmp_path / "whole") != b""
    assert repo.git("status", "--porcelain", "--ignored") == f"?? {FILE}"
    assert journal(repo.root) == []


@pytest.mark.parametrize("tenth", fast_first([5, 9, 0, 1, 2, 3, 4, 6, 7, 8], first=2))
def test_killed_while_it_writes_a_run_has_lost_nothing(repo, tmp_path, say, tenth):
    repo.write({**files("", WORDS[:4]), "promptops.toml": ECHO})
    repo.commit("one")
    shutil.copytree(repo.root, tmp_path / "whole")
    whole = stopped(tmp_path / "whole", 0, *RECORD)
    wanted = read(tmp_path / "whole")
    fatal = 1 + (int(whole.err.splitlines()[-1]) - 1) * tenth // 9

    killed = stopped(repo.root, fatal, *RECORD)
    kept = read(repo.root)
    again = say(*RECORD, "-C", str(repo.root))

    assert (whole.code, killed.code, again.code) == (0, -signal.SIGKILL, 0)
    assert kept in (b"", wanted)
    assert read(repo.root) == wanted != b""
    assert repo.git("status", "--porcelain", "--ignored") == f"?? {FILE}"
    assert journal(repo.root) == []
