"""A release on a server whose model can change, and nights of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from promptops.commands.drift.asking import DriftOptions
from promptops.commands.drift.drift import drift
from promptops.commands.drift.history import FileHistory
from promptops.model.night import Drift
from promptops.records import replace
from promptops.testing.options import RunOptions
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace
from tests.commands.compare.compared import ONE_AFTER_THE_OTHER, recorded, says
from tests.conftest import GitRepository
from tests.servers.answers import Answer
from tests.servers.fault_server import FaultServer, fault_server
from tests.servers.plans import Received

FIRST_NIGHT = datetime(2024, 3, 1, 2, 10, 3, tzinfo=UTC)
_DAYS = count()
CASES = 6
FILE = "nights.jsonl"
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
evaluation:
  assertions:
    - {type: contains, value: good, score: quality}
    - {type: max-chars, value: 20}
"""


@dataclass(slots=True)
class Model:
    """The model behind the server.

    Attributes:
        wrong: The number of cases, of the first ones, that it answers wrong.
        down: The number of cases that get no answer.
        harsh: The number of cases, of the first ones, whose answers it refuses as a judge.
        wrong_first: The number of requests, of the first ones, that it answers wrong.
        down_after: The number of requests after which none gets an answer; 0 for none.
        last: The number of the request before whose answer it calls `at_last`; 0 for none.
    """

    name: str = "m-1"
    fingerprint: str = "fp_1"
    wrong: int = 0
    down: int = 0
    down_after: int = 0
    harsh: int = 0
    wrong_first: int = 0
    text: str = "good"
    requests: int = 0
    last: int = 0
    at_last: Callable[[], None] = lambda: None

    def plan(self, received: Received) -> Answer:
        self.requests += 1
        if self.requests == self.last:
            self.at_last()
        message = received.json["messages"][-1]["content"]
        number = int(message.split()[-1].removeprefix("q"))
        if message.startswith("Is it kind"):
            verdict = "fail" if number < self.harsh else "pass"
            return says(json.dumps({"reason": "so", "verdict": verdict}), "j-1")
        if number < self.down or 0 < self.down_after < self.requests:
            return Answer(status=400)
        is_wrong = number < self.wrong or self.requests <= self.wrong_first
        text = "bad" if is_wrong else self.text
        return says(text.format(number=number), self.name, self.fingerprint)


def cases(count: int = CASES) -> str:
    rows = (f"  - {{name: c{n:02}, inputs: {{question: q{n:02}}}}}\n" for n in range(count))
    return "tests:\n" + "".join(rows)


def configured(server: FaultServer, more: str = "") -> str:
    return (
        '[models.fast]\nprovider = "openai"\nid = "fast-1"\n'
        f'base_url = "{server.base_url}"\nprice = {{input = 2.0, output = 2.0}}\n' + more
    )


@contextmanager
def released(
    repo: GitRepository, prompt: str = PROMPT, model: Model | None = None, **more: str
) -> Iterator[Model]:
    """A recorded prompt, released as v1.0.0; yields the model that answers."""
    model = model or Model()
    with fault_server(model.plan) as server:
        repo.write(
            {"promptops.toml": configured(server), "prompts/ask.prompt.yaml": prompt + cases()}
        )
        repo.write({f"prompts/{name}.prompt.yaml": text for name, text in more.items()})
        recorded(repo, settings=ONE_AFTER_THE_OTHER)
        release(repo, "v1.0.0")
        yield model


def release(repo: GitRepository, tag: str) -> None:
    repo.commit(tag)
    repo.git("tag", "--annotate", "--message", tag, tag)


def night(repo: GitRepository, *patterns: str, **options: object) -> Drift:
    """One run of `drift`; its history is the file `nights.jsonl`, but for `history=None`.

    Each run is a day after the one before, unless `now` is given.
    """
    options.setdefault("history", repo.root / FILE)
    options.setdefault("now", FIRST_NIGHT + timedelta(days=next(_DAYS)))
    own = {name: options.pop(name) for name in ("cases", "repeats", "settings") if name in options}
    own.setdefault("settings", ONE_AFTER_THE_OTHER)
    with workspace(repo.root) as opened:
        chosen = DriftOptions(run=RunOptions(mode="live", **own), **options)
        return drift(opened, SelectionOptions(patterns=patterns), chosen)


def verdicts(found: Drift) -> dict[str, str]:
    return {prompt.prompt: prompt.verdict for prompt in found.prompts}


def learned(repo: GitRepository, found: Drift, prompt: int = 0, **values: object) -> None:
    """Add nine nights like a learned one, before it, to the file of `nights.jsonl`."""
    first = found.prompts[prompt].night
    nights = [replace(first, at=f"2024-01-{day:02}T02:00:00Z", **values) for day in range(1, 10)]
    with workspace(repo.root) as opened:
        FileHistory(opened.repository, repo.root / FILE).add(nights, "")
