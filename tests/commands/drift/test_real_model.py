"""The real small model changes behind an unchanged name: as the model, and as the judge."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from tests.commands.compare.compared import recorded
from tests.commands.drift.nightly import learned, night, release
from tests.conftest import GitRepository
from tests.real_model import MODEL, missing, real_model
from tests.servers.answers import Answer
from tests.servers.fault_server import FaultServer, fault_server
from tests.servers.plans import Plan

COUNTRIES = ("Germany", "Japan", "Russia", "England")
PROFILE = """\
[models.small]
provider = "openai"
id = "{model}"
base_url = "{address}"
params = {{temperature = 0, seed = 7}}
"""
PROMPT = """\
format: promptops/1
model: {profile: small, params: {max_output_tokens: 14}}
inputs:
  required: [country]
  properties:
    country: {type: string, maxLength: 40}
messages:
  - role: user
    content: What is the capital of {{ country }}?
tests:
""" + "".join(f"  - {{name: {each}, inputs: {{country: {each}}}}}\n" for each in COUNTRIES)
COMPLETE = (
    PROMPT + "evaluation: {assertions: [{type: finish-reason, value: stop, score: complete}]}\n"
)
JUDGED = (
    PROMPT
    + """\
evaluation:
  judge: judges/clear
  assertions: [{type: llm-rubric, value: It is clear.}]
"""
)
JUDGE = """\
format: promptops/1
model: {profile: small, params: {max_output_tokens: 40}}
inputs:
  required: [output]
  properties:
    output: {type: string, maxLength: 200}
messages:
  - role: user
    content: |-
      Oslo is the capital of Norway. => {"reason": "clear", "verdict": "pass"}
      Rome is in Italy. => {"reason": "clear", "verdict": "pass"}
      Paris is the capital of France. => {"reason": "clear", "verdict": "pass"}
      {{ output }} =>
output:
  format: json
  schema:
    type: object
    properties:
      reason: {type: string, enum: [clear]}
      verdict: {type: string, enum: [pass, fail]}
    required: [reason, verdict]
    additionalProperties: false
"""


class Relay:
    """Passes requests on to the real model, which repeats its answers; `change` edits them."""

    def __init__(self, base_url: str) -> None:
        self._address = f"{base_url}/chat/completions"
        self._known: dict[bytes, bytes] = {}
        self.change: Callable[[str], str] = lambda body: body

    @property
    def plan(self) -> Plan:
        return lambda received: Answer(body=self._answer(self.change(received.body.decode())))

    def _answer(self, text: str) -> bytes:
        body = text.encode()
        if body not in self._known:
            request = urllib.request.Request(
                self._address, body, {"content-type": "application/json"}
            )
            with urllib.request.urlopen(request) as answer:
                self._known[body] = answer.read()
        return self._known[body]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    if reason := missing():
        pytest.skip(reason)
    with real_model() as served:
        yield served.base_url


def released(repo: GitRepository, server: FaultServer, **prompts: str) -> None:
    config = PROFILE.format(model=MODEL, address=server.base_url)
    files = {f"prompts/{name}.prompt.yaml": text for name, text in prompts.items()}
    repo.write({"promptops.toml": config, **files})
    recorded(repo)
    release(repo, "v1.0.0")


@pytest.mark.slow
def test_a_model_with_another_penalty_behind_its_name_is_blamed(repo, address):
    relay = Relay(address)
    with fault_server(relay.plan) as server:
        released(repo, server, capital=COMPLETE)
        first = night(repo, repeats=1)
        learned(repo, first)
        steady = night(repo, repeats=1)
        relay.change = lambda body: json.dumps({**json.loads(body), "frequency_penalty": 2.0})
        found = night(repo, repeats=1)

    assert (steady.prompts[0].verdict, steady.prompts[0].night.same) == ("steady", 1.0)
    (prompt,) = found.prompts
    assert (prompt.verdict, prompt.night.models) == ("drifted", (MODEL,))
    assert prompt.blame is not None
    assert prompt.blame.who == "model"
    assert prompt.blame.why[0].startswith("0% of the answers are equal to a recorded one byte")


@pytest.mark.slow
def test_a_judge_with_other_examples_behind_its_name_is_blamed(repo, address):
    relay = Relay(address)
    with fault_server(relay.plan) as server:
        released(repo, server, capital=JUDGED, **{"judges/clear": JUDGE})
        learned(repo, night(repo, "capital", repeats=1))
        relay.change = _with_failing_examples
        found = night(repo, "capital", repeats=1)

    (prompt,) = found.prompts
    assert (prompt.verdict, prompt.night.mean, prompt.night.same) == ("drifted", 0.0, 1.0)
    assert prompt.blame is not None
    assert prompt.blame.who == "judge"
    assert prompt.blame.why[0].startswith(
        "the judge `judges/clear` gives the recorded answers 100.0 points less"
    )


def _with_failing_examples(body: str) -> str:
    request = json.loads(body)
    for message in request["messages"]:
        message["content"] = message["content"].replace('"verdict": "pass"', '"verdict": "fail"')
    return json.dumps(request)
