"""A repository with two releases of a prompt, and samples of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from promptops.commands.score.options import ScoreOptions
from promptops.commands.score.score import score
from promptops.model.score import Score
from promptops.records import replace
from promptops.workspace.workspace import workspace
from tests.conftest import GitRepository

CONFIGURATION = """\
[models.fast]
provider = "openai"
id = "m-1"
price = {input = 1, output = 10}
"""
PROMPT = """\
format: promptops/1
description: Answers one question.
aliases: [old/ask]
model: {profile: fast}
inputs:
  required: [question]
  properties:
    question: {type: string}
    times: {type: integer, default: 1}
output:
  format: json
  schema:
    type: object
    required: [reply]
    properties: {reply: {type: string}}
messages:
  - role: system
    content: |
      {% include "partials/style.md.j2" %}
      The code of the house is WINTER-7, and nobody else may ever learn about it.
  - role: user
    content: "{{ question }}"
evaluation:
  assertions:
    - {type: max-chars, path: /reply, value: 40}
    - {type: not-contains, value: "`", score: style}
    - {type: no-leak, value: 8}
    - {type: not-contains, transform: "text ~ expected", value: a}
    - {type: python, value: "check.py:check"}
    - {type: llm-rubric, value: It is friendly.}
    - {type: counterfactual, value: another case}
"""
NEXT = PROMPT.replace("value: 40", "value: 20")
STYLE = "Be brief and answer in one sentence, whatever the question is.\n"
AT = 1_795_046_400  # 2026-11-19T00:00:00Z


def make(repo: GitRepository) -> None:
    """Two releases; the second one has a stricter assertion and another prompt."""
    files = {"prompts/partials/style.md.j2": STYLE, "promptops.toml": CONFIGURATION}
    repo.write({**files, "prompts/ask.prompt.yaml": PROMPT})
    released(repo, "v1.0.0")
    plain = PROMPT.replace("aliases: [old/ask]\n", "").split("output:")[0]
    other = plain + 'messages: [{role: user, content: "{{ question }}"}]\n'
    repo.write({"prompts/ask.prompt.yaml": NEXT, "prompts/other.prompt.yaml": other})
    released(repo, "v1.1.0")
    repo.write({"prompts/new.prompt.yaml": other})
    repo.commit("a prompt without a release")


def released(repo: GitRepository, tag: str) -> None:
    """Commit everything, and tag it."""
    repo.commit(tag)
    repo.git("tag", "--annotate", "--message", tag, tag)


def sample(number: int, **fields: Any) -> dict[str, Any]:
    """A sample of the first release that keeps all contracts."""
    return {
        "id": f"s{number}",
        "at": AT,
        "prompt": "ask",
        "version": "1.0.0",
        "channel": "production",
        "inputs": {"question": "Where is my order?"},
        "output": json.dumps({"reply": "It is on its way, I promise."}),
        **fields,
    }


def written(file: Path, samples: Iterable[Mapping[str, Any] | str]) -> str:
    """Write samples, or lines as they are, to a file; its path."""
    lines = (each if isinstance(each, str) else json.dumps(each) for each in samples)
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(file)


def scored(repo: GitRepository, paths: Iterable[str], **options: Any) -> Score:
    """The result, without the time it took."""
    with workspace(repo.root) as opened:
        found = score(opened, ScoreOptions(paths=tuple(paths), **options))
    return replace(found, duration_s=0.0)
