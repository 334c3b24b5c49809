"""`promptops run` with a real model: what is streamed is what is recorded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.real_model import MODEL, Address

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real model")]

MAIN = "from promptops.cli.main import main; main()"
PROMPT = """\
format: promptops/1
description: Say something about the sea.
owners: ["@acme/sea"]
model: {profile: small, params: {max_output_tokens: 24, temperature: 0, seed: 1}}
inputs:
  required: [sea]
  properties:
    sea: {type: string, maxLength: 100}
messages:
  - {role: user, content: "Write one sentence about the {{ sea }} sea."}
tests:
  - name: north
    inputs: {sea: North}
    output:
      - {type: icontains, value: sea, allow: [incomplete]}
"""


def _run(root: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", MAIN, *arguments],
        cwd=root,
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def _write(repo: Any, model: Address, prompt: str = PROMPT) -> None:
    toml = f'[models.small]\nprovider = "llama"\nid = "{MODEL}"\nbase_url = "{model.base_url}"\n'
    repo.write({"promptops.toml": toml, "prompts/sea.prompt.yaml": prompt})
    repo.commit("one")


def test_the_streamed_answer_is_the_recorded_one(repo: Any, model: Address) -> None:
    _write(repo, model)

    shown = _run(repo.root, "run", "sea", "--case", "north")
    value = json.loads(_run(repo.root, "run", "sea", "-i", "sea=North", "--format", "json").stdout)
    recorded = _run(repo.root, "test", "--record")
    line = json.loads((repo.root / "prompts/sea.recordings.jsonl").read_text().splitlines()[0])

    (answer,) = value["answers"]
    assert recorded.returncode == 0, recorded.stdout + recorded.stderr
    assert shown.stdout.removesuffix("\n") == answer["text"].removesuffix("\n")
    assert answer["text"] == line["output"]
    assert answer["answer"]["usage"]["output"] > 0
    assert shown.returncode == 0
    assert f"small ({MODEL}): " in shown.stderr


def test_an_answer_is_cut_at_the_limit(repo: Any, model: Address) -> None:
    _write(repo, model, PROMPT.replace("max_output_tokens: 24", "max_output_tokens: 3"))

    shown = _run(repo.root, "run", "sea", "-i", "sea=North")

    assert shown.returncode == 0
    assert "warning: the answer is cut at the limit of 3 tokens" in shown.stderr
    assert " in, 3 out, " in shown.stderr


def test_the_responses_api_streams_the_same_text(repo: Any, model: Address) -> None:
    without_seed = PROMPT.replace(", seed: 1", "")  # which that API can't express
    _write(repo, model, without_seed)
    chat = _run(repo.root, "run", "sea", "-i", "sea=North")
    options = "provider_options: {openai: {api: responses}}, params"
    _write(repo, model, without_seed.replace("params", options))

    responses = _run(repo.root, "run", "sea", "-i", "sea=North")

    assert responses.returncode == 0, responses.stderr
    assert responses.stdout == chat.stdout
