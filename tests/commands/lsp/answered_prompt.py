"""A prompt with cases of every kind, one of them with a recorded answer."""

from __future__ import annotations

import json

from promptops.commands.lint.live import Live
from promptops.runtime.request.canonical import request_digest
from promptops.runtime.request.render import Renderer
from tests.conftest import GitRepository

ASK = "prompts/ask.prompt.yaml"
TONE = "prompts/partials/tone.md.j2"
FILES = {
    "promptops.toml": (
        '[models.fast]\nprovider = "acme"\nid = "acme-7b"\nbase_url = "http://127.0.0.1:9/v1"\n'
        "price = {input = 2.0, output = 8.0}\n"
    ),
    TONE: "{# of the house #}Be kind to {{ name | upper }}.\n",
    ASK: """\
format: promptops/1
description: Answer.
model: {profile: fast}
inputs:
  required: [question]
  properties:
    question: {type: string, maxLength: 80}
    name: {type: string, maxLength: 20, default: Ada}
messages:
  - role: system
    content: |
      {% include "partials/tone.md.j2" %}
      {% if question is
            defined and 2.5 > 1 %}😀 {{ question }}{% endif %}
  - {role: user, content: "Q: {{ question }}"}
tests:
  - {name: one, inputs: {question: why}, rendered: [{type: contains, value: why}]}
  - {name: two, inputs: {question: how}, output: [{type: contains, value: so}]}
  - {name: three, inputs: {question: who}, output: [{type: contains, value: so}]}
  - file: ./ask.cases.yaml
""",
    "prompts/ask.cases.yaml": """\
- {name: four, inputs: {question: 4}, rendered: [{type: message-count, value: 2}]}
""",
    "prompts/tell.prompt.yaml": "format: promptops/1\nextends: ./ask.prompt.yaml\n",
}


def record(repo: GitRepository, live: Live, case: str, answer: str) -> None:
    """A recorded answer to a case of ASK."""
    prompt = live.catalog.loaded(ASK).prompt
    assert prompt is not None
    inputs = next(each.inputs for each in prompt.cases if each.name == case)
    digest = request_digest(Renderer(prompt, live.catalog.load).request(inputs))
    recording = {
        "format": 1,
        "case": case,
        "request": digest,
        "repeat": 0,
        "model": "acme-7b",
        "output": answer,
        "finish_reason": "stop",
        "fingerprint": None,
        "usage": {"input": 9, "output": 3, "cached": 0},
    }
    repo.write({live.catalog.recordings_of(ASK): json.dumps(recording) + "\n"})
