"""A prompt that a scripted model answers, and another one that proposes wordings for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from promptops.commands.optimize.optimize import OptimizeOptions, optimize
from promptops.evals.engine.ask import Patience, Settings
from promptops.model.optimization import Optimization
from promptops.testing.options import RunOptions
from promptops.workspace.workspace import workspace
from tests.conftest import GitRepository
from tests.servers.answers import Answer
from tests.servers.fault_server import FaultServer
from tests.servers.plans import Plan, Received
from tests.testing.served import says

ASK = "prompts/ask.prompt.yaml"
PROMPT = """\
format: promptops/1
model: {profile: served}
inputs:
  required: [question]
  properties:
    question: {type: string, maxLength: 200}
messages:
  - role: system
    content: |
      You answer questions. Never guess.
      Be brief.
  - role: user
    content: "{{ question }}"
evaluation:
  score: goodness
  assertions:
    - {type: contains, value: good, score: goodness}
"""
SYSTEM = "You answer questions. Never guess.\nBe brief.\n"
BETTER = "You answer questions. Never guess.\nName the product.\n"
LIMITED = Settings(concurrency=8, max_cost_usd=100.0, patience=Patience(tries=1))

Model = Callable[[str, str], str]
"""From the system message and the question to the answer."""


def question(number: int) -> str:
    return f"why does the red light of device {number} blink so often after a cold start"


def cases(count: int) -> str:
    if not count:
        return ""
    rows = (f"  - {{name: c{n:03}, inputs: {{question: {question(n)}}}}}\n" for n in range(count))
    return "tests:\n" + "".join(rows)


def number_of(asked: str) -> int:
    """The number of a case, by its question."""
    return int("".join(filter(str.isdigit, asked)))


def mostly_good(told: str, asked: str) -> str:
    """Good in all cases if the system message requires the product, else in every third."""
    return "good" if "Name the product" in told or number_of(asked) % 3 == 0 else "bad"


def proposal(text: str, reason: str = "it lacks a rule") -> str:
    return json.dumps({"reason": reason, "text": text})


def plan(model: Model, proposals: Sequence[str]) -> Plan:
    """The model, and a proposer whose answers are repeated after the last one."""
    asked = 0

    def answer(received: Received) -> Answer:
        nonlocal asked
        messages = received.json["messages"]
        if received.json["model"] == "p":
            asked += 1
            return says(proposals[min(asked, len(proposals)) - 1])
        return says(model(messages[0]["content"], messages[-1]["content"]))

    return answer


def configured(
    repo: GitRepository, server: FaultServer, count: int = 80, prompt: str = PROMPT
) -> None:
    profiles = "".join(
        f'[models.{name}]\nprovider = "openai"\nid = "{identity}"\n'
        f'base_url = "{server.base_url}"\nprice = {{input = 1.0, output = 1.0}}\n'
        "max_output_tokens = 100\n"
        for name, identity in (("served", "m"), ("strong", "p"))
    )
    repo.write({"promptops.toml": profiles, ASK: prompt + cases(count)})
    repo.commit("one")


def optimized(repo: GitRepository, name: str = "ask", **options: object) -> Optimization:
    run = RunOptions(mode="live", trusted=True, settings=options.pop("settings", LIMITED))
    chosen = OptimizeOptions(proposer="strong", run=run, **{"rounds": 2, **options})
    with workspace(repo.root) as opened:
        return optimize(opened, name, chosen)
