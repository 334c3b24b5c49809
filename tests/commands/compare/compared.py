"""A prompt that several models answer, all of them one server on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable

from promptops.commands.compare.arms import CompareOptions
from promptops.commands.compare.compare import compare
from promptops.evals.engine.ask import Patience, Settings
from promptops.model.arm import ArmComparison, ArmResult
from promptops.testing.options import RunOptions
from promptops.testing.runner import test as run_cases
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace
from tests.conftest import GitRepository
from tests.servers.answers import Answer
from tests.servers.fault_server import FaultServer
from tests.servers.plans import Plan, Received

OWN = "prompts/ask.recordings.jsonl"
PRICES = {"fast": 2.0, "cheap": 1.0, "strong": 8.0}
ONE_AFTER_THE_OTHER = Settings(concurrency=1, patience=Patience(tries=1))

PROMPT = """\
format: promptops/1
model: {profile: fast}
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
  assertions:
    - {type: contains, value: good, score: goodness}
"""
)
CONTRACT = (
    PROMPT
    + """\
evaluation:
  contract_margin: 40
  assertions:
    - {type: contains, value: good}
"""
)

ENOUGH = 10
"""So many cases can prove, with this margin, that two arms keep the contract."""


def cases(count: int) -> str:
    """Cases `c00` and so on, which ask `q00` and so on."""
    rows = (f"  - {{name: c{n:02}, inputs: {{question: q{n:02}}}}}\n" for n in range(count))
    return "tests:\n" + "".join(rows)


def configured(repo: GitRepository, server: FaultServer, prompt: str, more: str = "") -> None:
    """Three profiles at one address, and a prompt that names `fast`."""
    profiles = "".join(
        f'[models.{name}]\nprovider = "openai"\nid = "{name}-1"\n'
        f'base_url = "{server.base_url}"\nprice = {{input = {price}, output = {price}}}\n'
        for name, price in PRICES.items()
    )
    repo.write({"promptops.toml": profiles + more, "prompts/ask.prompt.yaml": prompt})


def says(text: str, model: str = "m", fingerprint: str = "fp_1", tokens: int = 2) -> Answer:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
    }
    body = {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "system_fingerprint": fingerprint,
        "choices": [choice],
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": tokens,
            "total_tokens": 10 + tokens,
        },
    }
    return Answer(body=json.dumps(body).encode())


def asked(received: Received) -> tuple[str, str]:
    """The profile that asks, and the last word of the last message."""
    name = received.json["model"].removesuffix("-1")
    return name, received.json["messages"][-1]["content"].split()[-1]


def by_model(answer: Callable[[str, str, int], str]) -> Plan:
    """From a profile, a question and how often it was asked before, to the answer."""
    seen: dict[tuple[str, str], int] = {}

    def plan(received: Received) -> Answer:
        key = asked(received)
        seen[key] = seen.get(key, -1) + 1
        return says(answer(*key, seen[key]), model=f"{key[0]}-1")

    return plan


def compared(
    repo: GitRepository,
    *names: str,
    kind: str = "model",
    mode: str = "replay",
    wanted: SelectionOptions | None = None,
    reference: str | None = None,
    require: str = "",
    margin: float | None = None,
    **run: object,
) -> ArmComparison:
    settings = run.pop("settings", ONE_AFTER_THE_OTHER)
    options = CompareOptions(
        kind=kind,
        names=names,
        reference=reference,
        require=require,
        margin=margin,
        run=RunOptions(mode=mode, settings=settings, **run),
    )
    with workspace(repo.root) as opened:
        return compare(opened, wanted or SelectionOptions(), options)


def recorded(repo: GitRepository, mode: str = "record", **options: object) -> None:
    """The prompts' own recordings, as `promptops test --record` writes them."""
    with workspace(repo.root) as opened:
        options.setdefault("settings", ONE_AFTER_THE_OTHER)
        run_cases(opened, SelectionOptions(), RunOptions(mode=mode, **options))


def arms(found: ArmComparison, prompt: int = 0) -> dict[str, ArmResult]:
    return {arm.name: arm for arm in found.prompts[prompt].arms}


def verdicts(found: ArmComparison, prompt: int = 0) -> dict[str, str]:
    return {name: arm.verdict for name, arm in arms(found, prompt).items()}


def contents(repo: GitRepository) -> dict[str, bytes]:
    """Every file of recordings in the work tree."""
    paths = repo.root.rglob("*.recordings*.jsonl")
    return {path.relative_to(repo.root).as_posix(): path.read_bytes() for path in paths}


def lines(repo: GitRepository, file: str) -> list[tuple[str, int, str]]:
    """Case, repeat and answer of each line."""
    rows = [json.loads(line) for line in (repo.root / file).read_text().splitlines()]
    return [(row["case"], row["repeat"], row["output"]) for row in rows]
