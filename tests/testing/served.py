"""A prompt that a server on loopback answers, released and then reworded."""

from __future__ import annotations

import json
from collections.abc import Callable

from promptops.evals.engine.ask import Patience, Settings
from promptops.model.test_run import TestRun
from promptops.testing.options import RunOptions
from promptops.testing.runner import test as run_cases
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace
from tests.conftest import GitRepository
from tests.servers.answers import Answer
from tests.servers.fault_server import FaultServer
from tests.servers.plans import Plan, Received

FILE = "prompts/ask.recordings.jsonl"
ONE_AFTER_THE_OTHER = Settings(concurrency=1, patience=Patience(tries=1))

PROMPT = """\
format: promptops/1
description: Answers.
owners: ["@a"]
model: {profile: served}
inputs:
  required: [question]
  properties:
    question: {type: string, maxLength: 100}
messages:
  - role: user
    content: "Be brief. {{ question }}"
"""
MEASURED = (
    PROMPT
    + """\
evaluation:
  score: goodness
  margin: 30
  assertions:
    - {type: contains, value: good, score: goodness}
"""
)
"""A margin that some ten cases can decide about."""

JUDGED = (
    PROMPT
    + """\
evaluation:
  margin: 30
  judge: {profile: served}
  assertions:
    - {type: llm-rubric, value: IT IS GOOD}
"""
)


def cases(count: int, more: str = "") -> str:
    """Cases `c0` and so on, which ask `q0` and so on."""
    rows = (f"  - {{name: c{n}, inputs: {{question: q{n}}}{more}}}\n" for n in range(count))
    return "tests:\n" + "".join(rows)


def contracts(count: int) -> str:
    """The same, each of which requires that its answer is good."""
    return cases(count, ", output: [{type: contains, value: good}]")


def asked(received: Received) -> str:
    """The last message of a request."""
    text: str = received.json["messages"][-1]["content"]
    return text


def says(text: str, fingerprint: str = "fp_1") -> Answer:
    """What a model with a fingerprint answers."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
    }
    body = {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "m-1",
        "system_fingerprint": fingerprint,
        "choices": [choice],
        "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12},
    }
    return Answer(body=json.dumps(body).encode())


def judges(verdict: str, fingerprint: str = "fp_1") -> Answer:
    """What a judge answers."""
    return says(json.dumps({"reason": f"{verdict} it is", "verdict": verdict}), fingerprint)


def with_judge(model: Plan, judge: Plan) -> Plan:
    """Both are one server."""
    return lambda received: (judge if b"IT IS GOOD" in received.body else model)(received)


def by_turn(answer: Callable[[str, int], str]) -> Plan:
    """From what is asked, and how often it was asked before, to the answer."""
    seen: dict[str, int] = {}

    def plan(received: Received) -> Answer:
        text = asked(received)
        seen[text] = seen.get(text, -1) + 1
        return says(answer(text, seen[text]))

    return plan


def profile(name: str, server: FaultServer) -> str:
    return (
        f'[models.{name}]\nprovider = "openai"\nid = "m"\nbase_url = "{server.base_url}"\n'
        "price = {input = 1.0, output = 1.0}\n"
    )


def configured(repo: GitRepository, server: FaultServer, prompt: str) -> None:
    repo.write({"promptops.toml": profile("served", server), "prompts/ask.prompt.yaml": prompt})


def reworded(repo: GitRepository, prompt: str) -> None:
    repo.write({"prompts/ask.prompt.yaml": prompt.replace("Be brief", "Be short")})


def run(
    repo: GitRepository,
    mode: str = "replay",
    wanted: SelectionOptions | None = None,
    **options: object,
) -> TestRun:
    settings = options.pop("settings", ONE_AFTER_THE_OTHER)
    with workspace(repo.root) as opened:
        chosen = RunOptions(mode=mode, settings=settings, **options)
        return run_cases(opened, wanted or SelectionOptions(), chosen)


def recorded(repo: GitRepository, server: FaultServer, prompt: str, **options: object) -> None:
    """Its answers are there and committed."""
    configured(repo, server, prompt)
    run(repo, "record", **options)
    repo.commit("recorded")
    server.requests.clear()


def released(repo: GitRepository, server: FaultServer, prompt: str) -> None:
    """The same, and what scores are compared with from now on."""
    recorded(repo, server, prompt)
    repo.git("tag", "-a", "-m", "one", "v1.0.0")


def statuses(found: TestRun) -> dict[tuple[str, str], str]:
    """By prompt and case."""
    return {(case.prompt, case.name): case.status for case in found.cases}


def decisions(found: TestRun) -> list[tuple[str, str]]:
    """Verdict and effect of each decision: `-100.0 points`, or the reason why it is missing."""
    return [(each.verdict, each.line.partition(" [")[0]) for each in found.decided]


def recordings(repo: GitRepository, file: str = FILE) -> list[tuple[str, str]]:
    """The case and the answer of each line."""
    rows = [json.loads(line) for line in (repo.root / file).read_text().splitlines()]
    return [(row["case"], row["output"]) for row in rows]


def forget(repo: GitRepository, kept: Callable[[dict[str, object]], bool]) -> None:
    """Leave only some lines of the recordings."""
    file = repo.root / FILE
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(line for line in lines if kept(json.loads(line))))
