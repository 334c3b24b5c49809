"""The command on a server whose model never changes: it learns, stays quiet, and asks no more."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from tests.commands.asked import ask
from tests.commands.compare.compared import recorded, says
from tests.commands.drift.nightly import cases, configured, release
from tests.servers.answers import Answer
from tests.servers.fault_server import fault_server
from tests.servers.plans import Received

CASES, ANSWERS, NIGHTS = 100, 300, 14

MANY_CONTRACTS = """\
format: promptops/1
model: {profile: fast}
inputs:
  required: [question]
  properties:
    question: {type: string, maxLength: 100}
messages:
  - {role: user, content: "Which category? {{ question }}"}
output:
  format: json
  schema:
    type: object
    properties: {category: {type: string, enum: [bug, billing, other]}}
    required: [category]
    additionalProperties: false
evaluation:
  assertions:
    - {type: contains-json, value: {category: bug}}
    - {type: is-json}
    - {type: contains, value: category}
    - {type: contains, value: "{"}
    - {type: contains, value: "}"}
    - {type: regex, value: "bug"}
    - {type: max-chars, value: 40}
"""


@pytest.mark.slow
def test_answers_that_are_not_json_now_and_then_are_learned_and_stay_quiet(repo, tmp_path):
    """4% of the answers are prose, which breaks seven contracts at once."""
    history = tmp_path / "nights.jsonl"
    model = Model()
    with fault_server(model.plan) as server:
        repo.write({"promptops.toml": configured(server)})
        repo.write({"prompts/ask.prompt.yaml": MANY_CONTRACTS + cases(CASES)})
        recorded(repo)
        release(repo, "v1.0.0")
        model.prose = 0.04
        codes = [_night(repo.root, history) for _ in range(NIGHTS)]

    nights = [json.loads(line) for line in history.read_text("utf-8").splitlines()]
    assert codes == [0] * NIGHTS
    assert [each["verdict"] for each in nights] == ["learning"] * 10 + ["steady"] * 4
    assert {each["of"] for each in nights} == {ANSWERS}
    assert 0.94 < sum(each["kept"] for each in nights) / (NIGHTS * ANSWERS) < 0.98
    assert len(server.requests) == CASES + NIGHTS * ANSWERS


class Model:
    """Each request has its own random numbers, so that the order of requests does not matter.

    Attributes:
        prose: The share of answers that are not JSON.
    """

    def __init__(self) -> None:
        self.prose = 0.0
        self._requests: Counter[bytes] = Counter()

    def plan(self, received: Received) -> Answer:
        self._requests[received.body] += 1
        question = received.json["messages"][-1]["content"]
        chance = Random(f"{question} {self._requests[received.body]}").random()
        return says("This is a bug." if chance < self.prose else '{"category": "bug"}')


def _night(root: Path, history: Path) -> int:
    """The exit code of one night, after the earlier ones became a day older."""
    if history.exists():
        rows = [json.loads(line) for line in history.read_text("utf-8").splitlines()]
        older = ({**row, "at": _day_before(row["at"])} for row in rows)
        history.write_text("".join(f"{json.dumps(row)}\n" for row in older), "utf-8")
    return ask(root, "drift", "--trust-config", "--history", str(history)).code


def _day_before(at: str) -> str:
    return (datetime.fromisoformat(at) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
