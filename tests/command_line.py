"""A small repository, a command line to run on it, and what it should have said."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from promptops.cli.main import run
from tests.fork_server import ForkServer

MAIN = "from promptops.cli.main import main; main()"

FILES = {
    "promptops.toml": (
        '[models.fast]\nprovider = "openai"\nid = "gpt-5.4-mini-2026-03-17"\n'
        '[[lint.rules]]\ncode = "X001"\nname = "no-competitors"\nkind = "existence"\n'
        'tokens = ["Globex"]\nmessage = "don\'t name competitors"\nseverity = "error"\n'
    ),
    "prompts/support/triage.prompt.yaml": """\
format: promptops/1
description: Sort one ticket.
owners: ["@acme/support"]
tags: [support]
aliases: [triage]
model:
  profile: fast
  params: {max_output_tokens: 200}
inputs:
  required: [ticket]
  properties:
    ticket: {type: string, maxLength: 800, x-untrusted: true, description: Verbatim.}
    product: {enum: [router, hub], default: hub, description: What it is about.}
    known: {type: array, maxItems: 5, default: [], items: {$ref: issue.schema.json}}
messages:
  - role: system
    content: |
      You sort tickets.
      {% include "partials/desk.md.j2" %}
      {% for issue in known %}
      - {{ issue.id }}: {{ issue.title }}
      {% endfor %}
  - role: user
    content: |
      <ticket>
      {{ ticket }}
      </ticket>
tests:
  - name: nothing is known
    inputs: {ticket: It blinks.}
    rendered:
      - {type: contains, role: system, value: Be kind}
  - name: two issues are known
    inputs:
      ticket: It blinks.
      known: [{id: KI-7, title: Red light}, {id: KI-9, title: No light}]
    rendered:
      - {type: contains, role: system, value: "KI-9: No light"}
""",
    "prompts/support/triage.de.prompt.yaml": """\
format: promptops/1
extends: ./triage.prompt.yaml
description: Sort one ticket in German.
tags: [support, german]
status: draft
""",
    "prompts/partials/desk.md.j2": (
        '{% from "partials/terms.j2" import term %}\n{% include "partials/tone.md.j2" %}\n'
        'A {{ term("ticket") }} is what a customer wrote.\n'
    ),
    "prompts/partials/tone.md.j2": "Be kind; it is about the {{ product | upper }}.\n",
    "prompts/partials/terms.j2": "{% macro term(name) %}`{{ name }}`{% endmacro %}\n",
    "schemas/issue.schema.json": """\
{"type": "object", "required": ["id", "title"], "additionalProperties": false,
 "properties": {"id": {"type": "string", "maxLength": 8},
                "title": {"type": "string", "maxLength": 80}}}
""",
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a command line did."""

    code: int
    out: str
    err: str


@pytest.fixture
def small(repo):
    """The repository, with everything committed."""
    repo.write(FILES)
    repo.commit("a catalog")
    return repo


@pytest.fixture
def say(capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run a command line in this process."""

    def saying(*arguments: str) -> Said:
        capfd.readouterr()
        code = run(list(arguments))
        said = capfd.readouterr()
        return Said(code, said.out, said.err)

    return saying


@pytest.fixture
def process(fork_server: ForkServer) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command line in a fork, with more folders of modules and another environment."""

    def running(
        *arguments: str, cwd: Path, path: Sequence[Path] = (), **environment: str
    ) -> subprocess.CompletedProcess[str]:
        done = fork_server.run(
            arguments, cwd=cwd, environment={**os.environ, **environment}, path=path
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    return running


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare with a file of `golden/` beside the test; UPDATE_GOLDEN=1 writes it."""

    def compare(name: str, text: str) -> None:
        file = request.path.parent / "golden" / name
        if os.environ.get("UPDATE_GOLDEN"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")

    return compare
