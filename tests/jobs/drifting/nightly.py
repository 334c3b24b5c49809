"""A release on a server whose model can change, and nights of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

from promptops.jobs.drifting.drift import drift
from promptops.jobs.drifting.options import DriftOptions
from promptops.jobs.testing.options import RunOptions
from promptops.jobs.workspace.selection import SelectionOptions
from promptops.jobs.workspace.workspace import workspace
from promptops.model.night import Drift
from tests.conftest import GitRepository
from tests.jobs.comparing.compared import ONE_AFTER_THE_OTHER, recorded, says
from tests.servers.answers import Answer
from tests.servers.fault_server import FaultServer, fault_server
from tests.servers.plans import Received

CASES = 12
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
        varies: One answer in so many, by the number of the request, is wrong; 0 for none.
    """

    name: str = "m-1"
    fingerprint: str = "fp_1"
    wrong: int = 0
    down: int = 0
    varies: int = 0
    text: str = "good"
    requests: int = 0

    def plan(self, received: Received) -> Answer:
        self.requests += 1
        number = int(received.json["messages"][-1]["content"].split()[-1].removeprefix("q"))
        if number < self.down:
            return Answer(status=400)
        text = "bad" if number < self.wrong else self.text
        if self.varies and _draw(self.requests) % self.varies == 0:
            text = "bad"
        return says(text, self.name, self.fingerprint)


def _draw(number: int) -> int:
    return int.from_bytes(sha256(b"%d" % number).digest()[:4])


def cases(count: int = CASES) -> str:
    rows = (f"  - {{name: c{n:02}, inputs: {{question: q{n:02}}}}}\n" for n in range(count))
    return "tests:\n" + "".join(rows)


def configured(server: FaultServer, more: str = "") -> str:
    return (
        '[models.fast]\nprovider = "openai"\nid = "fast-1"\n'
        f'base_url = "{server.base_url}"\nprice = {{input = 2.0, output = 2.0}}\n' + more
    )


@contextmanager
def released(repo: GitRepository, prompt: str = PROMPT) -> Iterator[Model]:
    """A recorded prompt, released as v1.0.0; yields the model that answers."""
    model = Model()
    with fault_server(model.plan) as server:
        repo.write({"promptops.toml": configured(server), "prompts/ask.prompt.yaml": prompt})
        if "tests:" not in prompt:
            repo.write({"prompts/ask.prompt.yaml": prompt + cases()})
        recorded(repo, settings=ONE_AFTER_THE_OTHER)
        release(repo, "v1.0.0")
        yield model


def release(repo: GitRepository, tag: str) -> None:
    repo.commit(tag)
    repo.git("tag", "--annotate", "--message", tag, tag)


def night(repo: GitRepository, *patterns: str, **options: object) -> Drift:
    """One run of `drift`."""
    own = {name: options.pop(name) for name in ("cases", "repeats", "settings") if name in options}
    own.setdefault("settings", ONE_AFTER_THE_OTHER)
    with workspace(repo.root) as opened:
        chosen = DriftOptions(run=RunOptions(mode="live", **own), **options)
        return drift(opened, SelectionOptions(patterns=patterns), chosen)


def verdicts(found: Drift) -> dict[str, str]:
    return {prompt.prompt: prompt.verdict for prompt in found.prompts}
