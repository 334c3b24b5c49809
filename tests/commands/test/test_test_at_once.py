"""Two `promptops test --record` at once: each keeps what it was answered, and nothing is double."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from threading import Event

import pytest

from tests.commands.asked import FILE, PATIENCE_S, ended, files, running
from tests.servers.answers import Answer
from tests.servers.fault_server import fault_server
from tests.servers.plans import Received
from tests.tiers import fast_first

WORDS = tuple(f"word{number}" for number in range(12))
RECORD = ("test", "--record", "-j", "3")


class Numbered:
    """Never answers the same, and slowly, so that who comes later meets who came first."""

    def __init__(self) -> None:
        self.asked = Event()
        self.said: Counter[tuple[str, str]] = Counter()

    def __call__(self, received: Received) -> Answer:
        self.asked.set()
        word = received.json["messages"][-1]["content"].removeprefix("Say ").removesuffix(".")
        text = f"{word}, as {self.said.total()}"
        self.said[word, text] += 1
        return Answer(says=text, after_s=0.15)


def recorded(root: Path) -> list[tuple[str, str]]:
    """Case and text of each recording, in the order of the file."""
    lines = (root / FILE).read_text().splitlines()
    return [(each["case"], each["output"]) for each in map(json.loads, lines)]


@pytest.mark.parametrize(
    "linked", fast_first([False, True], 1), ids=["one work tree", "two work trees"]
)
def test_two_runs_at_once_lose_nothing_and_double_nothing(repo, tmp_path, say, linked):
    plan = Numbered()
    with fault_server(plan) as server:
        repo.write(files(server.base_url, WORDS))
        repo.commit("one")
        repo.git("worktree", "add", "--quiet", "-b", "other", str(tmp_path / "other"))
        roots = (repo.root, tmp_path / "other" if linked else repo.root)

        with running(roots[0], *RECORD) as first:
            assert plan.asked.wait(PATIENCE_S)
            with running(roots[1], *RECORD) as second:
                ends = [ended(second), ended(first)]
        asked = len(server.requests)
        again = [say(*RECORD, "-C", str(root)) for root in roots]

    assert [said.code for said in ends] == [0, 0]
    for root in roots:
        found = recorded(root)
        assert [case for case, _ in found] == sorted(WORDS)
        assert set(found) <= set(plan.said)
        assert list((root / "prompts").glob(".*")) == []
    assert [said.code for said in again] == [0, 0]
    assert len(server.requests) == asked <= 2 * len(WORDS)
    journals = repo.root / ".git/promptops/journal"
    assert [file.name for file in journals.iterdir() if file.suffix != ".lock"] == []
